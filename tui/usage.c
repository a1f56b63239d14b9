#include "tui/usage.h"

#include <stdio.h>
#include <string.h>

#include "core/kinds.h"
#include "tui/cli.h"
#include "tui/complain.h"

enum { NAME = 64, USAGE = 200, FAR = 99 };

const char *
usage_name(const struct command *c, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s%s%s", c->noun == NULL ? "" : c->noun, c->noun == NULL ? "" : " ", c->verb);
	return buf;
}

const struct command *
usage_command(int argc, char **argv, int *words)
{
	const struct command	*c;
	char			 name[NAME];

	for (*words = argc < 2 ? argc : 2; *words > 0; (*words)--) {
		(void)snprintf(name, sizeof name, "%.30s%s%.30s", argv[0], *words == 2 ? " " : "",
		    *words == 2 ? argv[1] : "");
		if ((c = command_find(name)) != NULL)
			return c;
	}
	return NULL;
}

static bool
has_noun(const struct command *c, const char *noun)
{
	return c->noun != NULL && strcmp(c->noun, noun) == 0;
}

static bool
is_noun(const char *word)
{
	for (size_t i = 0; i < n_commands; i++)
		if (has_noun(&commands[i], word))
			return true;
	return false;
}

static void
help_command(const struct command *c)
{
	char	usage[USAGE];

	(void)printf("  %s\n      %s\n", command_usage(c, usage, sizeof usage), c->help);
}

static void
help_all(void)
{
	(void)printf("usage: wirechief [-s SOCKET]                       the console\n"
	    "       wirechief [-s SOCKET] [--json] COMMAND ...    one command\n"
	    "       wirechief --help [COMMAND] | --version\n\nCommands:\n");
	for (size_t i = 0; i < n_commands; i++)
		help_command(&commands[i]);
	(void)printf("\nFIELD=VALUE sets a field, FIELD= empties it.  password=- reads it from standard input,\n"
	    "password=random makes one and prints it once.\n"
	    "Exit status: 0 done, 1 refused, 2 usage, 3 the daemon can't be reached.\n");
}

static void
help_fields(const struct kind *k)
{
	(void)printf("\nFields:\n");
	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field	*f = &k->fields[i];

		if (f->name != NULL && (f->flags & (FF_HIDDEN | FF_SERVER)) == 0)
			(void)printf("  %-14s%s%s\n", f->name, f->help, f->flags & FF_NEEDED ? " Needed." : "");
	}
}

int
usage_help(int argc, char **argv)
{
	int			 words;
	const struct command	*c = usage_command(argc, argv, &words);
	char			 usage[USAGE];

	if (argc == 0) {
		help_all();
	} else if (c != NULL) {
		(void)printf("usage: wirechief [-s SOCKET] [--json] %s\n%s\n", command_usage(c, usage, sizeof usage),
		    c->help);
		if (c->args == ARGS_SET)
			help_fields(kind_named(c->kind));
	} else if (argc == 1 && is_noun(argv[0])) {
		for (size_t i = 0; i < n_commands; i++)
			if (has_noun(&commands[i], argv[0]))
				help_command(&commands[i]);
	} else
		return usage_unknown(argc, argv);
	return EXIT_DONE;
}

int
usage_error(const struct command *c)
{
	char	usage[USAGE];

	(void)fprintf(stderr, "usage: wirechief [-s SOCKET] [--json] %s\n", command_usage(c, usage, sizeof usage));
	return EXIT_USAGE;
}

/* How many letters have to be put in, left out or changed to make b of a. */
static size_t
distance(const char *a, const char *b)
{
	size_t	n = strlen(b), row[NAME];

	if (n >= NAME || strlen(a) >= NAME)
		return FAR;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t	before = row[0];	/* the last line's value, one column to the left */

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t	least = before + (a[i - 1] != b[j - 1]);

			before = row[j];
			if (row[j] + 1 < least)
				least = row[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			row[j] = least;
		}
	}
	return row[n];
}

static void
nearer(const char *typed, const char *name, size_t *nearest, char best[NAME])
{
	size_t	far = distance(typed, name);

	if (far < *nearest) {
		*nearest = far;
		(void)snprintf(best, NAME, "%s", name);
	}
}

static int
unknown_verb(const char *noun)
{
	char	verbs[USAGE] = "";
	size_t	at = 0;

	for (size_t i = 0; i < n_commands && at < sizeof verbs; i++)
		if (has_noun(&commands[i], noun))
			at += (size_t)snprintf(verbs + at, sizeof verbs - at, " %s", commands[i].verb);
	return complain(EXIT_USAGE, "%s is followed by one of:%s", noun, verbs);
}

int
usage_unknown(int argc, char **argv)
{
	char	name[NAME], typed[NAME], best[NAME] = "";
	size_t	nearest;

	(void)snprintf(typed, sizeof typed, "%.30s%s%.30s", argv[0], argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
	nearest = strlen(typed) / 3 + 1;
	for (size_t i = 0; i < n_commands; i++) {
		nearer(typed, usage_name(&commands[i], name, sizeof name), &nearest, best);
		if (argc == 1 && commands[i].noun != NULL)
			nearer(typed, commands[i].noun, &nearest, best);
	}
	if (is_noun(argv[0]) && (argc == 1 || best[0] == '\0'))
		return unknown_verb(argv[0]);
	if (best[0] == '\0')
		return complain(EXIT_USAGE, "no command '%s'; wirechief --help lists them", typed);
	return complain(EXIT_USAGE, "no command '%s'; did you mean '%s'?", typed, best);
}
