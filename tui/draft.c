#include "tui/draft.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/account.h"
#include "core/command.h"
#include "core/group.h"
#include "core/licence.h"
#include "core/profile.h"
#include "core/text.h"
#include "core/trunk.h"

enum { NAMES_STEP = 64 };

static const char	random_word[] = "random";

/* What stands in a new record's field. */
static void
initial(const struct kind *k, const struct field *f, const char *group, char buf[EDITOR_MAX])
{
	union {
		struct account	account;
		struct group	group;
		struct profile	profile;
		struct licence	licence;
		struct trunk	trunk;
	}	fresh;

	memset(&fresh, 0, sizeof fresh);
	if (k == &account_kind)
		account_defaults(&fresh.account);
	else if (k == &trunk_kind)
		trunk_defaults(&fresh.trunk);
	if (f->type == FT_REF && f->ref != NULL && strcmp(f->ref, "group") == 0)
		(void)snprintf(buf, EDITOR_MAX, "%s", group);
	else
		(void)field_text(f, &fresh, NULL, buf, EDITOR_MAX);
}

/* As field_text() of the daemon has it, which knows what was changed meanwhile by it. */
static void
json_text(const struct field *f, const json_t *v, char buf[EDITOR_MAX])
{
	(void)snprintf(buf, EDITOR_MAX, "%s", f->type == FT_NUM ? "0" : "");
	if (json_is_boolean(v))
		(void)snprintf(buf, EDITOR_MAX, "%s", json_is_true(v) ? "yes" : "no");
	else if (json_is_integer(v))
		(void)snprintf(buf, EDITOR_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_string(v))
		(void)snprintf(buf, EDITOR_MAX, "%s", json_string_value(v));
}

static void
text_take(struct draft_field *ff, const char *text)
{
	size_t	max = ff->field->size - 1u;

	if (ff->field->type != FT_STR)
		max = EDITOR_MAX - 1;
	if (ff->field->flags & FF_LINES)
		editor_set_text(&ff->editor, text, max);
	else if (ff->field->flags & FF_LIST)
		editor_set_list(&ff->editor, text, max);
	else
		editor_set(&ff->editor, text, max);
}

static void
field_add(struct draft *d, const struct field *f, const json_t *record, const char *group)
{
	struct draft_field	*ff = &d->fields[d->n++];

	ff->field = f;
	ff->fixed = !d->adding && (f->flags & FF_ONCE);
	if (d->adding)
		initial(d->kind, f, group, ff->was);
	else
		json_text(f, json_object_get(record, f->name), ff->was);
	text_take(ff, ff->was);
	if (f->tag == d->kind->name_tag)
		(void)snprintf(d->name, sizeof d->name, "%s", ff->was);
}

void
draft_begin(struct draft *d, const struct kind *k, const json_t *record, json_int_t version, const char *group)
{
	memset(d, 0, sizeof *d);
	d->kind = k;
	d->adding = record == NULL;
	d->version = version;
	for (size_t i = 0; i < k->n_fields && d->n < DRAFT_FIELDS - 1; i++) {
		const struct field	*f = &k->fields[i];

		if ((f->flags & FF_FORM) == 0)
			continue;
		field_add(d, f, record, group);
		if (f->flags & FF_SECRET) {
			field_add(d, f, NULL, "");
			d->fields[d->n - 1].again = true;
		}
	}
	while (d->at < d->n - 1 && d->fields[d->at].fixed)
		d->at++;
}

void
draft_clear(struct draft *d)
{
	for (int i = 0; i < d->n; i++)
		free(d->fields[i].names);
	explicit_bzero(d, sizeof *d);
}

int
draft_find(const struct draft *d, const char *field)
{
	for (int i = 0; i < d->n; i++)
		if (!d->fields[i].again && strcmp(d->fields[i].field->name, field) == 0)
			return i;
	return -1;
}

void
draft_set(struct draft *d, int i, const char *text)
{
	text_take(&d->fields[i], text);
}

size_t
draft_value(const struct draft *d, int i, char buf[EDITOR_MAX])
{
	const struct editor	*e = &d->fields[i].editor;

	if (e->lines)
		return editor_list(e, buf, EDITOR_MAX);
	memcpy(buf, e->text, e->n + 1);
	return e->n;
}

