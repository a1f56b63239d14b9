/*
 * Fills a manual page's markers with the programs' own tables, so that the manual can't fall behind:
 * reads a page on standard input, writes it to standard output.
 *
 *	@COMMANDS@  @STATUS@  @FIELDS kind@  @VARIABLES@  @CONFIG@  @PAGES@  @TROUBLES@  @KEYS@  @VERSION@
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/command.h"
#include "core/kinds.h"
#include "core/provision.h"
#include "core/web.h"
#include "sipd/config.h"
#include "tui/actions.h"

/* Text as mdoc has it: nothing in it is a macro, and each sentence begins a line. */
static void
put(const char *s)
{
	for (; *s != '\0'; s++) {
		if (s[0] == '.' && s[1] == ' ' && s[2] >= 'A' && s[2] <= 'Z') {
			(void)fputs(".\n", stdout);
			s++;
		} else if (*s == '\\')
			(void)fputs("\\e", stdout);
		else if (*s == '"')
			(void)fputs("\\(dq", stdout);
		else
			(void)putchar(*s);
	}
}

/* A line of text: never begins with a dot or quote that would make it a request. */
static void
sentence(const char *s)
{
	if (*s == '.' || *s == '\'')
		(void)fputs("\\&", stdout);
	put(s);
	(void)putchar('\n');
}

static void
item(const char *macro, const char *text)
{
	(void)printf(".It %s \"%s", macro, strlen(text) == 1 ? "\\&" : "");
	put(text);
	(void)puts("\"");
}

static void
commands_put(const char *argument)
{
	char	usage[200], help[200];

	(void)argument;
	(void)puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < n_commands; i++) {
		item("Ic", command_usage(&commands[i], usage, sizeof usage));
		(void)snprintf(help, sizeof help, "%c%s.", toupper((unsigned char)commands[i].help[0]), commands[i].help + 1);
		sentence(help);
		(void)printf("Takes the role of %s.\n", role_name(commands[i].role));
	}
	(void)puts(".El");
}

static void
status_put(const char *argument)
{
	(void)argument;
	(void)puts(".Bl -tag -width certificate_expires -compact");
	for (size_t i = 0; i < n_status_fields; i++) {
		item("Va", status_fields[i].name);
		sentence(status_fields[i].help);
	}
	(void)puts(".El");
}

static void
words_put(const struct field *f)
{
	if (f->words == NULL)
		return;
	(void)fputs("One of", stdout);
	for (size_t i = 0; f->words[i] != NULL; i++)
		if (f->words[i][0] != '\0')
			(void)printf("%s %s", i == 0 || (i == 1 && f->words[0][0] == '\0') ? "" : ",", f->words[i]);
	(void)puts(f->type == FT_NUM ? ", or a number." : ".");
}

static void
fields_put(const char *kind)
{
	const struct kind	*k = kind_named(kind);

	(void)puts(".Bl -tag -width registration_expires");
	for (size_t i = 0; k != NULL && i < k->n_fields; i++) {
		const struct field	*f = &k->fields[i];

		if (f->name == NULL || (f->flags & FF_HIDDEN))
			continue;
		item("Va", f->name);
		sentence(f->help);
		words_put(f);
		if (f->type == FT_NUM && f->max > 0)
			(void)printf("From %u to %u.\n", f->min, f->max);
		if (f->flags & FF_NEEDED)
			(void)puts("Needed.");
		if (f->flags & FF_ONCE)
			(void)puts("Can be set at creation only.");
		if (f->flags & FF_UNIQUE)
			(void)puts("Unique.");
		if (f->flags & FF_SECRET)
			(void)puts("Write-only: never shown in any form.");
		if ((f->flags & FF_SERVER) && k->table != TABLE_NONE && strcmp(kind, "event") != 0)
			(void)puts("Set by the daemon.");
		if (f->flags & FF_SEARCH)
			(void)puts("Searched.");
	}
	(void)puts(".El");
}

