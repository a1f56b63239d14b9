#include "tui/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "tui/app.h"
#include "tui/devices.h"

enum { FIRST_ROWS = 200, CELL = 6100, COLUMNS_MAX = 40, CELLS_MAX = 60, TITLE = 22 };

struct table_out {
	const struct field	*columns[COLUMNS_MAX];
	int			 widths[COLUMNS_MAX];
	size_t			 n_columns;
	json_t			*waiting;	/* the first rows, until the widths are known */
	bool			 begun;
};

void
counts_of(const json_t *list, uint32_t counts[RATE_MINUTES])
{
	size_t	n = json_array_size(list), skip = n > RATE_MINUTES ? n - RATE_MINUTES : 0;

	memset(counts, 0, RATE_MINUTES * sizeof counts[0]);
	for (size_t i = skip; i < n; i++) {
		json_int_t	v = json_integer_value(json_array_get(list, i));

		counts[RATE_MINUTES - n + i] = v < 0 ? 0 : v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
	}
}

static bool
is_counts(const json_t *v)
{
	return json_is_array(v) && json_is_integer(json_array_get(v, 0));
}

static void
drawn(const json_t *list, char *buf, size_t size)
{
	uint32_t	counts[RATE_MINUTES];

	counts_of(list, counts);
	rate_text(counts, json_array_size(list), buf, size);
}

/* Strings may hold anything that the network sent. */
void
cell_text(const json_t *v, char *buf, size_t size)
{
	buf[0] = '\0';
	if (json_is_string(v))
		text_safe(json_string_value(v), json_string_length(v), buf, size, false);
	else if (json_is_boolean(v))
		(void)snprintf(buf, size, "%s", json_is_true(v) ? "yes" : "no");
	else if (json_is_integer(v))
		(void)snprintf(buf, size, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		(void)snprintf(buf, size, "%.3g", json_real_value(v));
	else if (is_counts(v))
		drawn(v, buf, size);
}

/*
 * A status that probes found, with its glyph, and how long the last answer took: "+ OK 38 ms".  A device that is at another node than its
 * account must be has none: "at b, assigned a".
 */
static bool
is_status(const json_t *row, const char *field, char *buf, size_t size)
{
	const bool		 device = strcmp(field, "device_status") == 0;
	const json_t		*v = json_object_get(row, field), *elsewhere = json_object_get(row, "_elsewhere");
	const struct glyph	*g = device || strcmp(field, "status") == 0 ? glyph_of(json_string_value(v)) : NULL;
	json_int_t		 ms = json_integer_value(json_object_get(row, "latency_ms"));
	char			 latency[32] = "";

	if (g == NULL && device && json_is_string(elsewhere)) {
		cell_text(elsewhere, buf, size);
		return true;
	}
	if (g == NULL)
		return false;
	if (ms > 0 && (strcmp(g->word, "OK") == 0 || strcmp(g->word, "LAGGED") == 0))
		latency_text(ms, latency, sizeof latency);
	(void)snprintf(buf, size, "%s %s%s%s", g->glyph, g->word, latency[0] == '\0' ? "" : " ", latency);
	return true;
}

void
row_cell_text(const json_t *row, const struct field *f, char *buf, size_t size)
{
	if (!is_status(row, f->name, buf, size))
		cell_text(json_object_get(row, f->name), buf, size);
}

static void
pad(const char *s, int width, bool last)
{
	(void)fputs(s, stdout);
	if (!last)
		(void)printf("%*s", width - text_width(s) > 0 ? width - text_width(s) + 2 : 2, "");
}

struct table_out *
table_out_new(const struct kind *k)
{
	struct table_out	*t = calloc(1, sizeof *t);

	if (t == NULL || (t->waiting = json_array()) == NULL) {
		free(t);
		return NULL;
	}
	for (size_t i = 0; i < k->n_fields && t->n_columns < COLUMNS_MAX; i++) {
		if ((k->fields[i].flags & FF_COLUMN) == 0)
			continue;
		t->columns[t->n_columns] = &k->fields[i];
		t->widths[t->n_columns++] = text_width(k->fields[i].title);
	}
	return t;
}

static void
row_print(const struct table_out *t, const json_t *row)
{
	char	cell[CELL];

	for (size_t i = 0; i < t->n_columns; i++) {
		row_cell_text(row, t->columns[i], cell, sizeof cell);
		pad(cell, t->widths[i], i + 1 == t->n_columns);
	}
	(void)putchar('\n');
}

static void
begin(struct table_out *t)
{
	size_t	 at;
	json_t	*row;
	char	 cell[CELL];

	json_array_foreach(t->waiting, at, row) {
		for (size_t i = 0; i < t->n_columns; i++) {
			row_cell_text(row, t->columns[i], cell, sizeof cell);
			if (text_width(cell) > t->widths[i])
				t->widths[i] = text_width(cell) < CELLS_MAX ? text_width(cell) : CELLS_MAX;
		}
	}
	for (size_t i = 0; i < t->n_columns; i++)
		pad(t->columns[i]->title, t->widths[i], i + 1 == t->n_columns);
	(void)putchar('\n');
	json_array_foreach(t->waiting, at, row)
		row_print(t, row);
	(void)json_array_clear(t->waiting);
	t->begun = true;
}

void
table_out_row(struct table_out *t, const json_t *row)
{
	if (t->begun) {
		row_print(t, row);
		return;
	}
	(void)json_array_append_new(t->waiting, json_deep_copy(row));
	if (json_array_size(t->waiting) >= FIRST_ROWS)
		begin(t);
}

void
table_out_end(struct table_out *t)
{
	if (!t->begun)
		begin(t);
	json_decref(t->waiting);
	free(t);
}

static void
value_line(const char *title, const char *text)
{
	if (text[0] == '\0') {
		(void)puts(title);
		return;
	}
	pad(title, TITLE, false);
	(void)puts(text);
}

/* "interval 60, code 200": what there is of an object. */
static void
object_text(json_t *o, char *buf, size_t size)
{
	char		 cell[CELL];
	const char	*name;
	json_t		*v;
	size_t		 at = 0;

	buf[0] = '\0';
	json_object_foreach(o, name, v) {
		cell_text(v, cell, sizeof cell);
		if (cell[0] != '\0' && strcmp(cell, "0") != 0 && at < size)
			at += (size_t)snprintf(buf + at, size - at, "%s%s %s", at == 0 ? "" : ", ", name, cell);
	}
}

void
table_out_value(const char *title, json_t *value)
{
	char	 text[CELL];
	json_t	*v;
	size_t	 i;

	if (json_is_array(value) && !is_counts(value)) {
		json_array_foreach(value, i, v)
			table_out_value(title, v);
		return;
	}
	if (json_is_object(value))
		object_text(value, text, sizeof text);
	else
		cell_text(value, text, sizeof text);
	if (text[0] != '\0' || !json_is_object(value))
		value_line(title, text);
}
