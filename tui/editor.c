#include "tui/editor.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tui/key.h"

void
editor_set(struct editor *e, const char *text, size_t max)
{
	int	n = snprintf(e->text, sizeof e->text, "%s", text);

	e->max = max < sizeof e->text ? max : sizeof e->text - 1;
	e->n = n < 0 ? 0 : (size_t)n < sizeof e->text ? (size_t)n : sizeof e->text - 1;
	e->at = e->n;
}

static void
cut(struct editor *e, size_t from, size_t to)
{
	memmove(e->text + from, e->text + to, e->n - to + 1);
	e->n -= to - from;
	e->at = from;
}

bool
editor_insert(struct editor *e, uint32_t code)
{
	char	bytes[4];
	size_t	n;

	if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code > 0x10ffff)
		return false;
	n = text_encode(code, bytes);
	if (e->n + n > e->max)
		return false;
	memmove(e->text + e->at + n, e->text + e->at, e->n - e->at + 1);
	memcpy(e->text + e->at, bytes, n);
	e->n += n;
	e->at += n;
	return true;
}

static size_t
before(const struct editor *e, size_t at)
{
	if (at > 0)
		at--;
	while (at > 0 && ((unsigned char)e->text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static size_t
after(const struct editor *e, size_t at)
{
	uint32_t	code;
	size_t		n = text_decode(e->text + at, e->n - at, &code);

	return at + (n == 0 && at < e->n ? 1 : n);
}

static size_t
word_start(const struct editor *e)
{
	size_t	at = e->at;

	while (at > 0 && e->text[at - 1] == ' ')
		at--;
	while (at > 0 && e->text[at - 1] != ' ')
		at--;
	return at;
}

bool
editor_key(struct editor *e, int key)
{
	switch (key) {
	case K_LEFT:
		e->at = before(e, e->at);
		return true;
	case K_RIGHT:
		e->at = after(e, e->at);
		return true;
	case K_HOME:
	case 'a' & 0x1f:
		e->at = 0;
		return true;
	case K_END:
	case 'e' & 0x1f:
		e->at = e->n;
		return true;
	case K_BACKSPACE:
		cut(e, before(e, e->at), e->at);
		return true;
	case K_DELETE:
		cut(e, e->at, after(e, e->at));
		return true;
	case 'u' & 0x1f:
		cut(e, 0, e->n);
		return true;
	case 'w' & 0x1f:
		cut(e, word_start(e), e->at);
		return true;
	default:	/* not an enum: any other key */
		return false;
	}
}

size_t
editor_window(const struct editor *e, int cells, int *cursor)
{
	size_t	start = 0;
	char	part[EDITOR_MAX];

	for (;;) {
		memcpy(part, e->text + start, e->at - start);
		part[e->at - start] = '\0';
		*cursor = text_width(part);
		if (*cursor < cells || start >= e->at)
			return start;
		start = after(e, start);
	}
}
