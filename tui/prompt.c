#include "tui/prompt.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tui/app.h"
#include "tui/screen.h"

static struct prompt *
begin(struct console *c, enum prompt_kind kind, const char *label, const char *hint, prompt_fn done)
{
	struct prompt	*p = &c->prompt;

	memset(p, 0, sizeof *p);
	p->kind = kind;
	p->done = done;
	(void)snprintf(p->label, sizeof p->label, "%s", label);
	(void)snprintf(p->hint, sizeof p->hint, "%s", hint == NULL ? "" : hint);
	c->message[0] = '\0';
	return p;
}

struct prompt *
prompt_line(struct console *c, const char *label, const char *text, prompt_fn typing, prompt_fn done)
{
	struct prompt	*p = begin(c, PROMPT_LINE, label, NULL, done);

	p->typing = typing;
	(void)snprintf(p->before, sizeof p->before, "%s", text);
	editor_set(&p->editor, text, EDITOR_MAX - 1);
	return p;
}

struct prompt *
prompt_yes(struct console *c, const char *question, const char *hint, prompt_fn done)
{
	return begin(c, PROMPT_YES, question, hint, done);
}

void
prompt_name(struct console *c, const char *question, const char *name, const char *hint, prompt_fn done)
{
	struct prompt	*p = begin(c, PROMPT_NAME, question, hint, done);

	(void)snprintf(p->name, sizeof p->name, "%s", name);
	editor_set(&p->editor, "", EDITOR_MAX - 1);
}

void
prompt_menu(struct console *c, const char *title, prompt_fn done)
{
	(void)begin(c, PROMPT_MENU, title, NULL, done);
}

void
prompt_choose(struct console *c, const char *title, const char *(*item)(struct console *, int), int n, int at, prompt_fn done)
{
	struct prompt	*p = begin(c, PROMPT_MENU, title, NULL, done);

	p->item = item;
	p->n_items = n;
	p->at = at >= 0 && at < n ? at : 0;
}

void
prompt_note(struct console *c, const char *title, const char *text)
{
	struct prompt	*p = begin(c, PROMPT_NOTE, title, NULL, NULL);

	editor_set(&p->editor, text, EDITOR_MAX - 1);
	p->since_ms = c->now_ms;
}

void
prompt_item(struct console *c, bool ticked, const char *text)
{
	struct prompt	*p = &c->prompt;

	if (p->n_items == MENU_ITEMS)
		return;
	p->ticked[p->n_items] = ticked;
	(void)snprintf(p->items[p->n_items++], MENU_TEXT, "%s", text);
}

/* The prompt is over before its answer is acted on: that may ask the next question. */
static void
finish(struct console *c, bool yes, const char *text)
{
	prompt_fn	done = c->prompt.done;
	char		copy[EDITOR_MAX];	/* text may be the prompt's own */

	(void)snprintf(copy, sizeof copy, "%s", text);
	c->prompt.kind = PROMPT_NONE;
	if (yes && done != NULL)
		done(c, copy);
}

static void
line_key(struct console *c, int key)
{
	struct prompt	*p = &c->prompt;
	char		 before[EDITOR_MAX];

	(void)snprintf(before, sizeof before, "%s", p->editor.text);
	if (p->key != NULL && p->key(c, key))
		;
	else if (key == K_ENTER) {
		finish(c, true, p->editor.text);
		return;
	} else if (!editor_key(&p->editor, key) && key < K_UP)
		(void)editor_insert(&p->editor, (uint32_t)key);
	if (p->typing != NULL && strcmp(before, p->editor.text) != 0)
		p->typing(c, p->editor.text);
}

static void
name_key(struct console *c, int key)
{
	struct prompt	*p = &c->prompt;

	if (key == K_ENTER) {
		bool	same = strcmp(p->editor.text, p->name) == 0;

		if (!same)
			console_say(c, false, "not done: the name was not typed");
		finish(c, same, p->editor.text);
	} else if (!editor_key(&p->editor, key) && key < K_UP)
		(void)editor_insert(&p->editor, (uint32_t)key);
}

static const char *
menu_item(struct console *c, int i)
{
	return c->prompt.item != NULL ? c->prompt.item(c, i) : c->prompt.items[i];
}

/* In a menu of things to choose letters are their names', not keys. */
static bool
menu_letter(struct console *c, int key)
{
	struct prompt	*p = &c->prompt;

	if (p->item == NULL || key <= ' ' || key >= K_UP)
		return false;
	for (int i = 1; i <= p->n_items; i++) {
		int	at = (p->at + i) % p->n_items;

		if (!text_begins(menu_item(c, at), (uint32_t)key))
			continue;
		p->at = at;
		break;
	}
	return true;
}

static void
menu_key(struct console *c, int key)
{
	struct prompt	*p = &c->prompt;
	int		 page = screen_rows() - 6;
	char		 number[16];

	if (menu_letter(c, key))
		return;
	if (key == K_PGDN || key == K_END)
		p->at = key == K_END || p->at + page >= p->n_items ? p->n_items - 1 : p->at + page;
	if (key == K_PGUP || key == K_HOME)
		p->at = key == K_HOME || p->at < page ? 0 : p->at - page;
	if (key == K_DOWN || key == 'j' || key == K_TAB)
		p->at = (p->at + 1) % p->n_items;
	else if (key == K_UP || key == 'k' || key == K_BACKTAB)
		p->at = (p->at + p->n_items - 1) % p->n_items;
	else if (key == K_ENTER || key == ' ') {
		(void)snprintf(number, sizeof number, "%d", p->at);
		finish(c, true, number);
	}
}

