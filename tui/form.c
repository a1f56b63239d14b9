#include "tui/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/account.h"
#include "core/text.h"
#include "tui/app.h"
#include "tui/screen.h"

enum { EARLY_MENU = -2 };	/* for the early key: the menu of choices is to open */

static const char *
name_field(const struct kind *k)
{
	return kind_tag(k, k->name_tag)->name;
}

static bool	choice_key(struct console *, int);
static void	choice_menu(struct console *);

static bool
refers_to(const struct draft_field *ff, const char *kind)
{
	return ff->field->ref != NULL && strcmp(ff->field->ref, kind) == 0;
}

/* All names are here: what was typed before they were is done now. */
static void
names_end(struct console *c, int i)
{
	struct form	*f = &c->form;
	int		 k = f->early_key;

	f->draft.fields[i].listed = true;
	if (k == 0 || f->early_at != i)
		return;
	f->early_key = 0;
	if (f->draft.at != i)
		return;
	if (k != EARLY_MENU)
		(void)choice_key(c, k);
	else if (c->pane == &pane_form && c->prompt.kind == PROMPT_NONE && !f->saving && !f->comparing)
		choice_menu(c);
}

/* Whether a choice waits for its names; then so does the key. */
static bool
is_early(struct form *f, int k)
{
	const struct draft_field	*ff = &f->draft.fields[f->draft.at];

	if (ff->field->ref == NULL || ff->listed)
		return false;
	f->early_key = k;
	f->early_at = f->draft.at;
	return true;
}

/* The names that a reference may be, as they come.  Where the link was lost before the last one, they are asked for anew. */
static void
on_name(struct console *c, const char *kind, const json_t *m)
{
	struct draft	*d = &c->form.draft;
	const char	*name = json_string_value(json_object_get(json_object_get(m, "row"), "name"));

	for (int i = 0; c->form.open && i < d->n; i++) {
		if (!refers_to(&d->fields[i], kind))
			continue;
		if (name != NULL)
			draft_name_add(d, i, name);
		else if (m != NULL)
			names_end(c, i);
		if (m == NULL) {
			d->fields[i].asked = d->fields[i].listed = false;
			d->fields[i].n_names = 0;
		}
	}
	c->wants_frame = true;
}

static void
on_group(void *arg, const json_t *m)
{
	on_name(arg, "group", m);
}

static void
on_profile(void *arg, const json_t *m)
{
	on_name(arg, "profile", m);
}

static const struct {
	const char	*kind, *list;
	link_fn		 fn;
} referred[] = {
	{ "group", "group list", on_group }, { "profile", "profile list", on_profile },
};

/* Asks for the names that are not here yet; also when the link is back. */
static void
names_ask(struct console *c)
{
	struct draft	*d = &c->form.draft;

	for (size_t k = 0; k < sizeof referred / sizeof referred[0]; k++) {
		bool	wanted = false;

		for (int i = 0; i < d->n; i++) {
			struct draft_field	*ff = &d->fields[i];

			if (!refers_to(ff, referred[k].kind) || ff->asked)
				continue;
			wanted = ff->asked = true;
			if ((ff->field->flags & FF_NEEDED) == 0)
				draft_name_add(d, i, "");
		}
		if (wanted)
			(void)link_ask(&c->link, json_pack("{s:s}", "do", referred[k].list), LINK_ROWS, referred[k].fn, c, c->now_ms);
	}
}

static void
on_account(void *arg, const json_t *m)
{
	struct console	*c = arg;
	struct form	*f = &c->form;
	json_t		*account = json_object_get(m, "ok"), *registration, *elsewhere;
	const char	*name = json_string_value(json_object_get(account, name_field(&account_kind)));
	size_t		 i;

	f->account_asked = false;
	if (!f->open || f->draft.kind != &account_kind || name == NULL || strcmp(name, f->draft.name) != 0)
		return;
	json_decref(f->account);
	f->account = json_copy(account);
	json_array_foreach(json_object_get(m, "registrations"), i, registration)
		if ((elsewhere = json_object_get(registration, "_elsewhere")) != NULL)
			(void)json_object_set(f->account, "_elsewhere", elsewhere);
	c->wants_frame = true;
}