/* A list may be stored with other blanks than those that it is written with here. */
bool
draft_field_changed(const struct draft *d, int i)
{
	const struct draft_field	*ff = &d->fields[i];
	struct editor			 was;
	char				 value[EDITOR_MAX], old[EDITOR_MAX];

	if (ff->again)
		return false;
	if (!ff->editor.lines || ff->editor.text_lines)
		return strcmp(ff->editor.text, ff->was) != 0;
	editor_set_list(&was, ff->was, EDITOR_MAX - 1);
	(void)editor_list(&was, old, sizeof old);
	(void)draft_value(d, i, value);
	return strcmp(value, old) != 0;
}

bool
draft_changed(const struct draft *d)
{
	for (int i = 0; i < d->n; i++)
		if (draft_field_changed(d, i))
			return true;
	return false;
}

bool
draft_is_choice(const struct draft *d, int i)
{
	const struct field	*f = d->fields[i].field;

	return f->type == FT_BOOL || f->type == FT_ENUM || f->ref != NULL;
}

bool
draft_takes_text(const struct draft *d, int i)
{
	return !draft_is_choice(d, i) && !d->fields[i].fixed;
}

static bool
is_wizard(const struct draft *d)
{
	int	i = draft_find(d, "creation");

	return d->adding && i >= 0 && strcmp(d->fields[i].editor.text, "wizard") == 0;
}

bool
draft_is_shown(const struct draft *d, int i)
{
	const struct draft_field	*ff = &d->fields[i];

	if (ff->again)		/* stands behind the first line */
		return ff[-1].editor.n > 0 && strcmp(ff[-1].editor.text, random_word) != 0;
	return !is_wizard(d) || strcmp(ff->field->name, "enabled") != 0;	/* it is, once it is activated */
}

void
draft_move(struct draft *d, int step)
{
	int	at = d->at;

	if (draft_field_changed(d, at) || d->fields[at].again)
		(void)draft_check(d, at);
	for (int i = 0; i < d->n; i++) {
		at = (at + step + d->n) % d->n;
		if (!d->fields[at].fixed && draft_is_shown(d, at))
			break;
	}
	d->at = at;
	if (d->fields[at].editor.lines)
		editor_line_go(&d->fields[at].editor, step > 0 ? 0 : editor_lines(&d->fields[at].editor) - 1);
}

int
draft_choices(const struct draft *d, int i)
{
	const struct draft_field	*ff = &d->fields[i];
	int				 n = 0;

	if (ff->field->ref != NULL)
		return ff->n_names;
	if (ff->field->type == FT_BOOL)
		return 2;
	while (ff->field->type == FT_ENUM && ff->field->words[n] != NULL)
		n++;
	return n;
}

const char *
draft_choice(const struct draft *d, int i, int choice)
{
	const struct draft_field	*ff = &d->fields[i];

	if (choice < 0 || choice >= draft_choices(d, i))
		return "";
	if (ff->field->ref != NULL)
		return ff->names[choice];
	if (ff->field->type == FT_BOOL)
		return choice == 0 ? "no" : "yes";
	return ff->field->words[choice];
}

const char *
draft_nothing(const struct draft *d, int i)
{
	const char	*s = d->fields[i].field->nothing;

	return s == NULL ? "(none)" : s;
}

void
draft_name_add(struct draft *d, int i, const char *name)
{
	struct draft_field	*ff = &d->fields[i];

	if (ff->n_names == ff->names_size) {
		int	 size = ff->names_size + NAMES_STEP;
		char	(*p)[DRAFT_NAME] = size > DRAFT_NAMES_MAX ? NULL : realloc(ff->names, (size_t)size * sizeof *p);

		if (p == NULL)
			return;
		ff->names = p;
		ff->names_size = size;
	}
	(void)snprintf(ff->names[ff->n_names++], DRAFT_NAME, "%s", name);
	if (!d->adding || ff->editor.n > 0 || (ff->field->flags & FF_NEEDED) == 0)
		return;
	(void)snprintf(ff->was, sizeof ff->was, "%s", name);	/* one there must be: the first */
	text_take(ff, name);
}

