#include "tui/key.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"

/* What follows ESC [ or ESC O, its final byte last; numbers end with ~. */
static const struct {
	const char	*tail;
	int		 key;
} sequences[] = {
	{ "A", K_UP }, { "B", K_DOWN }, { "C", K_RIGHT }, { "D", K_LEFT }, { "H", K_HOME }, { "F", K_END }, { "Z", K_BACKTAB },
	{ "1~", K_HOME }, { "7~", K_HOME }, { "4~", K_END }, { "8~", K_END }, { "2~", K_INSERT }, { "3~", K_DELETE }, { "5~", K_PGUP },
	{ "6~", K_PGDN }, { "P", K_F0 + 1 }, { "Q", K_F0 + 2 }, { "R", K_F0 + 3 }, { "S", K_F0 + 4 }, { "11~", K_F0 + 1 },
	{ "12~", K_F0 + 2 }, { "13~", K_F0 + 3 }, { "14~", K_F0 + 4 }, { "15~", K_F0 + 5 }, { "17~", K_F0 + 6 }, { "18~", K_F0 + 7 },
	{ "19~", K_F0 + 8 }, { "20~", K_F0 + 9 }, { "21~", K_F0 + 10 }, { "23~", K_F0 + 11 }, { "24~", K_F0 + 12 }, { "0n", K_ACK },
	{ "[A", K_F0 + 1 }, { "[B", K_F0 + 2 }, { "[C", K_F0 + 3 }, { "[D", K_F0 + 4 }, { "[E", K_F0 + 5 },
};

static const struct {
	const char	*name;
	int		 key;
} names[] = {
	{ "Esc", K_ESC }, { "Enter", K_ENTER }, { "Tab", K_TAB }, { "S-Tab", K_BACKTAB }, { "Up", K_UP }, { "Down", K_DOWN },
	{ "Left", K_LEFT }, { "Right", K_RIGHT }, { "Home", K_HOME }, { "End", K_END }, { "PgUp", K_PGUP }, { "PgDn", K_PGDN },
	{ "Space", ' ' }, { "Del", K_DELETE }, { "BSpace", K_BACKSPACE },
};

int
key_named(const char *s, size_t n)
{
	uint32_t	code;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i].name) == n && memcmp(names[i].name, s, n) == 0)
			return names[i].key;
	if (n == 3 && s[0] == 'C' && s[1] == '-')
		return s[2] & 0x1f;
	if (n > 1 && s[0] == 'F' && s[1] >= '0' && s[1] <= '9')
		return K_F0 + atoi(s + 1);
	return n > 0 && text_decode(s, n, &code) == n ? (int)code : KEY_NONE;
}

void
keys_feed(struct keys *k, const uint8_t *bytes, size_t n, int64_t now_ms)
{
	if (k->n == 0)
		k->since_ms = now_ms;
	if (n > sizeof k->bytes - k->n)
		n = sizeof k->bytes - k->n;
	memcpy(k->bytes + k->n, bytes, n);
	k->n += n;
}

bool
keys_waiting(const struct keys *k)
{
	return k->n > 0;
}

static void
drop(struct keys *k, size_t n, int64_t now_ms)
{
	memmove(k->bytes, k->bytes + n, k->n - n);
	k->n -= n;
	k->since_ms = now_ms;
}

/* Length of the sequence at the start, introducer and all; 0 while its final byte has not come. */
static size_t
sequence_length(const struct keys *k)
{
	size_t	i = 2;

	if (k->bytes[1] == 'O')
		return k->n > 2 ? 3 : 0;
	if (k->n > 2 && k->bytes[2] == '[')	/* the Linux console's function keys */
		return k->n > 3 ? 4 : 0;
	while (i < k->n && k->bytes[i] >= 0x20 && k->bytes[i] < 0x40)
		i++;
	if (i < k->n && k->bytes[i] < 0x20)
		return i;	/* a control character breaks it off, and is a key of its own */
	return i < k->n ? i + 1 : 0;
}

