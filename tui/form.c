#include "tui/form.h"

#include <stdio.h>
#include <string.h>

#include "core/account.h"
#include "core/text.h"
#include "tui/app.h"
#include "tui/screen.h"

enum { LABEL_COL = 1, VALUE_COL = 19, VALUE_CELLS = 60, REMARK_CELLS = 29 };

static bool
is_choice(const struct field *f)
{
	return f->type == FT_BOOL || f->type == FT_ENUM || f->type == FT_REF;
}

/* What stands in a new record's field. */
static const char *
initial(const struct field *f, const char *group)
{
	if (f->type == FT_REF)
		return group;
	if (f->type == FT_BOOL)
		return "yes";
	if (f->type == FT_ENUM)
		return f->words[0];
	if (f->type == FT_NUM)
		return f->words != NULL ? f->words[1] : "10";
	return "";
}

static void
on_groups(void *arg, const json_t *m)
{
	struct console	*c = arg;
	struct form	*f = &c->form;
	const char	*name = json_string_value(json_object_get(json_object_get(m, "row"), "name"));

	if (name != NULL && f->n_groups < FORM_CHOICES)
		(void)snprintf(f->groups[f->n_groups++], sizeof f->groups[0], "%s", name);
	for (int i = 0; name != NULL && f->adding && i < f->n; i++) {
		struct form_field	*ff = &f->fields[i];

		if (ff->field->type != FT_REF || ff->editor.n > 0)
			continue;	/* no group was looked at: the first one */
		(void)snprintf(ff->was, sizeof ff->was, "%s", name);
		editor_set(&ff->editor, name, EDITOR_MAX - 1);
	}
	c->wants_frame = true;
}

void
form_begin(struct console *c, const struct kind *k, const json_t *record, json_int_t version, const char *group)
{
	struct form	*f = &c->form;

	memset(f, 0, sizeof *f);
	f->kind = k;
	f->open = true;
	f->adding = record == NULL;
	f->version = version;
	for (size_t i = 0; i < k->n_fields && f->n < FORM_FIELDS; i++) {
		struct form_field	*ff = &f->fields[f->n];
		const struct field	*field = &k->fields[i];

		if ((field->flags & FF_FORM) == 0)
			continue;
		ff->field = field;
		ff->fixed = !f->adding && (field->flags & FF_ONCE);
		if (f->adding)
			(void)snprintf(ff->was, sizeof ff->was, "%s", initial(field, group));
		else if (record != NULL && json_is_boolean(json_object_get(record, field->name)))
			(void)snprintf(ff->was, sizeof ff->was, "%s", json_is_true(json_object_get(record, field->name)) ? "yes" : "no");
		else if (record != NULL && json_is_integer(json_object_get(record, field->name)))
			(void)snprintf(ff->was, sizeof ff->was, "%d", (int)json_integer_value(json_object_get(record, field->name)));
		else if (record != NULL && json_is_string(json_object_get(record, field->name)))
			(void)snprintf(ff->was, sizeof ff->was, "%s", json_string_value(json_object_get(record, field->name)));
		editor_set(&ff->editor, ff->was, field->size - 1u);
		if (field->tag == k->name_tag)
			(void)snprintf(f->name, sizeof f->name, "%s", ff->was);
		f->n++;
	}
	while (f->at < f->n - 1 && f->fields[f->at].fixed)
		f->at++;
	if (k == &account_kind)
		(void)link_ask(&c->link, json_pack("{s:s}", "do", "group list"), LINK_ROWS, on_groups, c, c->now_ms);
	if (f->adding)
		(void)snprintf(f->place, sizeof f->place, "New %s", k->name);
	else
		(void)snprintf(f->place, sizeof f->place, "%s%sEdit", c->pane == &pane_account ? "" : f->name, c->pane == &pane_account ? "" : " > ");
	console_enter(c, &pane_form);
}

static bool
field_changed(const struct form *f, int i)
{
	return strcmp(f->fields[i].editor.text, f->fields[i].was) != 0;
}

