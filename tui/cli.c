#include "tui/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "core/account.h"
#include "core/command.h"
#include "core/err.h"
#include "core/kinds.h"
#include "core/text.h"
#include "tui/ask.h"
#include "tui/client.h"
#include "tui/table.h"

/* One call of the program. */
struct call {
	const struct command	*command;
	const struct kind	*kind;		/* NULL: of none */
	struct client		*client;
	bool			 json, yes;
	json_t			*request;
	struct table_out	*table;
	int			 status;
};

static int
complain(int status, const char *fmt, const char *what)
{
	char	safe[600];

	text_safe(what, strlen(what), safe, sizeof safe, false);
	(void)fputs("wirechief: ", stderr);
	(void)fprintf(stderr, fmt, safe);
	(void)fputc('\n', stderr);
	return status;
}

static void
command_name(const struct command *c, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s%s%s", c->noun == NULL ? "" : c->noun, c->noun == NULL ? "" : " ", c->verb);
}

/* How many letters have to be put in, left out or changed to make b of a. */
static size_t
distance(const char *a, const char *b)
{
	size_t	n = strlen(b), row[64], last, keep;

	if (n >= 63 || strlen(a) >= 63)
		return 99;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		last = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t	change = last + (a[i - 1] != b[j - 1]);

			keep = row[j];
			if (row[j] + 1 < change)
				change = row[j] + 1;
			if (row[j - 1] + 1 < change)
				change = row[j - 1] + 1;
			row[j] = change;
			last = keep;
		}
	}
	return row[n];
}

static int
unknown_command(const char *typed)
{
	char	name[64], best[64] = "", text[200];
	size_t	nearest = 4;

	for (size_t i = 0; i < n_commands; i++) {
		command_name(&commands[i], name, sizeof name);
		if (distance(typed, name) < nearest) {
			nearest = distance(typed, name);
			(void)snprintf(best, sizeof best, "%s", name);
		}
	}
	if (best[0] == '\0')
		return complain(EXIT_USAGE, "no command '%s'; wirechief --help lists them", typed);
	(void)snprintf(text, sizeof text, "%.100s'; did you mean '%s", typed, best);
	return complain(EXIT_USAGE, "no command '%s'?", text);
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

static void
help_all(void)
{
	char	usage[160];

	(void)printf("usage: wirechief [-s SOCKET]                       the console\n"
	    "       wirechief [-s SOCKET] [--json] COMMAND ...    one command\n"
	    "       wirechief --help [COMMAND] | --version\n\nCommands:\n");
	for (size_t i = 0; i < n_commands; i++)
		(void)printf("  %s\n      %s\n", command_usage(&commands[i], usage, sizeof usage), commands[i].help);
	(void)printf("\nFIELD=VALUE sets a field, FIELD= empties it.  password=- reads it from standard input, password=random makes one.\n"
	    "Exit status: 0 done, 1 refused, 2 usage, 3 the daemon can't be reached.\n");
}

/* The row that the first words name, and how many they are.  NULL: none. */
static const struct command *
command_of(int argc, char **argv, int *words)
{
	const struct command	*c;
	char			 name[64];

	for (*words = 2; *words > 0; (*words)--) {
		if (argc < *words)
			continue;
		(void)snprintf(name, sizeof name, *words == 2 ? "%.30s %.30s" : "%.30s", argv[0], *words == 2 ? argv[1] : "");
		if ((c = command_find(name)) != NULL)
			return c;
	}
	return NULL;
}

int
cli_help(int argc, char **argv)
{
	char			 usage[160];
	int			 words;
	const struct command	*c = command_of(argc, argv, &words);

	if (argc == 0) {
		help_all();
		return EXIT_DONE;
	}
	if (c == NULL)
		return unknown_command(argv[0]);
	(void)printf("usage: wirechief [-s SOCKET] [--json] %s\n%s\n", command_usage(c, usage, sizeof usage), c->help);
	if (c->args == ARGS_SET)
		help_fields(kind_named(c->kind));
	return EXIT_DONE;
}

static int
usage_error(const struct call *c)
{
	char	usage[160];

	(void)fprintf(stderr, "usage: wirechief [-s SOCKET] [--json] %s\n", command_usage(c->command, usage, sizeof usage));
	return EXIT_USAGE;
}

static int
set_text(json_t *object, const char *name, const char *value)
{
	json_t	*v = json_string(value);

	if (v == NULL)
		return complain(EXIT_USAGE, "%s is not valid UTF-8", name);
	return json_object_set_new(object, name, v);
}

static const char *const	list_options[] = { "query", "sort", "limit", "group", NULL };

static int
list_number(struct call *c, const char *text)
{
	char	*end;
	long	 n = strtol(text, &end, 10);

	if (end == text || *end != '\0' || n < 0)
		return complain(EXIT_USAGE, "--limit takes a number, not '%s'", text);
	return json_object_set_new(c->request, "limit", json_integer(n));
}

static int
args_list(struct call *c, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char	*name = strncmp(argv[i], "--", 2) == 0 ? argv[i] + 2 : "";
		bool		 known = false;
		int		 rc;

		if (strcmp(name, "reverse") == 0) {
			(void)json_object_set_new(c->request, "reverse", json_true());
			continue;
		}
		for (size_t k = 0; list_options[k] != NULL; k++)
			known = known || strcmp(list_options[k], name) == 0;
		if (!known || i + 1 == argc)
			return usage_error(c);
		i++;
		if ((rc = strcmp(name, "limit") == 0 ? list_number(c, argv[i]) : set_text(c->request, name, argv[i])) != 0)
			return rc;
	}
	return 0;
}

