/*
 * Word boundaries are a regular language: the longest run that can be read as a word, as an emoji, or as one of the scripts that are not
 * cut further is a word.  Each is a small automaton whose states are bits, as several may hold at once; a table says where a state goes
 * on a class of characters.  All are run from the same start, and the one that got furthest wins.
 */
#include "core/words.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/text.h"
#include "core/words_table.h"

enum { UNITS_MAX = 255 };

#define C(class)	(UINT32_C(1) << WORDS_##class)

#define LETTERS		(C(LETTER) | C(EMOJI_LETTER) | C(HEBREW))
#define NUMBERS		(C(NUMBER) | C(DIGIT))
#define MID_LETTERS	(C(MID_LETTER) | C(MID_BOTH) | C(QUOTE))
#define MID_NUMBERS	(C(MID_NUMBER) | C(MID_BOTH) | C(QUOTE))
/* with and without the two selectors, which matter to emoji */
#define PLAIN_EXTENDS	(C(EXTEND) | C(COMPLEX_EXTEND) | C(JOINER) | C(KEYCAP) | C(TAG) | C(TAG_END))
#define EXTENDS		(PLAIN_EXTENDS | C(TEXT_SELECTOR) | C(EMOJI_SELECTOR))
#define EMOJIS		(C(EMOJI) | C(EMOJI_BASE) | C(EMOJI_LETTER))

enum state {
	START,
	/* words: after connectors alone; a Katakana; connectors after a word; a number, and what may stand inside one; a letter, and the
	 * same; a Hebrew letter that a quote may follow, and a double one; what follows such a quote */
	CONNECTED, KATAKANA, TRAILING, NUMBER, IN_NUMBER, LETTER, IN_LETTER, HEBREW, IN_HEBREW, QUOTED,
	/* scripts that are not cut, and those that are cut everywhere */
	COMPLEX, IDEOGRAPH,
	/* flags and keycaps */
	HALF_FLAG, FLAG, KEY, SELECTED_KEY, KEYCAP,
	/* emoji: joiners before the first; one, one that a modifier may follow, one with its selector; the same after a joiner; a modifier;
	 * a joiner, and more of them; tags, and their end */
	JOINED, FIRST, FIRST_BASE, FIRST_SELECTED, OTHER, OTHER_BASE, OTHER_SELECTED, MODIFIED, JOINER, JOINERS, TAGGED, TAG_ENDED,
};

#define S(state)	(UINT32_C(1) << (state))

static const uint32_t	accepting = S(KATAKANA) | S(TRAILING) | S(NUMBER) | S(LETTER) | S(QUOTED) | S(COMPLEX) | S(IDEOGRAPH) | S(FLAG) |
	S(KEYCAP) | S(FIRST) | S(FIRST_SELECTED) | S(OTHER) | S(OTHER_SELECTED) | S(MODIFIED) | S(TAG_ENDED);

static const struct {
	uint32_t	from, on, to;		/* states, classes, states */
} steps[] = {
	/* Annex 29, WB5 to WB13b; WB4 is the row that stays where it is. */
	{ S(CONNECTED) | S(KATAKANA) | S(TRAILING) | S(NUMBER) | S(IN_NUMBER) | S(LETTER) | S(IN_LETTER) | S(HEBREW) | S(IN_HEBREW) |
	    S(QUOTED) | S(COMPLEX) | S(IDEOGRAPH) | S(HALF_FLAG) | S(FLAG), EXTENDS, 0 },
	{ S(START) | S(CONNECTED), C(CONNECTOR), S(CONNECTED) },
	{ S(START) | S(CONNECTED) | S(TRAILING) | S(KATAKANA), C(KATAKANA), S(KATAKANA) },
	{ S(START) | S(CONNECTED) | S(TRAILING) | S(NUMBER) | S(IN_NUMBER) | S(LETTER) | S(QUOTED), NUMBERS, S(NUMBER) },
	{ S(START) | S(CONNECTED) | S(TRAILING) | S(NUMBER) | S(LETTER) | S(IN_LETTER) | S(QUOTED), LETTERS, S(LETTER) },
	{ S(START) | S(CONNECTED) | S(TRAILING) | S(NUMBER) | S(LETTER) | S(QUOTED), C(HEBREW), S(HEBREW) },
	{ S(KATAKANA) | S(TRAILING) | S(NUMBER) | S(LETTER) | S(QUOTED), C(CONNECTOR), S(TRAILING) },
	{ S(NUMBER), MID_NUMBERS, S(IN_NUMBER) },
	{ S(LETTER), MID_LETTERS, S(IN_LETTER) },
	{ S(HEBREW), C(QUOTE), S(QUOTED) },
	{ S(HEBREW), C(DOUBLE_QUOTE), S(IN_HEBREW) },
	{ S(IN_HEBREW), C(HEBREW), S(QUOTED) },

	{ S(START) | S(COMPLEX), C(COMPLEX) | C(COMPLEX_EXTEND), S(COMPLEX) },
	{ S(START), C(IDEOGRAPH), S(IDEOGRAPH) },

	{ S(START), C(REGIONAL), S(HALF_FLAG) },
	{ S(HALF_FLAG), C(REGIONAL), S(FLAG) },
	{ S(START), C(KEYCAP_BASE) | C(DIGIT), S(KEY) },
	{ S(KEY) | S(KEYCAP), PLAIN_EXTENDS, 0 },
	{ S(KEY), C(EMOJI_SELECTOR), S(SELECTED_KEY) },
	{ S(KEY) | S(SELECTED_KEY), C(KEYCAP), S(KEYCAP) },

	/* Unicode's technical standard 51, emoji sequences. */
	{ S(FIRST) | S(FIRST_BASE) | S(OTHER) | S(OTHER_BASE) | S(MODIFIED), PLAIN_EXTENDS, 0 },
	{ S(START) | S(JOINED), C(JOINER), S(JOINED) },
	{ S(START) | S(JOINED), EMOJIS, S(FIRST) },
	{ S(START) | S(JOINED), C(EMOJI_BASE), S(FIRST_BASE) },
	{ S(START) | S(FIRST_BASE) | S(OTHER_BASE) | S(JOINER), C(MODIFIER), S(MODIFIED) },
	{ S(FIRST), C(EMOJI_SELECTOR), S(FIRST_SELECTED) },
	{ S(OTHER), C(EMOJI_SELECTOR), S(OTHER_SELECTED) },
	{ S(FIRST) | S(OTHER) | S(FIRST_SELECTED) | S(OTHER_SELECTED) | S(MODIFIED), C(JOINER), S(JOINER) },
	{ S(JOINER) | S(JOINERS), C(JOINER), S(JOINERS) },
	{ S(JOINER) | S(JOINERS), EMOJIS, S(OTHER) },
	{ S(JOINER) | S(JOINERS), C(EMOJI_BASE), S(OTHER_BASE) },
	{ S(FIRST_SELECTED) | S(TAGGED), C(TAG), S(TAGGED) },
	{ S(TAGGED), C(TAG_END), S(TAG_ENDED) },
};

