#include "tui/editor.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tui/key.h"

enum { JOINER = 0x200d, SKIN_FIRST = 0x1f3fb, SKIN_LAST = 0x1f3ff, FLAG_FIRST = 0x1f1e6, FLAG_LAST = 0x1f1ff };

void
editor_set(struct editor *e, const char *text, size_t max)
{
	int	n = snprintf(e->text, sizeof e->text, "%s", text);

	e->max = max < sizeof e->text ? max : sizeof e->text - 1;
	e->n = n < 0 ? 0 : (size_t)n < sizeof e->text ? (size_t)n : sizeof e->text - 1;
	e->at = e->n;
	e->left = 0;
	e->lines = e->text_lines = false;
}

static void
cut(struct editor *e, size_t from, size_t to)
{
	memmove(e->text + from, e->text + to, e->n - to + 1);
	e->n -= to - from;
	e->at = from;
}

static bool
put(struct editor *e, const char *bytes, size_t n)
{
	if (e->n + n > e->max)
		return false;
	memmove(e->text + e->at + n, e->text + e->at, e->n - e->at + 1);
	memcpy(e->text + e->at, bytes, n);
	e->n += n;
	e->at += n;
	return true;
}

bool
editor_insert(struct editor *e, uint32_t code)
{
	char	bytes[4];

	if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return false;
	if (e->lines && !e->text_lines && code == ',')
		return editor_line_break(e);
	return put(e, bytes, text_encode(code, bytes));
}

static size_t
line_start(const struct editor *e, size_t at)
{
	while (e->lines && at > 0 && e->text[at - 1] != '\n')
		at--;
	return e->lines ? at : 0;
}

static size_t
line_end(const struct editor *e, size_t at)
{
	return e->lines ? at + strcspn(e->text + at, "\n") : e->n;
}

static bool
is_flag_letter(uint32_t code)
{
	return code >= FLAG_FIRST && code <= FLAG_LAST;
}

/* Behind the character at: with its marks, its skin, what a joiner ties to it, and the second letter of a flag. */
static size_t
after(const struct editor *e, size_t at)
{
	uint32_t	code, next;
	size_t		step = text_decode(e->text + at, e->n - at, &code);
	bool		flag = step > 0 && is_flag_letter(code);

	if (step == 0)
		return at < e->n ? at + 1 : at;
	if (code == '\n')
		return at + 1;
	for (at += step; (step = text_decode(e->text + at, e->n - at, &next)) > 0; at += step) {
		bool	tied = code == JOINER || (next >= SKIN_FIRST && next <= SKIN_LAST) || (flag && is_flag_letter(next));

		if (next == '\n' || (!tied && text_code_width(next) != 0))
			break;
		flag = false;
		code = next;
	}
	return at;
}

static size_t
before(const struct editor *e, size_t at)
{
	size_t	from = line_start(e, at), next;

	if (from == at)
		return at > 0 ? at - 1 : 0;	/* the end of the line above */
	while ((next = after(e, from)) < at)
		from = next;
	return from;
}

static size_t
word_start(const struct editor *e)
{
	size_t	at = e->at, least = line_start(e, e->at);

	while (at > least && e->text[at - 1] == ' ')
		at--;
	while (at > least && e->text[at - 1] != ' ')
		at--;
	return at;
}

/* To the line above or below, at the same distance from its start. */
static bool
line_step(struct editor *e, int step)
{
	int	line = editor_line_at(e) + step, away = 0;

	if (line < 0 || line >= editor_lines(e))
		return false;
	for (size_t at = line_start(e, e->at); at < e->at; at = after(e, at))
		away++;
	editor_line_go(e, line);
	e->at = line_start(e, e->at);
	while (away-- > 0 && e->at < line_end(e, e->at))
		e->at = after(e, e->at);
	return true;
}

bool
editor_key(struct editor *e, int key)
{
	size_t	end = line_end(e, e->at);

	switch (key) {
	case K_LEFT:
		e->at = before(e, e->at);
		return true;
	case K_RIGHT:
		e->at = after(e, e->at);
		return true;
	case K_UP:
		return line_step(e, -1);
	case K_DOWN:
		return line_step(e, 1);
	case K_HOME:
	case 'a' & 0x1f:
		e->at = line_start(e, e->at);
		return true;
	case K_END:
	case 'e' & 0x1f:
		e->at = end;
		return true;
	case K_BACKSPACE:
		cut(e, before(e, e->at), e->at);
		return true;
	case K_DELETE:
		cut(e, e->at, after(e, e->at));
		return true;
	case 'u' & 0x1f:
		cut(e, line_start(e, e->at), end);
		return true;
	case 'k' & 0x1f:
		cut(e, e->at, end);
		return true;
	case 'w' & 0x1f:
		cut(e, word_start(e), e->at);
		return true;
	default:	/* not an enum: any other key */
		return false;
	}
}