/* What the record's devices are changes while it is edited: it is asked for anew as long as the form is shown. */
static void
account_ask(struct console *c)
{
	struct form	*f = &c->form;

	if (f->open && !f->draft.adding && f->draft.kind == &account_kind && !f->account_asked)
		f->account_asked = link_ask(&c->link, json_pack("{s:s, s:s}", "do", "account show", "name", f->draft.name), LINK_ONE,
		    on_account, c, c->now_ms) >= 0;
}

static void
form_open(struct console *c)
{
	names_ask(c);
	account_ask(c);
}

void
form_begin(struct console *c, const struct kind *k, const json_t *record, json_int_t version, const char *group)
{
	struct form	*f = &c->form;
	bool		 named = c->pane != &pane_account;

	form_clear(f);
	draft_begin(&f->draft, k, record, version, group);
	f->open = true;
	if (f->draft.adding)
		(void)snprintf(f->place, sizeof f->place, "New %s", k->name);
	else
		(void)snprintf(f->place, sizeof f->place, "%.80s%sEdit", named ? f->draft.name : "", named ? " > " : "");
	console_enter(c, &pane_form);
}

void
form_preset(struct console *c, const char *field, const char *value)
{
	struct draft	*d = &c->form.draft;
	int		 i = draft_find(d, field);

	if (i < 0)
		return;
	draft_set(d, i, value);
	(void)snprintf(d->fields[i].was, sizeof d->fields[i].was, "%s", value);
}

bool
form_changed(const struct form *f)
{
	return f->open && (f->gone || draft_changed(&f->draft));
}

void
form_clear(struct form *f)
{
	draft_clear(&f->draft);
	json_decref(f->account);
	explicit_bzero(f, sizeof *f);
}

static void
leave(struct console *c)
{
	form_clear(&c->form);
	console_back(c);
}

/* Somebody deleted it meanwhile: what was typed is kept, so that it can be made again. */
static void
gone(struct console *c)
{
	struct form	*f = &c->form;

	f->gone = true;
	f->comparing = false;
	draft_gone(&f->draft);
	console_say(c, true, "%.80s was deleted meanwhile: F2 makes it again from this%s, Esc leaves it", f->draft.name,
	    draft_find(&f->draft, "password") < 0 ? "" : " (its password is to be typed anew)");
}

static bool
is_code(const json_t *error, const char *code)
{
	const char	*s = json_string_value(json_object_get(error, "code"));

	return s != NULL && strcmp(s, code) == 0;
}

/* How the record is now, after a conflict: what was not changed here is shown as it is. */
static void
on_now(void *arg, const json_t *m)
{
	struct console	*c = arg;

	if (!c->form.open || c->form.draft.adding || m == NULL)
		return;
	if (is_code(json_object_get(m, "error"), "not-found"))
		gone(c);
	else if (json_object_get(m, "ok") != NULL)
		draft_refresh(&c->form.draft, json_object_get(m, "ok"), json_integer_value(json_object_get(m, "version")));
	c->wants_frame = true;
}

/* Someone else changed it: each field that differs is shown with both values.  Saving again begins from theirs. */
static void
conflict(struct console *c, const json_t *error)
{
	struct form	*f = &c->form;
	char		 what[64];

	if (draft_conflict(&f->draft, json_object_get(error, "fields")) == 0) {
		console_say(c, true, "changed by someone else meanwhile");
		return;
	}
	f->comparing = true;
	(void)snprintf(what, sizeof what, "%s show", f->draft.kind->name);
	(void)console_ask(c, json_pack("{s:s, s:s}", "do", what, "name", f->draft.name), on_now, c);
}

static void
refused(struct console *c, const json_t *m)
{
	const json_t	*error = json_object_get(m, "error");

	c->form.comparing = false;
	if (is_code(error, "conflict") && json_object_get(error, "fields") != NULL)
		conflict(c, error);
	else if (is_code(error, "not-found") && !c->form.draft.adding && json_object_get(error, "field") == NULL)
		gone(c);
	else if (!draft_refused(&c->form.draft, error))
		(void)console_refused(c, m);
}

