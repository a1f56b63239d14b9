#include "tui/printer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/csv.h"
#include "core/kinds.h"
#include "core/text.h"
#include "tui/cli.h"
#include "tui/complain.h"
#include "tui/facts.h"
#include "tui/json.h"
#include "tui/ladder.h"
#include "tui/qr.h"
#include "tui/steps.h"
#include "tui/table.h"

enum { CELL = 6100, CSV_OUT = CSV_ESCAPE_MAX * FIELD_TEXT + 4, POINT_MAX = 200 };

struct printer {
	const struct command	*command;
	const struct kind	*kind;		/* NULL: of none */
	bool			 json, qr;
	struct table_out	*table;		/* of the list that is under way */
	bool			 headed;	/* the names of the columns of CSV are out */
};

struct printer *
printer_new(const struct command *c, bool json, bool qr)
{
	struct printer	*p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->command = c;
	p->kind = c->kind == NULL ? NULL : kind_named(c->kind);
	p->json = json;
	p->qr = qr;
	return p;
}

void
printer_free(struct printer *p)
{
	if (p != NULL && p->table != NULL)
		table_out_end(p->table);
	free(p);
}

void
printer_refused(const json_t *error)
{
	const char	*text = json_string_value(json_object_get(error, "text")), *name;
	json_t		*fields = json_object_get(error, "fields"), *f;
	char		 now[CELL];

	(void)complain(EXIT_REFUSED, "%s", text == NULL ? "refused" : text);
	json_object_foreach(fields, name, f) {
		cell_text(json_object_get(f, "now"), now, sizeof now);
		(void)complain(EXIT_REFUSED, "%s is now '%s'", name, now);
	}
}

void
printer_point(const json_t *request, const json_t *error)
{
	const char	*query = json_string_value(json_object_get(request, "query"));
	json_int_t	 column = json_integer_value(json_object_get(error, "column"));
	char		 safe[CELL];
	size_t		 at = 0;
	uint32_t	 code;

	if (query == NULL || column < 1 || strlen(query) >= POINT_MAX)
		return;
	(void)text_safe(query, strlen(query), safe, sizeof safe, false);
	(void)fprintf(stderr, "  %s\n", safe);
	for (json_int_t i = 1; i < column && safe[at] != '\0'; i++)
		at += text_decode(safe + at, strlen(safe + at), &code);
	safe[at] = '\0';
	(void)fprintf(stderr, "  %*s^\n", text_width(safe), "");
}

/* A copy of an object with one member more. */
static void
json_line_with(json_t *object, const char *name, json_t *value)
{
	json_t	*copy = json_object();

	(void)json_object_update(copy, object);
	(void)json_object_set(copy, name, value);
	json_line(copy);
	json_decref(copy);
}

static void
print_rows(const char *kind, const json_t *rows)
{
	struct table_out	*t = json_array_size(rows) == 0 ? NULL : table_out_new(kind_named(kind));
	const json_t		*row;
	size_t			 i;

	if (t == NULL)
		return;
	(void)putchar('\n');
	json_array_foreach(rows, i, row)
		table_out_row(t, row);
	table_out_end(t);
}

/* What a person calls a member of an answer: the field's title, or its name with a capital; "_messages", beside the fields, is "Messages". */
static void
title_of(const struct kind *k, const char *name, char *buf, size_t size)
{
	const struct field	*f = k == NULL ? NULL : kind_field(k, name);

	(void)snprintf(buf, size, "%s", f != NULL && f->title != NULL ? f->title : name + (name[0] == '_'));
	for (size_t i = 0; f == NULL && i < n_status_fields; i++)
		if (strcmp(status_fields[i].name, name) == 0)
			(void)snprintf(buf, size, "%s", status_fields[i].title);
	if (buf[0] >= 'a' && buf[0] <= 'z')
		buf[0] = (char)(buf[0] - 'a' + 'A');
}

static void
print_ok(const struct printer *p, const json_t *message, json_t *ok)
{
	json_t		*password = json_object_get(message, "password");
	const char	*name;
	json_t		*value;
	char		 title[64];

	if (p->json && password != NULL) {
		json_line_with(ok, "password", password);
		return;
	}
	if (p->json) {
		json_line(ok);
		return;
	}
	json_object_foreach(ok, name, value) {
		title_of(p->kind, name, title, sizeof title);
		table_out_value(title, value);
	}
	if (password != NULL)
		table_out_value("Password", password);
	if ((value = json_object_get(json_array_get(json_object_get(message, "registrations"), 0), "_elsewhere")) != NULL)
		table_out_value("Registered", value);
	print_rows("registration", json_object_get(message, "registrations"));
}

