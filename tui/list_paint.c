/*
 * How a list looks: columns that fit, heads, rows, the detail line.
 */
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tui/app.h"
#include "tui/devices.h"
#include "tui/screen.h"

enum { MARGIN = 4, WIDE = 120, CLOCK_CELLS = 8, CLOCK_MS_CELLS = 12, DATE_CELLS = 10, STAMP_CELLS = 23, TEXT_CELLS_MIN = 10, WORD_CELLS = 11, CELL = 6100 };

static bool
is_wide(int width)
{
	return width >= WIDE;
}

static bool
is_text(const struct field *f)
{
	return f->type == FT_STR || f->type == FT_REF || f->type == FT_ENUM || (f->flags & FF_DUE);
}

/* The time that a record is known by, so the column that is kept longest: date and clock with ms, no zone, on a screen of any width. */
static bool
is_stamp(const struct field *f)
{
	return f->type == FT_TIME && f->width == STAMP_CELLS && f->keep == 1;
}

/* Times are clocks on a narrow screen, or days. */
static int
column_cells(const struct field *f, int width)
{
	if (f->type == FT_TIME && f->width > CLOCK_MS_CELLS && !is_stamp(f) && (f->flags & FF_DUE) == 0 && !is_wide(width))
		return f->flags & FF_DATE ? DATE_CELLS : CLOCK_CELLS;
	return f->width;
}

static const char *
column_title(const struct field *f, int width)
{
	if (f->type == FT_TIME && !is_wide(width) && strstr(f->title, "Expires") != NULL)
		return "Expires";
	return f->title;
}

bool
list_has_column(const struct list *l, const struct field *f)
{
	for (size_t i = 0; i < l->n_looks; i++)
		if (strcmp(l->looks[i].field, f->name == NULL ? "" : f->name) == 0)
			return true;
	return l->looks == NULL && (f->flags & FF_COLUMN);
}

/* A column that would be there if it fits. */
struct candidate {
	struct column	column;
	uint8_t		keep;
};

static size_t
candidates(const struct list *l, int width, struct candidate out[LIST_COLUMNS])
{
	size_t	n = 0, all = l->looks != NULL ? l->n_looks : l->kind->n_fields;

	for (size_t i = 0; i < all && n < LIST_COLUMNS; i++) {
		const struct list_look	*look = l->looks != NULL ? &l->looks[i] : NULL;
		const struct field	*f = look != NULL ? kind_field(l->kind, look->field) : &l->kind->fields[i];
		size_t			 row = (size_t)(f - l->kind->fields);

		if (!list_has_column(l, f) || (row < 64 && (l->hidden >> row & 1)))
			continue;
		if (look != NULL)
			out[n++] = (struct candidate){ { f, is_wide(width) ? look->title : look->narrow_title,
			    is_wide(width) ? look->width : look->narrow_width }, look->keep };
		else
			out[n++] = (struct candidate){ { f, column_title(f, width), column_cells(f, width) }, f->keep };
	}
	return n;
}

/*
 * The columns that fit, those that are to be kept longest first, then put in their order.  The first text that does not fit whole gets
 * what is left, if it is more than a word; what remains at the end goes to the last text.
 */
size_t
list_columns(const struct list *l, int width, struct column out[LIST_COLUMNS])
{
	struct candidate	all[LIST_COLUMNS];
	size_t			n = 0, n_all = candidates(l, width, all);
	int			cells[LIST_COLUMNS] = { 0 }, left = width - MARGIN, last = -1;

	for (uint8_t keep = 1; keep < 64; keep++) {
		for (size_t i = 0; i < n_all; i++) {
			const struct field	*f = all[i].column.field;
			int			 want = all[i].column.cells;

			if (all[i].keep != keep)
				continue;
			if (want > left && is_text(f) && want > WORD_CELLS && left >= TEXT_CELLS_MIN)
				want = left;
			if (want > left)
				continue;
			cells[i] = want;
			left -= want + 1;
		}
	}
	for (size_t i = 0; i < n_all; i++) {
		if (cells[i] == 0)
			continue;
		if (is_text(all[i].column.field))
			last = (int)n;
		out[n] = all[i].column;
		out[n++].cells = cells[i];
	}
	if (last >= 0 && left > 0 && width < 1000)
		out[last].cells += left;
	return n;
}

