#include "tui/usage.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/kinds.h"
#include "core/nearest.h"
#include "tui/cli.h"
#include "tui/complain.h"

enum { NAME = 64, USAGE = 300 };

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
	    "password=random makes an account's and prints it once.\n"
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
		if (c->args == ARGS_SET || c->args == ARGS_TEST || c->args == ARGS_IMPORT)
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
usage_error(const struct command *c, const char *fmt, ...)
{
	char	usage[USAGE], why[USAGE];
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	(void)complain(EXIT_USAGE, "%s", why);
	(void)fprintf(stderr, "usage: wirechief [-s SOCKET] [--json] %s\n", command_usage(c, usage, sizeof usage));
	return EXIT_USAGE;
}

/* What other programs call it. */
static const char *
our_verb(const char *verb)
{
	static const struct {
		const char	*theirs, *ours;
	}	 verbs[] = {
		{ "rm", "delete" }, { "remove", "delete" }, { "del", "delete" }, { "destroy", "delete" }, { "new", "add" }, { "create", "add" },
		{ "make", "add" }, { "insert", "add" }, { "edit", "set" }, { "modify", "set" }, { "update", "set" }, { "change", "set" },
		{ "ls", "list" }, { "get", "show" }, { "info", "show" }, { "view", "show" }, { "cat", "show" }, { "tail", "watch" },
		{ "follow", "watch" }, { "check", "verify" }, { "kick", "drop" }, { "block", "disable" }, { "unblock", "enable" },
		{ "dump", "export" }, { "load", "import" },
	};

	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcasecmp(verbs[i].theirs, verb) == 0)
			return verbs[i].ours;
	return verb;
}

static void
noun_meant(const char *word, struct nearest *n)
{
	nearest_begin(n, word);
	for (size_t i = 0; i < n_commands; i++)
		if (commands[i].noun != NULL)
			nearest_try(n, commands[i].noun);
}

static void
verb_meant(const char *noun, const char *word, struct nearest *n)
{
	nearest_begin(n, our_verb(word));
	for (size_t i = 0; i < n_commands; i++)
		if (has_noun(&commands[i], noun))
			nearest_try(n, commands[i].verb);
}

static int
unknown_verb(const char *noun, const char *verb)
{
	char		verbs[USAGE] = "";
	size_t		at = 0;
	struct nearest	n;

	for (size_t i = 0; i < n_commands && at < sizeof verbs; i++)
		if (has_noun(&commands[i], noun))
			at += (size_t)snprintf(verbs + at, sizeof verbs - at, " %s", commands[i].verb);
	if (verb == NULL)
		return complain(EXIT_USAGE, "%s is followed by one of:%s", noun, verbs);
	verb_meant(noun, verb, &n);
	if (n.best[0] != '\0')
		return complain(EXIT_USAGE, "no command '%s %s'; did you mean '%s %s'?", noun, verb, noun, n.best);
	return complain(EXIT_USAGE, "no command '%s %s'; %s is followed by one of:%s", noun, verb, noun, verbs);
}

/* A verb that stands alone. */
static void
lone_meant(const char *word, struct nearest *n)
{
	nearest_begin(n, word);
	for (size_t i = 0; i < n_commands; i++)
		if (commands[i].noun == NULL)
			nearest_try(n, commands[i].verb);
}

int
usage_unknown(int argc, char **argv)
{
	struct nearest	noun, verb;
	const char	*first = argv[0], *second = argc > 1 ? argv[1] : NULL;

	if (is_noun(first))
		return unknown_verb(first, second);
	if (strcasecmp(first, "help") == 0)
		return complain(EXIT_USAGE, "no command 'help'; did you mean 'wirechief --help%s%s'?", second == NULL ? "" : " ",
		    second == NULL ? "" : second);
	lone_meant(first, &verb);
	noun_meant(first, &noun);
	if (verb.best[0] != '\0' && verb.far < noun.far)
		return complain(EXIT_USAGE, "no command '%s'; did you mean '%s'?", first, verb.best);
	if (noun.best[0] != '\0' && second == NULL)
		return complain(EXIT_USAGE, "no command '%s'; did you mean '%s'?", first, noun.best);
	if (noun.best[0] != '\0') {
		verb_meant(noun.best, second, &verb);
		return complain(EXIT_USAGE, "no command '%s %s'; did you mean '%s%s%s'?", first, second, noun.best,
		    verb.best[0] == '\0' ? "" : " ", verb.best);
	}
	if (second != NULL) {		/* "list accounts" */
		noun_meant(second, &noun);
		verb_meant(noun.best, first, &verb);
		if (verb.best[0] != '\0')
			return complain(EXIT_USAGE, "no command '%s %s'; did you mean '%s %s'?", first, second, noun.best, verb.best);
	}
	return complain(EXIT_USAGE, "no command '%s'; wirechief --help lists them", first);
}