static void
config_put(const char *argument)
{
	char	name[128];

	(void)argument;
	(void)puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < n_config_options; i++) {
		const struct config_option	*o = &config_options[i];

		(void)snprintf(name, sizeof name, "%s%s%s = %s", o->section == NULL ? "" : o->section, o->section == NULL ? "" : " ", o->name,
		    o->type);
		item("Ic", name);
		sentence(o->help);
		if (o->max > o->min)
			(void)printf("From %u to %u.\n", o->min, o->max);
		if (o->dflt != NULL && o->dflt[0] != '\0') {
			(void)fputs("Default: ", stdout);
			sentence(o->dflt);
		}
	}
	(void)puts(".El");
}

static void
keys_put(const char *argument)
{
	(void)argument;
	(void)puts(".Bl -tag -width Ds");
	for (size_t i = 0; i < n_action_rows; i++) {
		item("Ic", action_rows[i].keys);
		(void)fputs("(", stdout);
		put(action_rows[i].name);
		(void)puts(")");
		sentence(action_rows[i].help);
	}
	(void)puts(".El");
}

static void
variables_put(const char *argument)
{
	(void)argument;
	(void)puts(".Bl -tag -width caller_id_2xx -compact");
	for (size_t i = 0; i < n_provision_variables; i++) {
		char	name[64];

		if (provision_variables[i].help == NULL)
			continue;
		(void)snprintf(name, sizeof name, "{%s}", provision_variables[i].name);
		item("Li", name);
		sentence(provision_variables[i].help);
	}
	(void)puts(".El");
}

static void
pages_put(const char *argument)
{
	char	name[64];

	(void)argument;
	(void)puts(".Bl -tag -width activated.html");
	for (size_t i = 0; i < n_web_pages; i++) {
		if (web_pages[i].optional)
			continue;
		(void)snprintf(name, sizeof name, "%s.html", web_pages[i].name);
		item("Pa", name);
		sentence(web_pages[i].vars);
	}
	(void)puts(".El");
}

static void
troubles_put(const char *argument)
{
	char	name[64];

	(void)argument;
	(void)puts(".Bl -tag -width not-implemented.html -compact");
	for (size_t i = 0; i < n_web_pages; i++) {
		const struct web_trouble	*t = web_trouble_find(span_of(web_pages[i].name));

		if (t == NULL)
			continue;
		(void)snprintf(name, sizeof name, "%s.html", t->name);
		item("Pa", name);
		sentence(t->title);
	}
	(void)puts(".El");
}

static const struct {
	const char	*marker;
	void		(*put)(const char *argument);
} markers[] = {
	{ "@COMMANDS", commands_put }, { "@STATUS", status_put }, { "@FIELDS", fields_put }, { "@CONFIG", config_put }, { "@KEYS", keys_put },
	{ "@VARIABLES", variables_put }, { "@PAGES", pages_put },
	{ "@TROUBLES", troubles_put },
};

/* true if the line was a marker. */
static int
marker(char *line)
{
	char	*end = strchr(line + 1, '@'), *argument;

	if (line[0] != '@' || end == NULL)
		return 0;
	*end = '\0';
	if ((argument = strchr(line, ' ')) != NULL)
		*argument++ = '\0';
	for (size_t i = 0; i < sizeof markers / sizeof markers[0]; i++) {
		if (strcmp(markers[i].marker, line) == 0) {
			markers[i].put(argument);
			return 1;
		}
	}
	return 0;
}

int
main(int argc, char **argv)
{
	char	line[2048];

	while (fgets(line, sizeof line, stdin) != NULL) {
		char	*version = strstr(line, "@VERSION@");

		if (version != NULL)
			(void)printf("%.*s%s%s", (int)(version - line), line, argc > 1 ? argv[1] : "", version + strlen("@VERSION@"));
		else if (!marker(line))
			(void)fputs(line, stdout);
	}
	return ferror(stdin) || fflush(stdout) != 0;
}