static void
on_saved(void *arg, const json_t *m)
{
	struct console	*c = arg;
	struct form	*f = &c->form;
	const char	*password = json_string_value(json_object_get(m, "password")), *text;
	const char	*note = json_string_value(json_object_get(m, "note"));
	char		 name[DRAFT_NAME], title[200];

	f->saving = false;
	if (!f->open)
		return;
	c->wants_frame = true;
	if (m != NULL && json_object_get(m, "error") != NULL) {
		refused(c, m);
		return;
	}
	if (console_refused(c, m))
		return;
	text = json_string_value(json_object_get(json_object_get(m, "ok"), name_field(f->draft.kind)));
	(void)snprintf(name, sizeof name, "%s", text == NULL ? f->draft.name : text);
	leave(c);
	if (password != NULL) {
		(void)snprintf(title, sizeof title, "The password of %.100s; it is shown this once:", name);
		prompt_note(c, title, password);
	}
	console_say(c, note != NULL, "saved: %.100s%s%s", name, note == NULL ? "" : "; ", note == NULL ? "" : note);
}

static void
save(struct console *c)
{
	struct form	*f = &c->form;

	if (f->saving || !console_may_write(c))
		return;
	if (!draft_check_all(&f->draft)) {
		f->comparing = false;
		return;
	}
	f->saving = console_ask(c, draft_request(&f->draft), on_saved, c);
}

static void
on_leave(struct console *c, const char *text)
{
	(void)text;
	leave(c);
}

static void
cancel(struct console *c)
{
	struct form	*f = &c->form;

	if (f->saving)
		console_say(c, true, "it is being saved: wait for the answer");
	else if (f->comparing)
		f->comparing = false;
	else if (form_changed(f))
		(void)prompt_yes(c, "Leave without saving what you changed? y", NULL, on_leave);
	else
		leave(c);
}

static void
no_choice(struct console *c)
{
	const char	*ref = c->form.draft.fields[c->form.draft.at].field->ref;

	console_say(c, true, "there is no %s yet: make one first", ref == NULL ? "choice" : ref);
}

static const char *
choice_item(struct console *c, int i)
{
	const char	*choice = draft_choice(&c->form.draft, c->form.draft.at, i);

	return choice[0] == '\0' ? draft_nothing(&c->form.draft, c->form.draft.at) : choice;
}

static void
choice_done(struct console *c, const char *text)
{
	struct draft	*d = &c->form.draft;

	draft_set(d, d->at, draft_choice(d, d->at, atoi(text)));
}

static void
choice_menu(struct console *c)
{
	struct draft	*d = &c->form.draft;
	int		 n = draft_choices(d, d->at), at = 0;

	if (!draft_is_choice(d, d->at) || d->fields[d->at].fixed || is_early(&c->form, EARLY_MENU))
		return;
	if (n == 0) {
		no_choice(c);
		return;
	}
	while (at < n && strcmp(draft_choice(d, d->at, at), d->fields[d->at].editor.text) != 0)
		at++;
	prompt_choose(c, d->fields[d->at].field->title, choice_item, n, at, choice_done);
}

static void
next_clash(struct draft *d, int step)
{
	int	at = d->at;

	do
		at = (at + step + d->n) % d->n;
	while (!d->fields[at].clash && at != d->at);
	d->at = at;
}

static void
move(struct form *f, int step)
{
	if (f->comparing)
		next_clash(&f->draft, step);
	else
		draft_move(&f->draft, step);
}

static bool
act(struct console *c, const struct action_row *a)
{
	struct form		*f = &c->form;
	struct draft_field	*ff = &f->draft.fields[f->draft.at];
	bool			 list = ff->editor.lines && !f->saving && !f->comparing;

	switch (a->action) {
	case ACT_SAVE: save(c); return true;
	case ACT_CANCEL: cancel(c); return true;
	case ACT_TEST_FORM:
		trunk_test_form(c);
		return true;
	case ACT_NEXT_FIELD: move(f, 1); return true;
	case ACT_PREV_FIELD: move(f, -1); return true;
	case ACT_CHOICES:
		if (!f->saving && !f->comparing)
			choice_menu(c);
		return true;
	case ACT_TAKE_THEIRS:
		if (!f->saving)
			draft_take(&f->draft, f->draft.at, !ff->theirs);
		return true;
	case ACT_LINE_ADD:
		if (list) {
			(void)editor_key(&ff->editor, K_END);
			(void)editor_line_break(&ff->editor);
		}
		return true;
	case ACT_LINE_REMOVE:
		if (list) {
			editor_line_remove(&ff->editor);
			ff->why[0] = '\0';
		}
		return true;
	case ACT_LINE_UP:
	case ACT_LINE_DOWN:
		if (list && editor_line_move(&ff->editor, a->action == ACT_LINE_UP ? -1 : 1))
			ff->why[0] = '\0';
		return true;
	default:
		return false;
	}
}