static enum words_class
class_of(uint32_t code)
{
	size_t	low = 0, high = n_words_ranges;

	while (low < high) {
		size_t	middle = (low + high) / 2;

		if (words_ranges[middle].to < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n_words_ranges && words_ranges[low].from <= code ? (enum words_class)words_ranges[low].class : WORDS_OTHER;
}

static uint32_t
step(uint32_t states, enum words_class class)
{
	uint32_t	next = 0;

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if ((steps[i].on >> class & 1) && (states & steps[i].from) != 0)
			next |= steps[i].to == 0 ? states & steps[i].from : steps[i].to;
	return next;
}

static bool
is_ascii_letter(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_ascii_word(unsigned char c)
{
	return is_ascii_letter(c) || (c >= '0' && c <= '9');
}

/* Where the longest word that begins at `at` ends; at, if none does. */
static size_t
word_end(const struct words *w, size_t at)
{
	uint32_t	states = S(START), code;
	size_t		end = at, units = 0, used;

	while (at < w->n && states != 0) {
		unsigned char	c = (unsigned char)w->text[at];

		/* letters and digits of ASCII follow each other freely, and a blank ends all: most text is settled here */
		if (((states & (S(NUMBER) | S(LETTER))) && is_ascii_word(c)) || ((states & S(START)) && is_ascii_letter(c))) {
			states = c <= '9' ? S(NUMBER) : S(LETTER);
			used = 1;
			code = c;
		} else if (c == ' ') {
			break;
		} else {
			if ((used = text_decode(w->text + at, w->n - at, &code)) == 0)
				break;
			states = step(states, class_of(code));
		}
		if ((units += code > 0xffff ? 2 : 1) > UNITS_MAX)
			break;
		at += used;
		if (states & accepting)
			end = at;
	}
	return end;
}

void
words_init(struct words *w, const char *text, size_t n)
{
	*w = (struct words){ .text = text, .n = n };
}

size_t
words_next(struct words *w, char word[WORD_BYTES])
{
	size_t		start, end, used;
	uint32_t	code;

	while (w->at < w->n) {
		start = w->at;
		if ((end = word_end(w, start)) > start) {
			w->at = end;
			return words_lower(w->text + start, end - start, word, WORD_BYTES);
		}
		used = text_decode(w->text + start, w->n - start, &code);
		w->at += used == 0 ? 1 : used;
	}
	return 0;
}

static uint32_t
lower(uint32_t code)
{
	size_t	low = 0, high = n_words_lower_runs;

	while (low < high) {
		size_t	middle = (low + high) / 2;

		if (words_lower_runs[middle].to < code)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == n_words_lower_runs || code < words_lower_runs[low].from ||
	    (code - words_lower_runs[low].from) % words_lower_runs[low].step != 0)
		return code;
	return (uint32_t)((int32_t)code + words_lower_runs[low].distance);
}

size_t
words_lower(const char *text, size_t n, char *out, size_t max)
{
	size_t		length = 0, size;
	uint32_t	code;
	char		bytes[4];

	for (size_t at = 0, used; at < n; at += used) {
		unsigned char	c = (unsigned char)text[at];

		if (c < 0x80 || (used = text_decode(text + at, n - at, &code)) == 0) {
			bytes[0] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
			used = size = 1;
		} else
			size = text_encode(lower(code), bytes);
		if (length + size >= max)
			break;
		memcpy(out + length, bytes, size);
		length += size;
	}
	out[length] = '\0';
	return length;
}
