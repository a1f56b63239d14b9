#include "core/text.h"

#include <stdio.h>
#include <string.h>

/* Code points that draw nothing, or that reorder what is drawn: they could make a screen lie (product G4). */
static const struct range {
	uint32_t	first, last;
} harmful[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x034f, 0x034f }, { 0x061c, 0x061c }, { 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 },
	{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0xfffe, 0xffff }, { 0x13430, 0x1345f },
	{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff }, { 0xf0000, 0x10ffff },
}, combining[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x05bf, 0x05bf }, { 0x05c1, 0x05c2 }, { 0x05c4, 0x05c5 },
	{ 0x0610, 0x061a }, { 0x064b, 0x065f }, { 0x0670, 0x0670 }, { 0x06d6, 0x06dc }, { 0x06df, 0x06e4 }, { 0x06e7, 0x06e8 },
	{ 0x06ea, 0x06ed }, { 0x0711, 0x0711 }, { 0x0730, 0x074a }, { 0x07a6, 0x07b0 }, { 0x07eb, 0x07f3 }, { 0x0816, 0x082d },
	{ 0x0859, 0x085b }, { 0x08d3, 0x0902 }, { 0x093a, 0x093a }, { 0x093c, 0x093c }, { 0x0941, 0x0948 }, { 0x094d, 0x094d },
	{ 0x0951, 0x0957 }, { 0x0962, 0x0963 }, { 0x0981, 0x0981 }, { 0x09bc, 0x09bc }, { 0x09c1, 0x09c4 }, { 0x09cd, 0x09cd },
	{ 0x0a01, 0x0a02 }, { 0x0a3c, 0x0a51 }, { 0x0a70, 0x0a71 }, { 0x0a81, 0x0a82 }, { 0x0abc, 0x0abc }, { 0x0ac1, 0x0acd },
	{ 0x0b01, 0x0b01 }, { 0x0b3c, 0x0b3c }, { 0x0b41, 0x0b56 }, { 0x0bcd, 0x0bcd }, { 0x0c3e, 0x0c40 }, { 0x0c46, 0x0c56 },
	{ 0x0ccc, 0x0ccd }, { 0x0d41, 0x0d4d }, { 0x0dca, 0x0dca }, { 0x0dd2, 0x0dd6 }, { 0x0e31, 0x0e31 }, { 0x0e34, 0x0e3a },
	{ 0x0e47, 0x0e4e }, { 0x0eb1, 0x0eb1 }, { 0x0eb4, 0x0ebc }, { 0x0ec8, 0x0ecd }, { 0x0f18, 0x0f19 }, { 0x0f35, 0x0f39 },
	{ 0x0f71, 0x0f84 }, { 0x0f86, 0x0fbc }, { 0x102d, 0x1037 }, { 0x1039, 0x103a }, { 0x135d, 0x135f }, { 0x1712, 0x1714 },
	{ 0x17b6, 0x17d3 }, { 0x18a9, 0x18a9 }, { 0x1ab0, 0x1aff }, { 0x1b00, 0x1b03 }, { 0x1b34, 0x1b44 }, { 0x1b6b, 0x1b73 },
	{ 0x1dc0, 0x1dff }, { 0x20d0, 0x20f0 }, { 0x2cef, 0x2cf1 }, { 0x2de0, 0x2dff }, { 0x302a, 0x302f }, { 0x3099, 0x309a },
	{ 0xa66f, 0xa672 }, { 0xa674, 0xa67d }, { 0xa802, 0xa806 }, { 0xa8e0, 0xa8f1 }, { 0xa926, 0xa92d }, { 0xfb1e, 0xfb1e },
	{ 0xfe20, 0xfe2f }, { 0x101fd, 0x101fd }, { 0x1d165, 0x1d169 }, { 0x1d242, 0x1d244 }, { 0x1e8d0, 0x1e8d6 },
}, wide[] = {
	{ 0x1100, 0x115e }, { 0x231a, 0x231b }, { 0x2329, 0x232a }, { 0x23e9, 0x23ec }, { 0x23f0, 0x23f0 }, { 0x23f3, 0x23f3 },
	{ 0x25fd, 0x25fe }, { 0x2614, 0x2615 }, { 0x2648, 0x2653 }, { 0x267f, 0x267f }, { 0x2693, 0x2693 }, { 0x26a1, 0x26a1 },
	{ 0x26aa, 0x26ab }, { 0x26bd, 0x26be }, { 0x26c4, 0x26c5 }, { 0x26ce, 0x26ce }, { 0x26d4, 0x26d4 }, { 0x26ea, 0x26ea },
	{ 0x26f2, 0x26f3 }, { 0x26f5, 0x26f5 }, { 0x26fa, 0x26fa }, { 0x26fd, 0x26fd }, { 0x2705, 0x2705 }, { 0x270a, 0x270b },
	{ 0x2728, 0x2728 }, { 0x274c, 0x274c }, { 0x274e, 0x274e }, { 0x2753, 0x2755 }, { 0x2757, 0x2757 }, { 0x2795, 0x2797 },
	{ 0x27b0, 0x27b0 }, { 0x27bf, 0x27bf }, { 0x2b1b, 0x2b1c }, { 0x2b50, 0x2b50 }, { 0x2b55, 0x2b55 }, { 0x2e80, 0x3029 },
	{ 0x3030, 0x303e }, { 0x3041, 0x3098 }, { 0x309b, 0x3163 }, { 0x3165, 0x4dbf }, { 0x4e00, 0xa4cf }, { 0xa960, 0xa97c },
	{ 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe10, 0xfe19 }, { 0xfe30, 0xfe6f }, { 0xff01, 0xff60 }, { 0xffe0, 0xffe6 },
	{ 0x16fe0, 0x18cff }, { 0x1b000, 0x1b2ff }, { 0x1f004, 0x1f004 }, { 0x1f0cf, 0x1f0cf }, { 0x1f18e, 0x1f18e },
	{ 0x1f191, 0x1f19a }, { 0x1f200, 0x1f320 }, { 0x1f32d, 0x1f335 }, { 0x1f337, 0x1f37c }, { 0x1f37e, 0x1f393 },
	{ 0x1f3a0, 0x1f3ca }, { 0x1f3cf, 0x1f3d3 }, { 0x1f3e0, 0x1f3f0 }, { 0x1f3f4, 0x1f3f4 }, { 0x1f3f8, 0x1f43e },
	{ 0x1f440, 0x1f440 }, { 0x1f442, 0x1f4fc }, { 0x1f4ff, 0x1f53d }, { 0x1f54b, 0x1f54e }, { 0x1f550, 0x1f567 },
	{ 0x1f57a, 0x1f57a }, { 0x1f595, 0x1f596 }, { 0x1f5a4, 0x1f5a4 }, { 0x1f5fb, 0x1f64f }, { 0x1f680, 0x1f6c5 },
	{ 0x1f6cc, 0x1f6cc }, { 0x1f6d0, 0x1f6d2 }, { 0x1f6d5, 0x1f6d7 }, { 0x1f6eb, 0x1f6ec }, { 0x1f6f4, 0x1f6fc },
	{ 0x1f7e0, 0x1f7eb }, { 0x1f90c, 0x1f9ff }, { 0x1fa70, 0x1faff }, { 0x20000, 0x3fffd },
};