bool
form_changed(const struct form *f)
{
	for (int i = 0; f->open && i < f->n; i++)
		if (field_changed(f, i))
			return true;
	return false;
}

static void
leave(struct console *c)
{
	explicit_bzero(c->form.fields, sizeof c->form.fields);
	c->form.open = false;
	console_back(c);
}

/* The daemon names a field: the cursor goes there, with what is wrong. */
static bool
field_refused(struct console *c, const json_t *error)
{
	struct form	*f = &c->form;
	const char	*field = json_string_value(json_object_get(error, "field"));
	const char	*text = json_string_value(json_object_get(error, "text"));

	for (int i = 0; field != NULL && i < f->n; i++) {
		size_t	n = strlen(field);

		if (strcmp(f->fields[i].field->name, field) != 0)
			continue;
		if (text != NULL && strncmp(text, field, n) == 0 && text[n] == ':')
			text += n + 2;
		(void)snprintf(f->fields[i].why, FORM_WHY, "%s", text == NULL ? "not valid" : text);
		f->at = i;
		return true;
	}
	return false;
}

static void
on_version(void *arg, const json_t *m)
{
	struct console	*c = arg;

	c->form.saving = false;
	if (m != NULL && json_object_get(m, "error") != NULL)
		(void)console_refused(c, m);	/* it is gone */
	else if (m != NULL)
		c->form.version = json_integer_value(json_object_get(m, "version"));
	c->wants_frame = true;
}

/* Someone else changed the record: each field that differs is shown with what it is now.  Saving again begins from there. */
static void
conflict(struct console *c, const json_t *error)
{
	struct form	*f = &c->form;
	const char	*name;
	json_t		*fields = json_object_get(error, "fields"), *v;
	char		 what[64];

	json_object_foreach(fields, name, v) {
		const char	*now = json_string_value(json_object_get(v, "now"));

		for (int i = 0; i < f->n; i++) {
			if (strcmp(f->fields[i].field->name, name) != 0)
				continue;
			(void)snprintf(f->fields[i].why, FORM_WHY, "someone else made it: %s", now == NULL || now[0] == '\0' ? "(empty)" : now);
			(void)snprintf(f->fields[i].was, sizeof f->fields[i].was, "%s", now == NULL ? "" : now);
			f->at = i;
		}
	}
	console_say(c, true, "changed by someone else meanwhile; F2 saves yours over it, Esc leaves it");
	(void)snprintf(what, sizeof what, "%s show", f->kind->name);
	f->saving = console_ask(c, json_pack("{s:s, s:s}", "do", what, "name", f->name), on_version, c);
}

static void
on_saved(void *arg, const json_t *m)
{
	struct console	*c = arg;
	const json_t	*error = json_object_get(m, "error");
	const char	*code = json_string_value(json_object_get(error, "code"));
	const char	*password = json_string_value(json_object_get(m, "password"));

	c->form.saving = false;
	if (!c->form.open)
		return;
	if (m != NULL && error != NULL) {
		if (code != NULL && strcmp(code, "conflict") == 0 && json_object_get(error, "fields") != NULL)
			conflict(c, error);
		else if (!field_refused(c, error))
			(void)console_refused(c, m);
		c->wants_frame = true;
		return;
	}
	if (console_refused(c, m))
		return;
	leave(c);
	if (password != NULL)
		console_say(c, false, "saved; the password is %s (shown this once)", password);
	else
		console_say(c, false, "saved");
	c->wants_frame = true;
}

