#include "tui/search.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tui/app.h"
#include "tui/screen.h"
#include "tui/shell.h"

static struct list *
list_of(struct console *c)
{
	return c->pane->list == NULL ? NULL : c->pane->list(c);
}

static void
typed(struct console *c, const char *text)
{
	struct list	*l = list_of(c);

	if (l == NULL)
		return;
	if (c->prompt.kind == PROMPT_NONE)	/* Esc: as if nothing had been typed */
		memcpy(l->selected, l->searched_from, sizeof l->selected);
	list_set_filter(l, text);
}

static void
done(struct console *c, const char *text)
{
	struct list	*l = list_of(c);

	if (l == NULL)
		return;
	list_set_filter(l, text);
	recall_add(&l->searches, text);
}

/* All that there are where the list looks: in a group only its own. */
static int64_t
all_of(struct console *c, const struct list *l)
{
	const char	*id;
	json_t		*row;

	if (l->group[0] == '\0')
		return l->total;
	json_object_foreach(c->group_box.rows, id, row) {
		const char	*name = json_string_value(json_object_get(row, "name"));

		if (name != NULL && strcmp(name, l->group) == 0)
			return json_integer_value(json_object_get(row, "accounts"));
	}
	return l->total;
}

/* "3 of 412 in Sales (21 ms)" */
static void
aside(struct console *c, char *buf, size_t size)
{
	const struct list	*l = list_of(c);
	int			 n;

	if (l == NULL)
		return;
	n = snprintf(buf, size, "%lld of %lld%s%.20s ", (long long)l->matched, (long long)all_of(c, l), l->group[0] == '\0' ? "" : " in ", l->group);
	if (l->sorting)
		(void)snprintf(buf + n, size - (size_t)n, "(%d %%)", (int)(l->done * 100));
	else
		(void)snprintf(buf + n, size - (size_t)n, "(%lld ms)", (long long)l->took_ms);
}

/* Where in a text a column is, counted from 1 in characters. */
static size_t
column_at(const char *text, json_int_t column)
{
	size_t		n = strlen(text), at = 0, step;
	uint32_t	code;

	for (json_int_t i = 1; i < column && at < n; i++) {
		step = text_decode(text + at, n - at, &code);
		at += step == 0 ? 1 : step;
	}
	return at;
}

/* A mark under the fault, and what is wrong beside it; in the last line where there is no room. */
static void
fault_paint(const struct list *l, int col, size_t start)
{
	char	safe[3 * LIST_TEXT];
	size_t	at = column_at(l->filter, l->fault_column);
	int	x = col, width = text_width(l->fault);

	screen_blank(2);
	if (l->fault_column > 0) {
		if (at > start) {
			text_safe(l->filter + start, at - start, safe, sizeof safe, screen_ascii());
			x += text_width(safe);
		}
		(void)screen_put(2, x, 1, S_BAD, "^");
	}
	if (l->fault_column > 0 && x + 2 + width < screen_cols())
		(void)screen_put_raw(2, x + 2, width, S_BAD, l->fault);
	else if (width + 2 <= x)
		(void)screen_put_raw(2, x - 1 - width, width, S_BAD, l->fault);
	else
		(void)screen_put_raw(screen_rows() - 2, 1, screen_cols() - 2, S_BAD, l->fault);
}

static void
below(struct console *c, int col, size_t start)
{
	const struct list	*l = list_of(c);
	char			 line[2 * LIST_TEXT], word[LIST_TEXT + 100], group[200];
	int			 n;

	if (l == NULL)
		return;
	screen_blank(screen_rows() - 2);
	n = snprintf(line, sizeof line, "wirechief %s list", l->kind->name);
	if (l->group[0] != '\0')
		n += snprintf(line + n, sizeof line - (size_t)n, " --group %s", shell_word(l->group, group, sizeof group));
	(void)snprintf(line + n, sizeof line - (size_t)n, " --query %s", shell_word(l->filter, word, sizeof word));
	(void)screen_put_raw(screen_rows() - 2, 1, screen_cols() - 2, S_DIM, l->note[0] != '\0' ? l->note : line);
	if (l->fault_shown)
		fault_paint(l, col, start);
}

/* Up and Down fetch what was searched for before.  With a query that is refused the box stays. */
static bool
key(struct console *c, int k)
{
	struct list	*l = list_of(c);

	if (l == NULL)
		return false;
	if (k == K_ENTER && l->fault[0] != '\0') {
		l->fault_shown = true;
		return true;
	}
	return recall_key(&l->searches, &c->prompt.editor, k);
}

void
search_open(struct console *c, struct list *l)
{
	const char	*text = l->refused[0] != '\0' ? l->refused : l->filter;
	struct prompt	*p = prompt_line(c, "Search:", text, typed, done);

	(void)snprintf(p->before, sizeof p->before, "%s", l->filter);
	p->editor.max = LIST_TEXT - 1;
	p->key = key;
	p->aside = aside;
	p->below = below;
	recall_begin(&l->searches);
	memcpy(l->searched_from, l->selected, sizeof l->searched_from);
	typed(c, p->editor.text);
}

bool
search_is_open(const struct list *l)
{
	return l->c->prompt.kind == PROMPT_LINE && l->c->prompt.below == below && list_of(l->c) == l;
}