static bool
in_ranges(const struct range *r, size_t n, uint32_t code)
{
	size_t	low = 0, high = n;

	while (low < high) {
		size_t	mid = low + (high - low) / 2;

		if (code > r[mid].last)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && code >= r[low].first;
}

#define IN(table, code)	(in_ranges((table), sizeof (table) / sizeof (table)[0], (code)))

size_t
text_decode(const char *s, size_t n, uint32_t *code)
{
	static const uint32_t	least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char	*p = (const unsigned char *)s;
	size_t			 len;
	uint32_t		 c;

	if (n == 0)
		return 0;
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n < len)
		return 0;
	c = p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return len;
}

size_t
text_encode(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

bool
text_is_utf8(const char *s, size_t n)
{
	uint32_t	code;
	size_t		step;

	for (size_t i = 0; i < n; i += step)
		if ((step = text_decode(s + i, n - i, &code)) == 0)
			return false;
	return true;
}

/* What stands for a character that may not come out. */
enum mark { MARK_DOT, MARK_ASCII, MARK_HEX };

static size_t
mark_put(enum mark mark, const char *s, size_t n, char *out)
{
	size_t	at = 0;

	switch (mark) {
	case MARK_DOT:
		return text_encode(0xb7, out);
	case MARK_ASCII:
		out[0] = '?';
		return 1;
	case MARK_HEX:
		for (size_t i = 0; i < n; i++, at += 4)
			(void)snprintf(out + at, 5, "\\x%02x", (unsigned char)s[i]);
		return at;
	}
	return 0;
}

static size_t
make_safe(const char *s, size_t n, char *out, size_t size, enum mark mark)
{
	size_t	at = 0, step, len, marks = 0;

	for (size_t i = 0; i < n; i += step) {
		uint32_t	code = 0;
		char		one[20];
		bool		bad;

		step = text_decode(s + i, n - i, &code);
		bad = step == 0 || IN(harmful, code) || (mark == MARK_ASCII && code >= 0x80);
		if (step == 0)
			step = 1;
		if (!bad && IN(combining, code)) {
			bad = i == 0;	/* nothing to stand on */
			if (marks++ >= 1)
				continue;
		} else
			marks = 0;
		if (bad)
			len = mark_put(mark, s + i, step, one);
		else {
			memcpy(one, s + i, step);
			len = step;
		}
		if (at + len >= size)
			break;
		memcpy(out + at, one, len);
		at += len;
	}
	out[at] = '\0';
	return at;
}

size_t
text_safe(const char *s, size_t n, char *out, size_t size, bool ascii)
{
	return make_safe(s, n, out, size, ascii ? MARK_ASCII : MARK_DOT);
}

size_t
text_log(const char *s, size_t n, char *out, size_t size)
{
	return make_safe(s, n, out, size, MARK_HEX);
}

int
text_code_width(uint32_t code)
{
	if (IN(combining, code) || IN(harmful, code))
		return 0;
	return code >= 0x1100 && IN(wide, code) ? 2 : 1;
}

int
text_width(const char *s)
{
	int	used;

	(void)text_fit(s, INT32_MAX, &used);
	return used;
}

size_t
text_fit(const char *s, int cells, int *used)
{
	size_t	n = strlen(s), i = 0, step;

	for (*used = 0; i < n; i += step) {
		uint32_t	code;
		int		width = 1;

		if ((step = text_decode(s + i, n - i, &code)) == 0)
			step = 1;
		else
			width = text_code_width(code);
		if (*used + width > cells)
			break;
		*used += width;
	}
	return i;
}

/* Capitals and how far away their small letters are, in alphabets that names are written in; step 2: every other one. */
static const struct {
	uint32_t	first, last;
	int32_t		away;
	uint32_t	step;
} capitals[] = {
	{ 0xc0, 0xd6, 32, 1 }, { 0xd8, 0xde, 32, 1 },					/* Latin-1 */
	{ 0x100, 0x12e, 1, 2 }, { 0x130, 0x130, 'i' - 0x130, 1 }, { 0x132, 0x136, 1, 2 }, { 0x139, 0x147, 1, 2 },
	{ 0x14a, 0x176, 1, 2 }, { 0x178, 0x178, 0xff - 0x178, 1 }, { 0x179, 0x17d, 1, 2 },	/* Latin Extended-A */
	{ 0x1a0, 0x1a0, 1, 1 }, { 0x1af, 0x1af, 1, 1 }, { 0x1cd, 0x1db, 1, 2 }, { 0x1de, 0x1ee, 1, 2 }, { 0x1f8, 0x21e, 1, 2 }, { 0x222, 0x232, 1, 2 },
	{ 0x386, 0x386, 38, 1 }, { 0x388, 0x38a, 37, 1 }, { 0x38c, 0x38c, 64, 1 }, { 0x38e, 0x38f, 63, 1 },
	{ 0x391, 0x3a1, 32, 1 }, { 0x3a3, 0x3ab, 32, 1 },				/* Greek */
	{ 0x400, 0x40f, 80, 1 }, { 0x410, 0x42f, 32, 1 }, { 0x460, 0x480, 1, 2 }, { 0x48a, 0x4be, 1, 2 },
	{ 0x4d0, 0x52e, 1, 2 },								/* Cyrillic */
	{ 0x531, 0x556, 48, 1 },							/* Armenian */
	{ 0x1e00, 0x1e94, 1, 2 }, { 0x1ea0, 0x1efe, 1, 2 },				/* Latin Extended Additional: Vietnamese */
	{ 0xff21, 0xff3a, 32, 1 },							/* full width */
};

/* Without the locale, which a daemon has none of. */
static uint32_t
lower(uint32_t code)
{
	for (size_t i = 0; i < sizeof capitals / sizeof capitals[0] && code >= capitals[i].first; i++)
		if (code <= capitals[i].last && (code - capitals[i].first) % capitals[i].step == 0)
			return (uint32_t)((int32_t)code + capitals[i].away);
	return code;
}

size_t
text_fold(const char *s, size_t n, char *out, size_t size)
{
	size_t	at = 0, step, len;

	for (size_t i = 0; i < n; i += step) {
		uint32_t	code;
		char		one[4] = { s[i] };

		len = 1;
		if ((step = text_decode(s + i, n - i, &code)) == 0)
			step = 1;
		else if (code < 0x80)
			one[0] = (char)(code >= 'A' && code <= 'Z' ? code + 32 : code);
		else
			len = text_encode(lower(code), one);
		if (at + len >= size)
			break;
		memcpy(out + at, one, len);
		at += len;
	}
	if (size > 0)
		out[at] = '\0';
	return at;
}

bool
text_begins(const char *s, uint32_t letter)
{
	uint32_t	code;

	if (text_decode(s, strlen(s), &code) == 0)
		return false;
	if (code >= 'A' && code <= 'Z')
		code += 32;
	if (letter >= 'A' && letter <= 'Z')
		letter += 32;
	return lower(code) == lower(letter);
}
