#include "tui/export.h"

#include <errno.h>
#include <string.h>

#include "core/message.h"
#include "tui/app.h"
#include "tui/records.h"
#include "tui/table.h"

enum { CELL = 2100 };

void
export_clear(struct export *e)
{
	if (e->file != NULL)
		(void)fclose(e->file);
	e->file = NULL;
}

/* A line of titles, or of values: a tab between them.  What is no text for a screen is none for a file either. */
static void
line_write(struct export *e, const json_t *row)
{
	char		 text[CELL];
	const char	*tab = "";

	for (size_t i = 0; i < e->list->kind->n_fields; i++) {
		const struct field	*f = &e->list->kind->fields[i];

		if (!list_has_column(e->list, f))
			continue;
		if (row != NULL)
			cell_text(json_object_get(row, f->name), text, sizeof text);
		(void)fprintf(e->file, "%s%s", tab, row == NULL ? f->title : text);
		tab = "\t";
	}
	(void)fputc('\n', e->file);
}

static void
finish(struct console *c)
{
	struct export	*e = &c->export;
	bool		 bad = ferror(e->file) != 0;

	bad |= fclose(e->file) != 0;
	e->file = NULL;
	if (bad)
		console_say(c, true, "%.200s: not written: %s", e->name, strerror(errno));
	else
		console_say(c, false, "%ld rows written to %.200s", e->rows, e->name);
	c->wants_frame = true;
}

static void
on_row(void *arg, const json_t *m)
{
	struct console	*c = arg;
	struct export	*e = &c->export;
	const json_t	*row = json_object_get(m, "row");

	if (e->file == NULL)
		return;
	if (row != NULL) {
		line_write(e, row);
		e->rows++;
	} else if (json_object_get(m, "ok") != NULL) {
		finish(c);
	} else {
		export_clear(e);
		(void)console_refused(c, m);
	}
}

/* The record's fields, one a line. */
static void
record_write(struct console *c)
{
	const struct kind	*k;
	const json_t		*record = record_shown(c, &k);
	char			 text[CELL];

	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field	*f = &k->fields[i];

		if (f->name == NULL || json_object_get(record, f->name) == NULL)
			continue;
		cell_text(json_object_get(record, f->name), text, sizeof text);
		(void)fprintf(c->export.file, "%s\t%s\n", f->title, text);
		c->export.rows++;
	}
	finish(c);
}

static void
begin(struct console *c, const char *name)
{
	struct export	*e = &c->export;
	struct list	*l = c->pane->list == NULL ? NULL : c->pane->list(c);
	char		 what[64];

	if (name[0] == '\0')
		return;
	(void)snprintf(e->name, sizeof e->name, "%s", name);
	e->rows = 0;
	if ((e->file = fopen(name, "wxe")) == NULL) {
		console_say(c, true, "%.200s: %s", name, strerror(errno));
		return;
	}
	if (l == NULL) {
		record_write(c);
		return;
	}
	e->list = l;
	line_write(e, NULL);
	(void)snprintf(what, sizeof what, "%s list", l->kind == &message_kind ? "queue" : l->kind->name);
	if (link_ask(&c->link, json_pack("{s:s, s:s, s:s, s:b, s:s}", "do", what, "query", l->filter, "sort", l->sort, "reverse", l->reverse,
	    "group", l->group), LINK_ROWS, on_row, c, c->now_ms) < 0) {
		export_clear(e);
		console_say(c, true, "the daemon can't be reached");
	}
}

void
export_ask(struct console *c)
{
	if (c->export.file != NULL)
		console_say(c, true, "%.200s is still being written", c->export.name);
	else
		(void)prompt_line(c, "Write to file:", "", NULL, begin);
}