static int
choice_now(const struct draft *d, int i)
{
	for (int k = 0; k < draft_choices(d, i); k++)
		if (strcmp(draft_choice(d, i, k), d->fields[i].editor.text) == 0)
			return k;
	return -1;
}

bool
draft_choose(struct draft *d, int step)
{
	int	n = draft_choices(d, d->at), now = choice_now(d, d->at);

	if (n == 0)
		return false;
	if (now < 0 && step < 0)
		now = 0;
	text_take(&d->fields[d->at], draft_choice(d, d->at, (now + step + n) % n));
	return true;
}

bool
draft_choose_letter(struct draft *d, uint32_t letter)
{
	int	n = draft_choices(d, d->at), now = choice_now(d, d->at);

	for (int k = 1; k <= n; k++) {
		const char	*choice = draft_choice(d, d->at, (now + k + n) % n);

		if (!text_begins(choice, letter))
			continue;
		text_take(&d->fields[d->at], choice);
		return true;
	}
	return false;
}

/* Of a text it is said in words: "line 2: must be ...". */
static bool
wrong(struct draft_field *ff, int line, const char *why)
{
	(void)snprintf(ff->why, sizeof ff->why, "%s", why);
	if (ff->editor.text_lines && sscanf(why, "line %d:", &line) == 1)
		line--;
	ff->why_line = line;
	return false;
}

/* One value, or one line of a list, by the rules of core/field. */
static bool
text_check(struct draft *d, int i, int line, const char *text)
{
	struct draft_field	*ff = &d->fields[i];
	void			*scratch = calloc(1, d->kind->size);
	char			 why[DRAFT_WHY];
	int			 rc = scratch == NULL ? 0 : field_set(ff->field, scratch, text, NULL, why, sizeof why);

	if (scratch != NULL)
		explicit_bzero(scratch, d->kind->size);
	free(scratch);
	return rc == 0 || wrong(ff, line, why);
}

static bool
list_check(struct draft *d, int i)
{
	const struct editor	*e = &d->fields[i].editor;

	for (int line = 0; line < editor_lines(e); line++) {
		char		 text[EDITOR_MAX];
		size_t		 n;
		const char	*from = editor_line(e, line, &n);

		memcpy(text, from, n);
		text[n] = '\0';
		if (text[strspn(text, " ")] != '\0' && !text_check(d, i, line, text))
			return false;
	}
	return true;
}

bool
draft_check(struct draft *d, int i)
{
	struct draft_field	*ff = &d->fields[i];

	if (ff->fixed || !draft_is_shown(d, i))
		return true;
	ff->why[0] = '\0';
	if (ff->again)
		return strcmp(ff->editor.text, ff[-1].editor.text) == 0 || wrong(ff, 0, "not the same as the line above: type both again");
	if (ff->editor.n == 0 && (ff->field->flags & FF_NEEDED) && ff->field->ref == NULL)
		return wrong(ff, 0, "may not be empty");
	if (ff->editor.n == 0 && (d->adding || ff->field->type == FT_STR || ff->field->ref != NULL))
		return true;
	if (ff->editor.lines && !ff->editor.text_lines)
		return list_check(d, i);
	return ff->field->type == FT_REF || text_check(d, i, 0, ff->editor.text);	/* the daemon knows the names */
}

static void
go_to_wrong(struct draft *d, int i)
{
	struct draft_field	*ff = &d->fields[i];

	d->at = i;
	if (ff->editor.lines)
		editor_line_go(&ff->editor, ff->why_line);
}

bool
draft_check_all(struct draft *d)
{
	int	first = -1;

	for (int i = d->n - 1; i >= 0; i--) {
		d->fields[i].why[0] = '\0';
		if ((draft_field_changed(d, i) || d->adding || d->fields[i].again) && !draft_check(d, i))
			first = i;
	}
	if (first >= 0)
		go_to_wrong(d, first);
	return first < 0;
}

