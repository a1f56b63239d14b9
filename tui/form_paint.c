/*
 * How a form looks: a line a field, a list as many as it has, what is wrong under its line, and at the foot what the field is for.
 */
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "core/trunk.h"
#include "tui/app.h"
#include "tui/devices.h"
#include "tui/screen.h"

enum { LABEL_COL = 1, VALUE_COL = 19, VALUE_CELLS = 60, VALUE_CELLS_MIN = 30, REMARK_CELLS = 26, TOP = 3, ROWS_FOR_MORE = 20 };

/* Where the next line of the form goes. */
struct at {
	struct console	*c;
	int		 line;		/* of the whole form, from 0 */
};

/* Rows at the foot: what a field is for, a word or how it is changed, keys. */
static int
foot_rows(void)
{
	return screen_rows() >= ROWS_FOR_MORE ? 4 : 3;
}

static int
height(void)
{
	return screen_rows() - TOP - foot_rows();
}

/* The screen's row of the line, or -1: not in sight. */
static int
row_next(struct at *at)
{
	int	row = at->line++ - at->c->form.top;

	return row >= 0 && row < height() ? TOP + row : -1;
}

static const char *
title(const struct field *f)
{
	return strcmp(f->title, "En") == 0 ? "Enabled" : f->title;
}

/* What stands behind a field's value. */
static const char *
remark(const struct draft *d, int i)
{
	const struct draft_field	*ff = &d->fields[i];

	if (ff->fixed) {
		for (int k = 0; k < i; k++)
			if (d->fields[k].fixed)
				return "fixed";
		return "fixed: delete and re-create to change";
	}
	if (ff->again)
		return "the same again";
	if (ff->field->flags & FF_SECRET)
		return !d->adding ? "empty: keep" : ff->field->flags & FF_VIRTUAL ? "random: made for you" : "";
	if (d->adding && ff->field->tag == d->kind->name_tag && (ff->field->flags & FF_NEEDED) == 0)
		return "empty: a random number";
	return "";
}

static int
value_cells(const struct draft *d, int i)
{
	int	cells = screen_cols() - VALUE_COL - REMARK_CELLS;

	if (d->fields[i].fixed)
		return screen_cols() - VALUE_COL - 1;
	if (cells < VALUE_CELLS_MIN)	/* narrow: each as it can */
		cells = screen_cols() - VALUE_COL - 3 - text_width(remark(d, i));
	return cells > VALUE_CELLS ? VALUE_CELLS : cells;
}

/* A star for each character, and the cursor among them. */
static void
mask(const struct editor *e, struct editor *stars)
{
	size_t	n = 0, at = 0;

	editor_set(stars, "", EDITOR_MAX - 1);
	for (size_t i = 0; i < e->n; i++) {
		if (((unsigned char)e->text[i] & 0xc0) == 0x80)
			continue;
		at += i < e->at;
		stars->text[n++] = '*';
	}
	stars->text[n] = '\0';
	stars->n = n;
	stars->at = at;
}

/* One line of a field between its edges, '<' and '>' where more of it is hidden. */
static void
line_paint(struct at *at, int i, int line, int row)
{
	struct draft		*d = &at->c->form.draft;
	struct draft_field	*ff = &d->fields[i];
	struct editor		 stars;
	struct editor		*e = &ff->editor;
	int			 cells = value_cells(d, i), cursor = 0, used;
	bool			 here = i == d->at && line == editor_line_at(e), choice = draft_is_choice(d, i);
	size_t			 n, start = 0, fit;
	const char		*text;
	char			 value[3 * EDITOR_MAX], boxed[3 * EDITOR_MAX + 200], left = ff->fixed ? ' ' : choice ? '<' : '[';

	if ((ff->field->flags & FF_SECRET) && ((ff->field->flags & FF_VIRTUAL) == 0 || strcmp(e->text, "random") != 0)) {
		mask(e, &stars);
		e = &stars;
	}
	text = editor_line(e, line, &n);
	if (here) {
		start = editor_window(e, cells, screen_ascii(), &cursor) - (size_t)(text - e->text);
		left = start > 0 ? '<' : left;
	}
	text_safe(text + start, n - start, value, sizeof value, screen_ascii());
	if (n == 0 && ff->field->ref != NULL && !(ff->field->flags & FF_NEEDED))
		(void)snprintf(value, sizeof value, "%s", draft_nothing(d, i));
	fit = text_fit(value, cells, &used);
	(void)snprintf(boxed, sizeof boxed, "%c%.*s%*s%c", left, (int)fit, value, choice || ff->fixed ? 0 : cells - used, "",
	    ff->fixed ? ' ' : choice || value[fit] != '\0' ? '>' : ']');
	(void)screen_put(row, VALUE_COL - 1, cells + 2, here ? S_BOLD : S_PLAIN, boxed);
	cells = (ff->fixed ? used : cells) + 2;
	if (line == 0)
		(void)screen_put(row, VALUE_COL + cells, screen_cols() - VALUE_COL - cells, S_DIM, remark(d, i));
	if (here && at->c->prompt.kind == PROMPT_NONE)
		screen_cursor(row, VALUE_COL + cursor);
}