/* A conflict: nothing is typed, one of two is chosen. */
static bool
clash_key(struct console *c, int k)
{
	struct draft	*d = &c->form.draft;

	if (k == ' ' || k == K_LEFT || k == K_RIGHT || k == 'y' || k == 't')
		draft_take(d, d->at, k == 't' || (k != 'y' && !d->fields[d->at].theirs));
	return k != K_TAB && k != K_ENTER && k != K_UP && k != K_DOWN && k >= ' ' && k < K_UP;
}

static bool
choice_key(struct console *c, int k)
{
	struct draft	*d = &c->form.draft;
	int		 step = k == K_LEFT ? -1 : 1;
	bool		 chooses = k >= ' ' && k < K_F0 && k != K_UP && k != K_DOWN && k != K_BACKTAB && k != K_PGUP && k != K_PGDN;

	if (chooses && is_early(&c->form, k))
		return true;
	if (k == ' ' || k == K_RIGHT || k == K_LEFT) {
		if (!draft_choose(d, step))
			no_choice(c);
	} else if (k > ' ' && k < K_UP && k != K_BACKSPACE) {
		(void)draft_choose_letter(d, (uint32_t)k);
	}
	return chooses;
}

/* Enter in a list begins a line; on an empty one it takes that away and goes on. */
static bool
list_enter(struct form *f)
{
	struct editor	*e = &f->draft.fields[f->draft.at].editor;
	size_t		 n;

	(void)editor_line(e, editor_line_at(e), &n);
	if (n > 0 || e->text_lines)
		return editor_line_break(e);
	editor_line_remove(e);
	return false;
}

static bool
text_key(struct console *c, int k, bool pasted)
{
	struct form		*f = &c->form;
	struct draft_field	*ff = &f->draft.fields[f->draft.at];
	char			 before[EDITOR_MAX];
	bool			 taken = true;

	memcpy(before, ff->editor.text, ff->editor.n + 1);
	if (ff->editor.lines && pasted && k == ' ' && (!ff->editor.text_lines || c->keys.paste_line))
		taken = editor_line_break(&ff->editor);
	else if (ff->editor.lines && k == K_ENTER)
		taken = list_enter(f);
	else if (k >= 0x20 && k < K_UP && k != K_BACKSPACE) {
		if (!editor_insert(&ff->editor, (uint32_t)k) && ff->editor.n + 4 > ff->editor.max)
			console_say(c, true, "full: at most %zu bytes", ff->editor.max);
	} else
		taken = editor_key(&ff->editor, k);
	if (strcmp(before, ff->editor.text) != 0)
		ff->why[0] = '\0';	/* it was about what stood there */
	explicit_bzero(before, sizeof before);
	return taken;
}

/* Text goes into fields before any key is an action. */
static bool
key(struct console *c, int k)
{
	struct form	*f = &c->form;
	struct draft	*d = &f->draft;

	if (k == K_TAB || k == K_ESC || k == K_BACKTAB || k >= K_F0 || k == ('c' & 0x1f))
		return false;
	if (f->comparing)
		return clash_key(c, k);
	if (k == K_PASTE) {
		if (draft_takes_text(d, d->at) && !f->saving)
			(void)text_key(c, (int)c->keys.paste_code, true);
		return true;
	}
	if (f->saving && (k >= ' ' || k < 0x20) && k != K_UP && k != K_DOWN && k != K_ENTER)
		return k != ('l' & 0x1f) && k != ('z' & 0x1f);	/* what was sent is what stands there */
	if (draft_is_choice(d, d->at))
		return choice_key(c, k);
	return draft_takes_text(d, d->at) && text_key(c, k, false);
}

static const char *
place(const struct console *c)
{
	return c->form.place;
}

const struct pane	pane_form = { .bit = P_FORM, .place = "", .what = place, .open = form_open, .tick = account_ask, .paint = form_paint, .act = act, .key = key };