json_t *
draft_request(struct draft *d)
{
	json_t	*set = json_object(), *was = json_object(), *r;
	char	 what[64], value[EDITOR_MAX];

	for (int i = 0; i < d->n; i++) {
		struct draft_field	*ff = &d->fields[i];
		size_t			 n = draft_value(d, i, value);

		if (ff->fixed || ff->again || !draft_is_shown(d, i) || (d->adding ? n == 0 : !draft_field_changed(d, i)))
			continue;
		(void)json_object_set_new(set, ff->field->name, json_string(value));
		if (!d->adding && (ff->field->flags & FF_SECRET) == 0)
			(void)json_object_set_new(was, ff->field->name, json_string(ff->was));
	}
	explicit_bzero(value, sizeof value);
	if (d->adding) {	/* its name stands beside what is set */
		const char	*field = kind_tag(d->kind, d->kind->name_tag)->name;
		const char	*name = json_string_value(json_object_get(set, field));

		(void)snprintf(d->name, sizeof d->name, "%s", name == NULL ? "" : name);
		(void)json_object_del(set, field);
	}
	(void)snprintf(what, sizeof what, "%s add", d->kind->name);
	if (!d->adding || command_find(what) == NULL)	/* what belongs to a record is not made by itself */
		(void)snprintf(what, sizeof what, "%s set", d->kind->name);
	r = json_pack("{s:s, s:s, s:o}", "do", what, "name", d->name, "set", set);
	if (!d->adding && d->version > 0) {
		(void)json_object_set_new(r, "version", json_integer(d->version));
		(void)json_object_set(r, "was", was);
	}
	json_decref(was);
	return r;
}

/* In which line of a list the daemon found 'this'. */
static int
line_named(const struct draft_field *ff, const char *why)
{
	const char	*from = strchr(why, '\''), *to = from == NULL ? NULL : strchr(from + 1, '\'');

	for (int i = 0; to != NULL && i < editor_lines(&ff->editor); i++) {
		size_t		 n;
		const char	*line = editor_line(&ff->editor, i, &n);

		if (n == (size_t)(to - from - 1) && memcmp(line, from + 1, n) == 0)
			return i;
	}
	return 0;
}

bool
draft_refused(struct draft *d, const json_t *error)
{
	const char	*field = json_string_value(json_object_get(error, "field"));
	const char	*text = json_string_value(json_object_get(error, "text"));
	int		 i = field == NULL ? -1 : draft_find(d, field);
	size_t		 n;

	if (i < 0)
		return false;
	n = strlen(field);
	if (text != NULL && strncmp(text, field, n) == 0 && text[n] == ':')
		text += n + 1 + strspn(text + n + 1, " ");
	(void)wrong(&d->fields[i], 0, text == NULL ? "not valid" : text);
	if (!d->fields[i].editor.text_lines)
		d->fields[i].why_line = line_named(&d->fields[i], d->fields[i].why);
	go_to_wrong(d, i);
	return true;
}

int
draft_conflict(struct draft *d, const json_t *fields)
{
	int	n = 0;

	for (int i = d->n - 1; i >= 0; i--) {
		struct draft_field	*ff = &d->fields[i];
		const json_t		*v = ff->again ? NULL : json_object_get(fields, ff->field->name);

		ff->clash = v != NULL;
		if (v == NULL)
			continue;
		ff->theirs = false;
		json_text(ff->field, json_object_get(v, "now"), ff->now);
		(void)draft_value(d, i, ff->yours);
		memcpy(ff->was, ff->now, sizeof ff->was);	/* saving begins from theirs now */
		d->at = i;
		n++;
	}
	return n;
}

void
draft_take(struct draft *d, int i, bool theirs)
{
	struct draft_field	*ff = &d->fields[i];

	if (!ff->clash)
		return;
	ff->theirs = theirs;
	ff->why[0] = '\0';
	text_take(ff, theirs ? ff->now : ff->yours);
}

void
draft_refresh(struct draft *d, const json_t *record, json_int_t version)
{
	d->version = version;
	for (int i = 0; i < d->n; i++) {
		struct draft_field	*ff = &d->fields[i];

		if (ff->again || ff->clash || draft_field_changed(d, i) || json_object_get(record, ff->field->name) == NULL)
			continue;
		json_text(ff->field, json_object_get(record, ff->field->name), ff->was);
		text_take(ff, ff->was);
	}
}

void
draft_gone(struct draft *d)
{
	d->adding = true;
	for (int i = 0; i < d->n; i++)
		d->fields[i].fixed = d->fields[i].clash = false;
}