/* An event's level as a glyph of device statuses; NULL for what is no level, or not worth one. */
static const struct glyph *
level_glyph(const struct list *l, const json_t *row, const struct field *f)
{
	const char	*level = json_string_value(json_object_get(row, f->name));

	if (strcmp(l->kind->name, "event") != 0 || strcmp(f->name, "level") != 0 || level == NULL)
		return NULL;
	return strcmp(level, "alert") == 0 ? glyph_of("UNREACHABLE") : strcmp(level, "warn") == 0 ? glyph_of("LAGGED") : NULL;
}

/* "in 12 s"; or what is waited for. */
static void
due_text(const struct list *l, const json_t *row, const struct field *f, char *buf, size_t size)
{
	int64_t	at;
	char	left[40];

	row_text(l->c, row, "_waits", buf, size);
	if (buf[0] != '\0' || clock_parse(json_string_value(json_object_get(row, f->name)), &at) != 0)
		return;
	console_span(at - l->c->wall_ms + 999, left, sizeof left);
	(void)snprintf(buf, size, at <= l->c->wall_ms ? "now" : "in %s", left);
}

/* Its text, and the glyph that gives it its colour; NULL: it has none. */
static const struct glyph *
cell(const struct list *l, const json_t *row, const struct column *column, int width, char *buf, size_t size)
{
	const struct field	*f = column->field;
	const json_t		*v = json_object_get(row, f->name);
	const struct glyph	*g = level_glyph(l, row, f);

	if (l->cell != NULL && l->cell(l, row, f, column->cells, buf, size, &g))
		return g;
	if (strcmp(f->name, "device_status") == 0) {
		if ((g = device_status_text(row, column->cells, buf, size)) == NULL)
			row_text(l->c, row, "_elsewhere", buf, size);
		return g;
	}
	if (g != NULL || (strcmp(l->kind->name, "event") == 0 && strcmp(f->name, "level") == 0)) {
		(void)snprintf(buf, size, "%s", g == NULL ? "" : g->glyph);
		return g;
	}
	if (f->flags & FF_DUE)
		due_text(l, row, f, buf, size);
	else if (f->type == FT_TIME && json_is_string(v))
		(void)console_time(l->c, json_string_value(v), (f->flags & FF_DATE) || column_cells(f, width) > CLOCK_MS_CELLS,
		    f->width == CLOCK_MS_CELLS || is_stamp(f), buf, size);
	else
		row_text(l->c, row, f->name, buf, size);
	if ((f->flags & FF_DATE) && column_cells(f, width) == DATE_CELLS && size > DATE_CELLS)
		buf[DATE_CELLS] = '\0';
	if (is_stamp(f) && size > STAMP_CELLS)
		buf[STAMP_CELLS] = '\0';
	return NULL;
}

static bool
is_number(const struct list *l, const struct field *f)
{
	return l->cell == NULL && (f->type == FT_NUM || f->type == FT_ID);
}

static void
heads(const struct list *l, int row, int col, const struct column columns[], size_t n)
{
	int	at = col + MARGIN;

	for (size_t i = 0; i < n; i++) {
		char		title[64];
		bool		sorted = strcmp(columns[i].field->name, l->sort) == 0;
		int		cells = columns[i].cells;
		const char	*arrow = sorted ? l->reverse ? " v" : " ^" : "";

		(void)snprintf(title, sizeof title, "%.*s%s", cells - (sorted ? 2 : 0), columns[i].title, arrow);
		if (is_number(l, columns[i].field))
			(void)screen_put(row, at + cells - text_width(title), cells, S_BOLD, title);
		else
			(void)screen_put(row, at, cells, S_BOLD, title);
		at += cells + 1;
	}
}