/* As the screen draws it: what is unsafe stands there as one cell. */
static int
cells_of(const struct editor *e, size_t from, size_t to, bool ascii)
{
	char	safe[3 * EDITOR_MAX];	/* a byte that is no text becomes a dot of two */

	text_safe(e->text + from, to - from, safe, sizeof safe, ascii);
	return text_width(safe);
}

size_t
editor_window(struct editor *e, int cells, bool ascii, int *cursor)
{
	size_t	start = line_start(e, e->at), end = line_end(e, e->at);

	if (e->left < start || e->left > e->at)
		e->left = e->left < start || cells_of(e, start, e->at, ascii) < cells ? start : e->at;
	while (e->left > start && cells_of(e, before(e, e->left), end, ascii) < cells)
		e->left = before(e, e->left);	/* no more is hidden at the left than must be */
	while ((*cursor = cells_of(e, e->left, e->at, ascii)) >= cells && e->left < e->at)
		e->left = after(e, e->left);
	return e->left;
}

void
editor_set_list(struct editor *e, const char *list, size_t max)
{
	editor_set(e, "", max);
	e->lines = true;
	for (; *list != '\0'; list += strspn(list, ",")) {
		size_t	n = strcspn(list, ","), skip = strspn(list, " ");
		size_t	end = n;

		while (end > skip && list[end - 1] == ' ')
			end--;
		if (end > skip && (e->n == 0 || put(e, "\n", 1)))
			(void)put(e, list + skip, end - skip);
		list += n;
	}
	e->at = 0;
}

void
editor_set_text(struct editor *e, const char *text, size_t max)
{
	editor_set(e, text, max);
	e->lines = e->text_lines = true;
	e->at = 0;
}

size_t
editor_list(const struct editor *e, char *buf, size_t size)
{
	size_t	at = 0;

	if (e->text_lines) {
		(void)snprintf(buf, size, "%s", e->text);
		return e->n;
	}
	buf[0] = '\0';
	for (int i = 0, lines = editor_lines(e); i < lines; i++) {
		size_t		 n;
		const char	*line = editor_line(e, i, &n);
		int		 used;

		for (; n > 0 && line[0] == ' '; n--)
			line++;
		while (n > 0 && line[n - 1] == ' ')
			n--;
		if (n == 0)
			continue;
		used = snprintf(buf + at, size - at, "%s%.*s", at == 0 ? "" : ",", (int)n, line);
		if (used < 0 || (size_t)used >= size - at)
			break;
		at += (size_t)used;
	}
	return at;
}

int
editor_lines(const struct editor *e)
{
	int	lines = 1;

	for (size_t i = 0; e->lines && i < e->n; i++)
		lines += e->text[i] == '\n';
	return lines;
}

int
editor_line_at(const struct editor *e)
{
	int	line = 0;

	for (size_t i = 0; e->lines && i < e->at; i++)
		line += e->text[i] == '\n';
	return line;
}

const char *
editor_line(const struct editor *e, int line, size_t *n)
{
	size_t	at = 0;

	while (line-- > 0)
		at = line_end(e, at) + 1;
	*n = at > e->n ? 0 : line_end(e, at) - at;
	return at > e->n ? "" : e->text + at;
}

/* The cursor to the end of a line. */
void
editor_line_go(struct editor *e, int line)
{
	size_t	n;

	e->at = (size_t)(editor_line(e, line, &n) - e->text);
	e->at += n;
}

bool
editor_line_break(struct editor *e)
{
	if (!e->text_lines && e->at == line_start(e, e->at))
		return true;
	return put(e, "\n", 1);
}

void
editor_line_remove(struct editor *e)
{
	size_t	start = line_start(e, e->at), end = line_end(e, e->at);

	if (end < e->n)
		end++;		/* the line below comes up */
	else if (start > 0)
		start--;
	cut(e, start, end);
	e->at = line_start(e, e->at);
}

bool
editor_line_move(struct editor *e, int step)
{
	int	 line = editor_line_at(e), other = line + step, upper = step < 0 ? other : line;
	size_t	 n_above, n_below;
	size_t	 above, away = e->at - line_start(e, e->at);
	char	 copy[EDITOR_MAX];

	if (other < 0 || other >= editor_lines(e))
		return false;
	above = (size_t)(editor_line(e, upper, &n_above) - e->text);
	(void)editor_line(e, upper + 1, &n_below);
	memcpy(copy, e->text + above, n_above);
	memmove(e->text + above, e->text + above + n_above + 1, n_below);
	e->text[above + n_below] = '\n';
	memcpy(e->text + above + n_below + 1, copy, n_above);
	e->at = (step < 0 ? above : above + n_below + 1) + away;
	return true;
}