static void
clash_paint(struct at *at, const struct draft_field *ff)
{
	char	line[EDITOR_MAX + 100];
	int	row = row_next(at);

	if (row < 0)
		return;
	(void)snprintf(line, sizeof line, "F4 takes %s: %s", ff->theirs ? "yours" : "theirs", ff->theirs ? ff->yours : ff->now);
	(void)screen_put(row, 3, 2, S_LAGGED, "~");
	(void)screen_put_raw(row, 5, screen_cols() - 5, S_LAGGED, line);
}

static void
field_paint(struct at *at, int i)
{
	const struct draft		*d = &at->c->form.draft;
	const struct draft_field	*ff = &d->fields[i];
	int				 lines = editor_lines(&ff->editor), row;

	for (int line = 0; line < lines; line++) {
		if ((row = row_next(at)) >= 0) {
			if (line == 0 && draft_field_changed(d, i))
				(void)screen_put(row, 0, 1, S_BOLD, "*");
			if (line == 0)
				(void)screen_put(row, LABEL_COL, VALUE_COL - 2, i == d->at ? S_BOLD : S_PLAIN,
				    ff->again ? "Again" : title(ff->field));
			line_paint(at, i, line, row);
		}
		if (ff->why[0] == '\0' || ff->why_line != line || (row = row_next(at)) < 0)
			continue;
		(void)screen_put(row, 3, 2, S_BAD, "!");
		(void)screen_put_raw(row, 5, screen_cols() - 5, S_BAD, ff->why);
	}
	if (ff->clash)
		clash_paint(at, ff);
}

static int
field_lines(const struct draft *d, int i)
{
	const struct draft_field	*ff = &d->fields[i];

	return !draft_is_shown(d, i) ? 0 : editor_lines(&ff->editor) + (ff->why[0] != '\0') + ff->clash;
}

/* The cursor's line is in sight, with what is wrong with it. */
static void
scroll(struct form *f)
{
	struct draft	*d = &f->draft;
	int		 line = 0, all = 0;

	for (int i = 0; i < d->n; i++) {
		if (i == d->at)
			line = all + editor_line_at(&d->fields[i].editor);
		all += field_lines(d, i);
	}
	if (line + 2 > f->top + height())
		f->top = line + 2 - height();
	if (f->top > all - height())
		f->top = all - height();
	if (line < f->top)
		f->top = line;
	if (f->top < 0)
		f->top = 0;
}

static const char *
how_to(const struct draft *d)
{
	const struct draft_field	*ff = &d->fields[d->at];

	if (draft_is_choice(d, d->at))
		return draft_choices(d, d->at) > 2 ? "Space, the arrows or a first letter change it, F9 lists all" :
		    "Space, the arrows or a first letter change it";
	if (ff->editor.lines)
		return "Enter adds a line, F8 takes it away, PgUp and PgDn move it";
	return d->kind == &trunk_kind ? "F6 tests what stands here, saved or not" : "";
}

static void
foot_paint(struct console *c)
{
	const struct draft	*d = &c->form.draft;
	const struct field	*f = d->fields[d->at].field;
	const char		*how = how_to(d);
	int			 rows = foot_rows() - (c->message[0] != '\0' || how[0] != '\0' ? 2 : 1);
	char			 line[400];

	if (prompt_at_foot(c))
		return;
	(void)snprintf(line, sizeof line, "%s: %s", title(f), d->fields[d->at].again ? "The same again, so that no slip of the finger is saved." : f->help);
	screen_put_rows(screen_rows() - foot_rows(), rows, S_DIM, line);
	if (c->message[0] == '\0' && c->link.state == LINK_UP)
		(void)screen_put(screen_rows() - 2, 1, screen_cols() - 1, S_DIM, how);
}