bool
prompt_key(struct console *c, int key)
{
	struct prompt	*p = &c->prompt;
	bool		 yes;

	if (p->kind == PROMPT_NONE)
		return false;
	if (p->kind == PROMPT_NOTE) {
		if (c->now_ms - p->since_ms >= NOTE_MS)
			explicit_bzero(p, sizeof *p);
		return true;
	}
	if (key == K_ESC || key == ('c' & 0x1f) || (p->kind == PROMPT_MENU && ((key == 'q' && p->item == NULL) || p->n_items == 0))) {
		prompt_fn	typing = p->typing;

		finish(c, false, "");
		if (typing != NULL)
			typing(c, p->before);
		return true;
	}
	switch (p->kind) {
	case PROMPT_LINE:
		line_key(c, key);
		break;
	case PROMPT_NAME:
		name_key(c, key);
		break;
	case PROMPT_YES:
		yes = key == 'y' || (p->also != '\0' && key == p->also);
		if (!yes)
			console_say(c, false, "not done");
		finish(c, yes, key == 'y' ? "y" : "also");
		break;
	case PROMPT_MENU:
		menu_key(c, key);
		break;
	case PROMPT_NOTE:
	case PROMPT_NONE:
		break;
	}
	return true;
}

bool
prompt_paste(struct console *c, unsigned code)
{
	struct prompt	*p = &c->prompt;

	if (p->kind != PROMPT_LINE && p->kind != PROMPT_NAME)
		return p->kind != PROMPT_NONE;
	if (editor_insert(&p->editor, code) && p->typing != NULL)
		p->typing(c, p->editor.text);
	return true;
}

static void
paint_line(struct console *c, int row, const char *label)
{
	struct prompt	*p = &c->prompt;
	char		 aside[80] = "";
	int		 end = screen_cols(), col, cursor;
	size_t		 start;

	if (p->aside != NULL) {
		screen_blank(row);
		p->aside(c, aside, sizeof aside);
		end -= text_width(aside) + 3;
		(void)screen_put(row, end + 2, text_width(aside), S_BOLD, aside);
	}
	col = 1 + screen_put(row, 1, end - 12, S_BOLD, label) + 1;
	start = editor_window(&p->editor, end - col - 1, screen_ascii(), &cursor);
	(void)screen_put_raw(row, col, end - col, S_PLAIN, p->editor.text + start);
	screen_cursor(row, col + cursor);
	if (p->below != NULL)
		p->below(c, col, start);
}

static void
paint_menu(struct console *c)
{
	struct prompt	*p = &c->prompt;
	int		 lines = screen_rows() - 6, row = 3;

	if (p->at < p->top)
		p->top = p->at;
	if (p->at >= p->top + lines)
		p->top = p->at - lines + 1;
	(void)screen_put(2, 2, screen_cols() - 4, S_BOLD, p->label);
	for (int i = p->top; i < p->n_items && row < screen_rows() - 3; i++, row++) {
		char	line[MENU_TEXT + 8];

		(void)snprintf(line, sizeof line, "%c %c %s", i == p->at ? '>' : ' ', i < MENU_ITEMS && p->ticked[i] ? '*' : ' ', menu_item(c, i));
		(void)screen_put_raw(row, 1, screen_cols() - 2, i == p->at ? S_BOLD : S_PLAIN, line);
		if (i == p->at)
			screen_cursor(row, 1);
	}
}

static void
paint_note(struct console *c)
{
	struct prompt	*p = &c->prompt;
	int		 row = screen_rows() / 3;

	(void)screen_put_raw(row, 4, screen_cols() - 5, S_BOLD, p->label);
	(void)screen_put_raw(row + 2, 8, screen_cols() - 9, S_PLAIN, p->editor.text);
	(void)screen_put(row + 4, 4, screen_cols() - 5, S_DIM, "any key goes on");
	screen_cursor(row + 2, 8);
}

/* A name to be typed out needs room: the question, the command, and the line. */
static void
paint_name(struct console *c, int row)
{
	for (int i = 1; i <= 2; i++)
		screen_blank(row - i);
	(void)screen_put_raw(row - 2, 1, screen_cols() - 1, S_BOLD, c->prompt.label);
	paint_line(c, row, "Type its name:");
}

bool
prompt_at_foot(const struct console *c)
{
	return c->prompt.kind != PROMPT_NONE && (c->prompt.kind != PROMPT_LINE || c->prompt.aside == NULL);
}

void
prompt_paint(struct console *c)
{
	struct prompt	*p = &c->prompt;
	int		 row = screen_rows() - 2, used;

	switch (p->kind) {
	case PROMPT_NONE:
		return;
	case PROMPT_MENU:
		paint_menu(c);
		return;
	case PROMPT_LINE:
		paint_line(c, p->aside == NULL ? row : 1, p->label);
		break;
	case PROMPT_YES:
		used = screen_put_raw(row, 1, screen_cols() - 2, S_BOLD, p->label);
		screen_cursor(row, used + 1);
		break;
	case PROMPT_NAME:
		paint_name(c, row);
		break;
	case PROMPT_NOTE:
		paint_note(c);
		return;
	}
	(void)screen_put_raw(row - 1, 1, screen_cols() - 1, S_DIM, p->hint);
}