static void
row_paint(struct list *l, int64_t position, int row, int col, int width, const struct column columns[], size_t n, bool active)
{
	const char		*id = json_string_value(json_array_get(l->order, (size_t)(position - l->first)));
	const json_t		*r = id == NULL ? NULL : json_object_get(l->rows, id);
	bool			 here = position == l->top + l->line, marked = id != NULL && json_object_get(l->marks, id) != NULL;
	const struct glyph	*g;
	const char		*device = json_string_value(json_object_get(r, "device_status"));
	int			 at = col + MARGIN;
	char			 text[CELL];

	if (device == NULL)
		device = json_string_value(json_object_get(r, "_device"));
	if (device == NULL && l->looks != NULL && !list_has_column(l, kind_field(l->kind, "status")))
		device = json_string_value(json_object_get(r, "status"));
	if (here) {
		(void)screen_put(row, col, 1, S_BOLD, active ? ">" : " ");
		if (active)
			screen_cursor(row, col);
	}
	if (marked)
		(void)screen_put(row, col + 1, 1, S_BOLD, "*");
	if ((g = glyph_of(device)) != NULL)
		(void)screen_put(row, col + 2, 1, (enum style)g->style, g->glyph);
	for (size_t i = 0; i < n; i++) {
		const struct glyph	*tint = cell(l, r, &columns[i], width, text, sizeof text);
		int			 cells = columns[i].cells, used;
		enum style		 style = tint != NULL ? (enum style)tint->style : marked || (here && active) ? S_BOLD : S_PLAIN;

		used = text_width(text);
		(void)screen_put(row, is_number(l, columns[i].field) && used < cells ? at + cells - used : at, cells, style, text);
		at += cells + 1;
	}
}

void
list_paint_rows(struct list *l, int row, int col, int width, int lines, bool active)
{
	struct column	columns[LIST_COLUMNS];
	size_t		n = list_columns(l, width, columns);

	list_resize(l, lines);
	for (int i = 0; i < lines; i++)
		if (list_row_at(l, l->top + i) != NULL)
			row_paint(l, l->top + i, row + i, col, width, columns, n, active);
}

void
list_paint(struct list *l, int row, int col, int width, int lines, bool active)
{
	struct column	columns[LIST_COLUMNS];
	size_t		n = list_columns(l, width, columns);

	heads(l, row, col, columns, n);
	list_paint_rows(l, row + 1, col, width, lines, active);
}

/* A registration's status stands with its probes where they have a line of their own; that it is at another node, at the line's end. */
static bool
is_told(const json_t *r, const struct field *f)
{
	return strcmp(f->name, "device_status") == 0 &&
	    (json_object_get(r, "_elsewhere") != NULL || (screen_rows() >= DEVICE_LINE_ROWS && json_object_get(r, "_probe") != NULL));
}

/* A time of which its column shows what can be told at a glance. */
static bool
is_clock(const struct field *f)
{
	return f->type == FT_TIME && f->width == CLOCK_MS_CELLS;
}

/* Whether the columns show a field's whole value. */
static bool
is_shown(const struct list *l, const json_t *r, const struct field *f, int width, const struct column columns[], size_t n)
{
	char	text[CELL];

	for (size_t i = 0; i < n; i++) {
		if (columns[i].field != f || is_clock(f))
			continue;
		(void)cell(l, r, &columns[i], width, text, sizeof text);
		return text_width(text) <= columns[i].cells;
	}
	return false;
}

void
list_paint_detail(struct list *l, int row)
{
	const json_t		*r = list_row(l);
	const struct field	*name = kind_tag(l->kind, l->kind->name_tag);
	struct column		 columns[LIST_COLUMNS];
	int			 width = screen_cols();
	size_t			 n = list_columns(l, width, columns), at;
	char			 line[2 * CELL], text[CELL];

	if (r == NULL)
		return;
	row_text(l->c, r, name->name, text, sizeof text);
	at = (size_t)snprintf(line, sizeof line, "%s", text);
	for (size_t i = 0; i < l->kind->n_fields && at < sizeof line; i++) {
		const struct field	*f = &l->kind->fields[i];

		if (!list_has_column(l, f) || f == name || is_told(r, f) || is_shown(l, r, f, width, columns, n))
			continue;
		if (is_clock(f))
			(void)console_time(l->c, json_string_value(json_object_get(r, f->name)), true, true, text, sizeof text);
		else
			(void)cell(l, r, &(struct column){ .field = f, .cells = WIDE }, WIDE, text, sizeof text);
		if (text[0] != '\0')
			at += (size_t)snprintf(line + at, sizeof line - at, "  %s %s", f->title, text);
	}
	row_text(l->c, r, "_elsewhere", text, sizeof text);
	if (text[0] != '\0' && at < sizeof line)
		(void)snprintf(line + at, sizeof line - at, "  registered %s", text);
	(void)screen_put(row, 1, width - 1, S_PLAIN, line);
}