/* The columns of a row that is a line of its own: as wide as on a screen, and wider where they must be. */
static void
print_columns(const struct kind *k, const json_t *row)
{
	char	cell[CELL];
	int	blanks = 0;

	for (size_t i = 0; i < k->n_fields; i++) {
		if ((k->fields[i].flags & FF_COLUMN) == 0)
			continue;
		row_cell_text(row, &k->fields[i], cell, sizeof cell);
		if (cell[0] == '\0')
			(void)snprintf(cell, sizeof cell, "-");
		(void)printf("%*s%s", blanks, "", cell);
		blanks = k->fields[i].width > text_width(cell) ? k->fields[i].width - text_width(cell) + 2 : 2;
	}
	(void)putchar('\n');
}

/* A change as a line: what became of the row, and its columns.  To a log things are only added. */
static void
print_change(const struct printer *p, const json_t *message)
{
	json_t	*row = json_object_get(message, "row");
	char	 what[32];

	if (p->json) {
		json_line_with(row, "_event", json_object_get(message, "event"));
	} else {
		cell_text(json_object_get(message, "event"), what, sizeof what);
		if (strcmp(p->kind->name, "event") != 0)
			(void)printf("%-8s  ", what);
		print_columns(p->kind, row);
	}
	(void)fflush(stdout);
}

static struct table_out *
table(struct printer *p)
{
	if (p->table == NULL)
		p->table = table_out_new(p->kind);
	return p->table;
}

/* A value as import takes it. */
static const char *
value_text(const json_t *v, char number[32])
{
	if (json_is_integer(v)) {
		(void)snprintf(number, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return number;
	}
	return json_is_true(v) ? "yes" : json_is_false(v) ? "no" : json_is_string(v) ? json_string_value(v) : "";
}

/* A line of CSV; row NULL: the names of the fields. */
static void
csv_line(const struct kind *k, const json_t *row)
{
	char		 out[CSV_OUT], number[32];
	const char	*comma = "";

	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field	*f = &k->fields[i];
		const char		*text = row == NULL ? f->name : value_text(json_object_get(row, f->name == NULL ? "" : f->name), number);

		if (f->name == NULL || (f->flags & (FF_HIDDEN | FF_SECRET)) || strlen(text) > FIELD_TEXT)
			continue;
		(void)csv_cell_write(text, strlen(text), out, sizeof out);
		(void)printf("%s%s", comma, out);
		comma = ",";
	}
	(void)putchar('\n');
}

static void
print_csv(struct printer *p, const json_t *row)
{
	if (!p->headed)
		csv_line(p->kind, NULL);
	p->headed = true;
	if (row != NULL)
		csv_line(p->kind, row);
}

static void
print_row(struct printer *p, const json_t *row)
{
	if (p->json)
		json_line(row);
	else if (p->command->args == ARGS_EXPORT)
		print_csv(p, row);
	else if (table(p) != NULL)
		table_out_row(p->table, row);
}

/* A test that is under way: each step as it ends.  One that failed is told by the exit status, too. */
static enum printed
print_step(const struct printer *p, json_t *message, const json_t *ok)
{
	char	line[CELL];

	if (p->json) {
		(void)json_object_del(message, "id");
		json_line(ok == NULL ? message : ok);
	} else if (ok == NULL) {
		step_line(message, false, line, sizeof line);
		(void)puts(line);
	}
	(void)fflush(stdout);
	return ok == NULL ? PRINTED_MORE : json_is_true(json_object_get(ok, "passed")) ? PRINTED_LAST : PRINTED_REFUSED;
}

/* As it is into a file; nothing that a terminal might obey goes there. */
static void
print_text(const char *s)
{
	char	line[CELL];

	if (!isatty(STDOUT_FILENO)) {
		(void)fputs(s, stdout);
		return;
	}
	for (size_t n; *s != '\0'; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		(void)text_safe(s, n, line, sizeof line, false);
		(void)puts(line);
	}
}