/* What someone else made of it: field, yours, theirs, the chosen one marked. */
static void
compare_paint(struct console *c)
{
	struct draft	*d = &c->form.draft;
	int		 row = TOP + 2, half = (screen_cols() - VALUE_COL - 2) / 2, n = 0;
	char		 line[2 * EDITOR_MAX];

	(void)snprintf(line, sizeof line, "%.80s was changed by someone else meanwhile: choose", d->name);
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_BOLD, line);
	(void)screen_put(TOP, LABEL_COL + 2, VALUE_COL - 4, S_BOLD, "Field");
	(void)screen_put(TOP, VALUE_COL + 2, half, S_BOLD, "Yours");
	(void)screen_put(TOP, VALUE_COL + half + 2, half, S_BOLD, "Theirs");
	for (int i = 0; i < d->n; i++) {
		const struct draft_field	*ff = &d->fields[i];

		if (!ff->clash || row >= screen_rows() - foot_rows() - 1 || (n++, i < d->at && n > height()))
			continue;
		if (i == d->at) {
			(void)screen_put(row, 0, 1, S_BOLD, ">");
			screen_cursor(row, 0);
		}
		(void)screen_put(row, LABEL_COL + 2, VALUE_COL - 4, i == d->at ? S_BOLD : S_PLAIN, title(ff->field));
		(void)screen_put(row, ff->theirs ? VALUE_COL + half : VALUE_COL, 1, S_BOLD, "*");
		(void)screen_put_raw(row, VALUE_COL + 2, half - 3, ff->theirs ? S_PLAIN : S_BOLD, ff->yours[0] == '\0' ? "(empty)" : ff->yours);
		(void)screen_put_raw(row++, VALUE_COL + half + 2, half - 3, ff->theirs ? S_BOLD : S_PLAIN, ff->now[0] == '\0' ? "(empty)" : ff->now);
	}
	if (prompt_at_foot(c))
		return;
	(void)snprintf(line, sizeof line, "%s: %s / %s", title(d->fields[d->at].field), d->fields[d->at].yours, d->fields[d->at].now);
	(void)screen_put_raw(screen_rows() - 3, 1, screen_cols() - 1, S_DIM, line);
	if (c->message[0] == '\0')
		(void)screen_put(screen_rows() - 2, 1, screen_cols() - 1, S_DIM,
		    "y yours, t theirs, Space the other; F2 saves; Esc the form");
}

/* What the account's devices are, the best of them; nothing to be typed. */
static void
device_paint(const struct form *f)
{
	char			 status[64], line[80];
	const char		*elsewhere = json_string_value(json_object_get(f->account, "_elsewhere"));
	const struct glyph	*g = device_status_text(f->account, sizeof status, status, sizeof status);

	if (f->account == NULL)
		return;
	(void)screen_put(TOP - 1, LABEL_COL, VALUE_COL - 2, S_DIM, kind_field(f->draft.kind, "device_status")->title);
	if (g != NULL) {
		(void)snprintf(line, sizeof line, "%s %s", g->glyph, status);
		(void)screen_put(TOP - 1, VALUE_COL, screen_cols() - VALUE_COL, (enum style)g->style, line);
	} else if (elsewhere != NULL) {
		(void)screen_put_raw(TOP - 1, VALUE_COL, screen_cols() - VALUE_COL, S_DIM, elsewhere);
	} else
		(void)screen_put(TOP - 1, VALUE_COL, screen_cols() - VALUE_COL, S_DIM, "no status");
}

void
form_paint(struct console *c)
{
	struct form	*f = &c->form;
	struct draft	*d = &f->draft;
	struct at	 at = { .c = c };
	int		 creation = draft_find(d, "creation");
	char		 head[300];
	bool		 wizard = d->adding && creation >= 0 && strcmp(d->fields[creation].editor.text, "wizard") == 0;

	if (f->comparing) {
		compare_paint(c);
		return;
	}
	(void)snprintf(head, sizeof head, "%s %.130s%s%s%s%s", d->adding ? "New" : "Edit", d->adding && !f->gone ? d->kind->name : d->name,
	    wizard ? ", by wizard: not enabled until it is activated" : "", f->gone ? " (it was deleted meanwhile)" : "",
	    form_changed(f) ? "   * changed" : "", f->saving ? "   saving" : "");
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_BOLD, head);
	device_paint(f);
	scroll(f);
	for (int i = 0; i < d->n; i++)
		if (draft_is_shown(d, i))
			field_paint(&at, i);
	foot_paint(c);
}