static int
set_field(struct call *c, json_t *set, char *word)
{
	const struct field	*f;
	char			*eq = strchr(word, '='), password[256], why[128];
	int			 rc;

	if (eq == NULL)
		return complain(EXIT_USAGE, "'%s' is not FIELD=VALUE", word);
	*eq = '\0';
	f = kind_field(c->kind, word);
	if (f == NULL || (f->flags & FF_HIDDEN))
		return complain(EXIT_USAGE, "no field '%s'; --help with the command lists them", word);
	if ((f->flags & FF_SECRET) == 0)
		return set_text(set, word, eq + 1);
	if (strcmp(eq + 1, "random") == 0 || eq[1] == '\0')
		return set_text(set, word, eq + 1);
	if (strcmp(eq + 1, "-") != 0)
		return complain(EXIT_USAGE, "a %s is never an argument: use password=- or password=random", word);
	if (ask_password(password, sizeof password, why, sizeof why) != 0)
		return complain(EXIT_REFUSED, "%s", why);
	rc = set_text(set, word, password);
	explicit_bzero(password, sizeof password);
	return rc;
}

static int
args_set(struct call *c, int argc, char **argv)
{
	json_t	*set = json_object();
	int	 first = argc > 0 && strchr(argv[0], '=') == NULL ? 1 : 0, rc = 0;

	(void)json_object_set_new(c->request, "set", set);
	if (first == 0 && strcmp(c->command->verb, "add") != 0)
		return usage_error(c);
	if ((rc = set_text(c->request, "name", first == 1 ? argv[0] : "")) != 0)
		return rc;
	for (int i = first; rc == 0 && i < argc; i++)
		rc = set_field(c, set, argv[i]);
	return rc;
}

static int
args_name(struct call *c, int argc, char **argv)
{
	bool	optional = c->command->args == ARGS_DROP;
	int	rc;

	if (argc < 1 || argc > (optional ? 2 : 1))
		return usage_error(c);
	if ((rc = set_text(c->request, c->command->args == ARGS_WORD ? "word" : "name", argv[0])) != 0)
		return rc;
	return argc == 2 ? set_text(c->request, "contact", argv[1]) : 0;
}

static int
args_delete(struct call *c, int argc, char **argv)
{
	const char	*name = NULL;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--yes") == 0)
			c->yes = true;
		else if (name == NULL)
			name = argv[i];
		else
			return usage_error(c);
	}
	return name == NULL ? usage_error(c) : set_text(c->request, "name", name);
}