static int
sequence_key(struct keys *k, size_t length)
{
	const char	*tail = (const char *)k->bytes + 2;
	size_t		 n = length - 2;

	if (n == 4 && memcmp(tail, "200~", 4) == 0)
		k->pasting = true;
	if (n == 4 && memcmp(tail, "201~", 4) == 0)
		k->pasting = k->pasted = k->gap = k->line_gap = false;
	for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++)
		if (strlen(sequences[i].tail) == n && memcmp(sequences[i].tail, tail, n) == 0)
			return sequences[i].key;
	return KEY_NONE;
}

/* ESC at the start: 1 with *key, 0 not whole yet. */
static int
escape(struct keys *k, int64_t now_ms, int *key)
{
	bool	late = now_ms - k->since_ms >= KEY_ESC_MS;
	size_t	length;

	*key = KEY_NONE;
	if (k->n == 1 || (k->bytes[1] != '[' && k->bytes[1] != 'O')) {
		if (k->n == 1 && !late)
			return 0;
		*key = K_ESC;
		drop(k, 1, now_ms);
		return 1;
	}
	if ((length = sequence_length(k)) == 0) {
		if (!late && k->n < sizeof k->bytes)
			return 0;
		drop(k, k->n, now_ms);	/* a sequence that stopped halfway: none of it is a command */
		return 1;
	}
	*key = sequence_key(k, length);
	drop(k, length, now_ms);
	return 1;
}

/* One character: 1 with *code, 0 not whole yet. */
static int
character(struct keys *k, int64_t now_ms, uint32_t *code)
{
	size_t	want = k->bytes[0] < 0x80 ? 1 : k->bytes[0] >= 0xf0 ? 4 : k->bytes[0] >= 0xe0 ? 3 : 2, n;

	if (k->n < want && now_ms - k->since_ms < KEY_ESC_MS)
		return 0;
	n = text_decode((const char *)k->bytes, k->n, code);
	if (n == 0)
		*code = KEY_NONE;
	drop(k, n == 0 ? 1 : n, now_ms);
	return 1;
}

static bool
is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/* What is pasted: newlines, tabs and other control characters between two texts are one blank.  KEY_NONE: nothing yet. */
static int
paste(struct keys *k, uint32_t code)
{
	if (is_control(code)) {
		k->gap = k->pasted;
		k->line_gap = k->gap && (k->line_gap || code == '\n' || code == '\r');
		return KEY_NONE;
	}
	k->held = k->gap ? code : 0;
	k->paste_code = k->gap ? ' ' : code;
	k->paste_line = k->gap && k->line_gap;
	k->gap = k->line_gap = false;
	k->pasted = true;
	return K_PASTE;
}

/* The terminal's answer stands wherever it came, even among the bytes of a key. */
static bool
take_ack(struct keys *k)
{
	static const char	ack[] = "\033[0n";
	uint8_t			*at = memmem(k->bytes, k->n, ack, sizeof ack - 1);

	if (at == NULL)
		return false;
	k->n -= sizeof ack - 1;
	memmove(at, at + sizeof ack - 1, k->n - (size_t)(at - k->bytes));
	return true;
}

int
keys_next(struct keys *k, int64_t now_ms)
{
	uint32_t	code;
	int		key;

	if (take_ack(k))
		return K_ACK;
	if (k->held != 0) {
		k->paste_code = k->held;
		k->paste_line = false;
		k->held = 0;
		return K_PASTE;
	}
	while (k->n > 0) {
		if (k->bytes[0] == K_ESC) {
			if (escape(k, now_ms, &key) == 0)
				return KEY_NONE;
			if (key != KEY_NONE && !k->pasting)
				return key;
			continue;
		}
		if (character(k, now_ms, &code) == 0)
			return KEY_NONE;
		if (k->pasting) {
			if (paste(k, code) != KEY_NONE)
				return K_PASTE;
			continue;
		}
		if (code == '\n')
			code = K_ENTER;
		if (code == 8)
			code = K_BACKSPACE;
		if (code != KEY_NONE)
			return (int)code;
	}
	return KEY_NONE;
}