/* What is known, a line each, and what follows from it. */
static void
print_facts(const struct printer *p, const json_t *ok)
{
	const json_t	*f;
	char		 line[CELL];
	size_t		 i;

	if (p->json) {
		json_line(ok);
		return;
	}
	json_array_foreach(json_object_get(ok, "facts"), i, f) {
		fact_line(f, false, line, sizeof line);
		(void)puts(line);
	}
	cell_text(json_object_get(ok, "verdict"), line, sizeof line);
	(void)printf("\n%s\n", line);
}

/* A trace that is under way: a message a line.  What was missed, and why it ended, is told beside. */
static enum printed
print_trace(struct printer *p, json_t *message)
{
	json_t		*m = json_object_get(message, "message"), *end = json_object_get(message, "end");
	const char	*time = json_string_value(json_object_get(m, "time"));
	json_t		*missed = json_object_get(message, "missed");
	char		 line[CELL], when[16];

	if (p->json) {
		(void)json_object_del(message, "id");
		if (m != NULL || missed != NULL)
			json_line(m != NULL ? m : message);
	} else if (missed != NULL)
		(void)printf("%" JSON_INTEGER_FORMAT " messages are missing here: there were too many\n", json_integer_value(missed));
	else if (m != NULL) {
		if (!p->headed)
			(void)puts(ladder_heading());
		p->headed = true;
		(void)snprintf(when, sizeof when, "%.12s", time == NULL || strlen(time) < 23 ? "" : time + 11);
		ladder_line(m, when, false, line, sizeof line);
		(void)puts(line);
	}
	if (end != NULL)
		(void)complain(EXIT_DONE, "%s", json_string_value(json_object_get(end, "why")));
	(void)fflush(stdout);
	return end != NULL ? PRINTED_LAST : PRINTED_MORE;
}

/* The picture first, so that the link and how long it is good stand below it on the screen. */
static void
print_link(const struct printer *p, const json_t *ok)
{
	const char	*link = json_string_value(json_object_get(ok, "link"));
	struct qr	 q;
	char		 why[120], until[64];

	if (link == NULL)
		return;
	if (p->qr && qr_make(&q, link) != 0)
		(void)complain(EXIT_DONE, "the link is too long for a QR code");
	else if (p->qr && qr_print(&q, why, sizeof why) != 0)
		(void)complain(EXIT_DONE, "%s", why);
	(void)puts(link);
	if (p->qr) {
		cell_text(json_object_get(ok, "until"), until, sizeof until);
		(void)printf("good until %s, for one phone\n", until);
	}
}

enum printed
printer_take(struct printer *p, json_t *message)
{
	json_t	*error = json_object_get(message, "error"), *ok = json_object_get(message, "ok"),
		*row = json_object_get(message, "row");
	const char	*note;

	if (error != NULL) {
		printer_refused(error);
		return PRINTED_REFUSED;
	}
	if (p->command->reply == REPLY_STEPS)
		return print_step(p, message, ok);
	if (p->command->reply == REPLY_TRACE)
		return print_trace(p, message);
	if (json_object_get(message, "event") != NULL) {
		print_change(p, message);
		return PRINTED_MORE;
	}
	if (row != NULL) {
		print_row(p, row);
		return PRINTED_MORE;
	}
	if (ok == NULL || p->command->reply == REPLY_STREAM)
		return PRINTED_MORE;
	if ((note = json_string_value(json_object_get(message, "note"))) == NULL)
		note = json_string_value(json_object_get(ok, "note"));
	if (note != NULL)
		(void)complain(EXIT_DONE, "note: %s", note);
	if (p->command->reply == REPLY_TEXT && !p->json)
		print_text(json_string_value(json_object_get(ok, "text")));
	else if (p->command->reply == REPLY_LINK && !p->json)
		print_link(p, ok);
	else if (p->command->reply == REPLY_FACTS)
		print_facts(p, ok);
	else if (p->command->reply != REPLY_ROWS)
		print_ok(p, message, ok);
	else if (p->command->args == ARGS_EXPORT && !p->json)
		print_csv(p, NULL);
	else if (!p->json)
		(void)table(p);		/* its header stands over an empty list too; printer_free() ends it */
	return PRINTED_LAST;
}