static void
save(struct console *c)
{
	struct form	*f = &c->form;
	json_t		*set = json_object(), *was = json_object(), *r;
	char		 what[64];

	if (f->saving || !console_may_write(c)) {
		json_decref(set);
		json_decref(was);
		return;
	}
	for (int i = 0; i < f->n; i++) {
		struct form_field	*ff = &f->fields[i];

		ff->why[0] = '\0';
		if (ff->fixed || (!f->adding && !field_changed(f, i)) || (f->adding && ff->editor.n == 0))
			continue;
		if (f->adding && ff->field->tag == f->kind->name_tag) {
			(void)snprintf(f->name, sizeof f->name, "%s", ff->editor.text);
			continue;
		}
		(void)json_object_set_new(set, ff->field->name, json_string(ff->editor.text));
		if (!f->adding && (ff->field->flags & FF_SECRET) == 0)
			(void)json_object_set_new(was, ff->field->name, json_string(ff->was));
	}
	(void)snprintf(what, sizeof what, "%s %s", f->kind->name, f->adding ? "add" : "set");
	r = json_pack("{s:s, s:s, s:o}", "do", what, "name", f->name, "set", set);
	if (!f->adding && f->version > 0)
		(void)json_object_set_new(r, "version", json_integer(f->version));
	if (!f->adding && f->version > 0)
		(void)json_object_set(r, "was", was);
	json_decref(was);
	f->saving = console_ask(c, r, on_saved, c);
}

static void
choose(struct console *c, int step)
{
	struct form_field	*ff = &c->form.fields[c->form.at];
	const char		*choices[FORM_CHOICES] = { "no", "yes" };
	int			 n = 2, now = -1;

	if (ff->field->type == FT_ENUM)
		for (n = 0; ff->field->words[n] != NULL && n < FORM_CHOICES; n++)
			choices[n] = ff->field->words[n];
	if (ff->field->type == FT_REF)
		for (n = 0; n < c->form.n_groups; n++)
			choices[n] = c->form.groups[n];
	for (int i = 0; i < n; i++)
		if (strcmp(choices[i], ff->editor.text) == 0)
			now = i;
	if (n > 0)
		editor_set(&ff->editor, choices[(now + step + n) % n], EDITOR_MAX - 1);
	else
		console_say(c, true, "there is no %s yet: make one first", ff->field->ref == NULL ? "choice" : ff->field->ref);
}

static void
move(struct form *f, int step)
{
	int	at = f->at;

	for (int i = 0; i < f->n; i++) {
		at = (at + step + f->n) % f->n;
		if (!f->fields[at].fixed)
			break;
	}
	f->at = at;
}

static void
on_leave(struct console *c, const char *text)
{
	(void)text;
	leave(c);
}

static bool
act(struct console *c, const struct action_row *a)
{
	struct form	*f = &c->form;

	switch (a->action) {
	case ACT_SAVE:
		save(c);
		return true;
	case ACT_CANCEL:
		if (f->saving)
			console_say(c, true, "it is being saved: wait for the answer");
		else if (form_changed(f))
			(void)prompt_yes(c, "Leave without saving what you changed? y", NULL, on_leave);
		else
			leave(c);
		return true;
	case ACT_NEXT_FIELD:
		move(f, 1);
		return true;
	case ACT_PREV_FIELD:
		move(f, -1);
		return true;
	default:
		return false;
	}
}

/* Text goes into fields before any key is an action. */
static bool
key(struct console *c, int k)
{
	struct form		*f = &c->form;
	struct form_field	*ff = &f->fields[f->at];

	if (k == K_PASTE) {
		if (!is_choice(ff->field) && !ff->fixed && !f->saving)
			(void)editor_insert(&ff->editor, c->keys.paste_code);
		return true;
	}
	if (k == K_TAB || k == K_ENTER || k == K_ESC || k == K_UP || k == K_DOWN || k == K_BACKTAB || k >= K_F0 || k == ('c' & 0x1f))
		return false;
	if (f->saving && (k >= ' ' || k == K_BACKSPACE))
		return true;	/* what was sent is what stands there */
	if (is_choice(ff->field)) {
		if (k == ' ' || k == K_RIGHT)
			choose(c, 1);
		if (k == K_LEFT)
			choose(c, -1);
		return k >= ' ';
	}
	if (ff->fixed)
		return false;
	if (k >= 0x20 && k < K_UP && k != K_BACKSPACE) {
		if (!editor_insert(&ff->editor, (uint32_t)k))
			(void)snprintf(ff->why, FORM_WHY, "full: at most %zu bytes", ff->editor.max);
		return true;
	}
	return editor_key(&ff->editor, k);
}