static int
args_take(struct call *c, int argc, char **argv)
{
	switch (c->command->args) {
	case ARGS_NONE:
		return argc == 0 ? 0 : usage_error(c);
	case ARGS_LIST:
		return args_list(c, argc, argv);
	case ARGS_SET:
		return args_set(c, argc, argv);
	case ARGS_DELETE:
		return args_delete(c, argc, argv);
	case ARGS_NAME:
	case ARGS_DROP:
	case ARGS_WORD:
	case ARGS_FILE:
		return args_name(c, argc, argv);
	}
	return EXIT_USAGE;
}

static void
json_line(const json_t *v)
{
	(void)json_dumpf(v, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	(void)putchar('\n');
}

static int
refused(const json_t *error)
{
	const char	*text = json_string_value(json_object_get(error, "text"));
	const char	*name;
	json_t		*fields = json_object_get(error, "fields"), *f;
	char		 line[400];

	(void)complain(EXIT_REFUSED, "%s", text == NULL ? "refused" : text);
	json_object_foreach(fields, name, f) {
		char	now[150];

		cell_text(json_object_get(f, "now"), now, sizeof now);
		(void)snprintf(line, sizeof line, "  %s is now '%s'", name, now);
		(void)complain(EXIT_REFUSED, "%s", line);
	}
	return EXIT_REFUSED;
}

static void
print_password(const struct call *c, const json_t *m)
{
	const char	*password = json_string_value(json_object_get(m, "password"));

	if (password != NULL && !c->json)
		(void)printf("%-22s%s   (shown this once)\n", "Password", password);
}

static void
print_done(const struct call *c, const json_t *m, const json_t *ok)
{
	const char	*password = json_string_value(json_object_get(m, "password"));
	json_t		*copy;

	if (c->json && password != NULL) {
		copy = json_copy(json_object_get(m, "ok"));
		(void)json_object_set_new(copy, "password", json_string(password));
		json_line(copy);
		json_decref(copy);
	} else if (c->json) {
		json_line(ok);
	} else if (c->command->reply == REPLY_RECORD || json_object_size(ok) > 0) {
		table_out_record(c->kind, ok);
		print_password(c, m);
	}
}

/* A change as a line: "added  alice  …", the columns of its kind. */
static void
print_event(const struct call *c, const json_t *m)
{
	json_t	*row = json_object_get(m, "row");
	char	 cell[600];

	if (c->json) {
		json_t	*copy = json_copy(row);

		(void)json_object_set(copy, "_event", json_object_get(m, "event"));
		json_line(copy);
		json_decref(copy);
	} else {
		cell_text(json_object_get(m, "event"), cell, sizeof cell);
		(void)printf("%-8s", cell);
		for (size_t i = 0; i < c->kind->n_fields; i++) {
			if ((c->kind->fields[i].flags & FF_COLUMN) == 0)
				continue;
			cell_text(json_object_get(row, c->kind->fields[i].name), cell, sizeof cell);
			(void)printf("  %s", cell[0] == '\0' ? "-" : cell);
		}
		(void)putchar('\n');
	}
	(void)fflush(stdout);
}

static void
print_row(struct call *c, const json_t *row)
{
	if (c->json) {
		json_line(row);
		return;
	}
	if (c->table == NULL)
		c->table = table_out_new(c->kind);
	if (c->table != NULL)
		table_out_row(c->table, row);
}

static void
list_end(struct call *c)
{
	if (c->json || c->command->reply != REPLY_ROWS)
		return;
	if (c->table == NULL)
		c->table = table_out_new(c->kind);
	if (c->table != NULL)
		table_out_end(c->table);
	c->table = NULL;
}

/* One message of the reply.  true when it was the last. */
static bool
reply_take(struct call *c, const json_t *m)
{
	const json_t	*error = json_object_get(m, "error"), *ok = json_object_get(m, "ok"), *row = json_object_get(m, "row");

	if (error != NULL) {
		c->status = refused(error);
		return true;
	}
	if (json_object_get(m, "event") != NULL) {
		print_event(c, m);
		return false;
	}
	if (row != NULL) {
		print_row(c, row);
		return false;
	}
	if (ok == NULL || c->command->reply == REPLY_STREAM)
		return false;
	if (c->command->reply == REPLY_ROWS)
		list_end(c);
	else
		print_done(c, m, ok);
	return true;
}

static int
converse(struct call *c)
{
	json_t	*m;
	bool	 done = false;
	int	 rc;

	if (client_send(c->client, json_incref(c->request)) < 0)
		return complain(EXIT_UNREACHED, "%s", client_why(c->client));
	while (!done) {
		if ((rc = client_wait(c->client, &m)) < 0)
			return complain(rc == ERR_DENIED ? EXIT_REFUSED : EXIT_UNREACHED, "%s", client_why(c->client));
		done = reply_take(c, m);
		json_decref(m);
		if (ferror(stdout))
			return EXIT_REFUSED;
	}
	return c->status;
}

/* What a deletion takes along, asked of the daemon, and the person's word. */
static int
confirm(struct call *c)
{
	const char	*name = json_string_value(json_object_get(c->request, "name"));
	json_t		*dry, *m = NULL, *v;
	const char	*what;
	char		 question[400];
	size_t		 at;
	int		 rc;

	if (c->yes)
		return 0;
	if (!isatty(STDIN_FILENO))
		return complain(EXIT_REFUSED, "%s is not deleted: no terminal to ask at, and no --yes", name);
	dry = json_copy(c->request);
	(void)json_object_set_new(dry, "dry", json_true());
	if (client_send(c->client, dry) < 0 || (rc = client_wait(c->client, &m)) < 0)
		return complain(EXIT_UNREACHED, "%s", client_why(c->client));
	if (json_object_get(m, "error") != NULL) {
		rc = refused(json_object_get(m, "error"));
		json_decref(m);
		return rc;
	}
	at = (size_t)snprintf(question, sizeof question, "Delete %s %.100s", c->command->noun, name);
	json_object_foreach(json_object_get(m, "ok"), what, v)
		if (json_integer_value(v) > 0 && at < sizeof question)
			at += (size_t)snprintf(question + at, sizeof question - at, ", with %" JSON_INTEGER_FORMAT " %s",
			    json_integer_value(v), what);
	if (at < sizeof question)
		(void)snprintf(question + at, sizeof question - at, "?");
	json_decref(m);
	return ask_yes(question) ? 0 : complain(EXIT_REFUSED, "%s is kept", name);
}

static int
connect_and_run(struct call *c, const char *path)
{
	char	 why[CLIENT_WHY], name[64];
	int	 rc;

	if ((c->client = client_open(path, why)) == NULL)
		return complain(EXIT_UNREACHED, "%s", why);
	command_name(c->command, name, sizeof name);
	(void)json_object_set_new(c->request, "do", json_string(name));
	rc = c->command->args == ARGS_DELETE ? confirm(c) : 0;
	if (rc == 0)
		rc = converse(c);
	client_close(c->client);
	return rc;
}

int
cli_main(const char *path, bool json, int argc, char **argv)
{
	struct call	c = { .json = json, .request = json_object() };
	char		typed[80];
	int		words, rc;

	(void)snprintf(typed, sizeof typed, argc > 1 ? "%.30s %.30s" : "%.60s", argv[0], argc > 1 ? argv[1] : "");
	if ((c.command = command_of(argc, argv, &words)) == NULL) {
		json_decref(c.request);
		return unknown_command(typed);
	}
	if (c.command->kind != NULL)
		c.kind = kind_named(c.command->kind);
	rc = args_take(&c, argc - words, argv + words);
	if (rc == 0)
		rc = connect_and_run(&c, path);
	json_decref(c.request);
	if (fflush(stdout) != 0 && rc == 0)
		rc = complain(EXIT_REFUSED, "output: %s", strerror(errno));
	return rc;
}