/* What stands behind a field's value. */
static const char *
remark(const struct form *f, int i)
{
	const struct form_field	*ff = &f->fields[i];

	if (ff->fixed) {
		for (int k = 0; k < i; k++)
			if (f->fields[k].fixed)
				return "fixed";
		return "fixed: delete and re-create to change";
	}
	if (ff->field->flags & FF_SECRET)
		return f->adding ? "random: made for you" : "empty: keep";
	return "";
}

static void
field_paint(struct console *c, int i, int row)
{
	struct form_field	*ff = &c->form.fields[i];
	const struct field	*fd = ff->field;
	char			 value[EDITOR_MAX], boxed[EDITOR_MAX + 8];
	int			 cells = screen_cols() - VALUE_COL - REMARK_CELLS, cursor = 0, used;
	bool			 here = i == c->form.at;
	const char		*edges = ff->fixed ? "  " : is_choice(fd) ? "<>" : "[]";
	size_t			 start, n;

	cells = cells > VALUE_CELLS ? VALUE_CELLS : cells;
	start = editor_window(&ff->editor, cells, &cursor);
	if (field_changed(&c->form, i))
		(void)screen_put(row, 0, 1, S_BOLD, "*");
	(void)screen_put(row, LABEL_COL, VALUE_COL - 2, here ? S_BOLD : S_PLAIN,
	    fd->type == FT_BOOL && strcmp(fd->title, "En") == 0 ? "Enabled" : fd->title);
	text_safe(ff->editor.text + start, ff->editor.n - start, value, sizeof value, screen_ascii());
	if ((fd->flags & FF_SECRET) && strcmp(ff->editor.text, "random") != 0)
		memset(value, '*', strlen(value));
	n = text_fit(value, cells, &used);
	(void)snprintf(boxed, sizeof boxed, "%c%.*s%*s%c", edges[0], (int)n, value, is_choice(fd) ? 0 : cells - used, "", edges[1]);
	(void)screen_put(row, VALUE_COL - 1, cells + 2, here ? S_BOLD : S_PLAIN, boxed);
	cells = ff->fixed ? used + 2 : cells + 2;
	(void)screen_put(row, VALUE_COL + cells, screen_cols() - VALUE_COL - cells, S_DIM, remark(&c->form, i));
	if (here && c->prompt.kind == PROMPT_NONE)
		screen_cursor(row, VALUE_COL + cursor);
}

static void
paint(struct console *c)
{
	struct form	*f = &c->form;
	int		 row = 3, lines = screen_rows() - 6;
	char		 head[200];

	(void)snprintf(head, sizeof head, "%s %s%s%s", f->adding ? "New" : "Edit", f->adding ? f->kind->name : f->name,
	    form_changed(f) ? "   * changed" : "", f->saving ? "   saving" : "");
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_BOLD, head);
	if (f->at < f->top)
		f->top = f->at;
	if (f->at >= f->top + lines - 2)
		f->top = f->at - lines + 3;
	for (int i = f->top; i < f->n && row < screen_rows() - 3; i++) {
		field_paint(c, i, row++);
		if (f->fields[i].why[0] != '\0' && row < screen_rows() - 3) {
			(void)screen_put(row, 3, 2, S_BAD, "!");
			(void)screen_put_raw(row++, 5, screen_cols() - 5, S_BAD, f->fields[i].why);
		}
	}
	(void)snprintf(head, sizeof head, "%s: %s", f->fields[f->at].field->title, f->fields[f->at].field->help);
	(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_DIM, head);
}

static const char *
place(const struct console *c)
{
	return c->form.place;
}

const struct pane	pane_form = { .bit = P_FORM, .place = "", .what = place, .paint = paint, .act = act, .key = key };
