#include "core/base64.h"

#include "core/err.h"

static const char	alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
base64_encode(const uint8_t *in, size_t n, char *out)
{
	char	*o = out;

	for (; n > 0; in += 3, n -= n < 3 ? n : 3) {
		uint32_t	v = (uint32_t)in[0] << 16 | (n > 1 ? (uint32_t)in[1] << 8 : 0) | (n > 2 ? in[2] : 0);

		*o++ = alphabet[v >> 18];
		*o++ = alphabet[v >> 12 & 63];
		*o++ = n > 1 ? alphabet[v >> 6 & 63] : '=';
		*o++ = n > 2 ? alphabet[v & 63] : '=';
	}
	return (size_t)(o - out);
}

/* What a character stands for and one more; 0: nothing. */
static const uint8_t	values[256] = {
	['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
	['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
	['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, ['+'] = 63, ['/'] = 64,
};

long
base64_decode(const char *text, size_t n, uint8_t *out)
{
	size_t	pad = n == 0 || text[n - 1] != '=' ? 0 : text[n - 2] != '=' ? 1 : 2;
	uint8_t	*o = out;

	if (n % 4 != 0)
		return ERR_INVALID;
	for (size_t i = 0; i < n; i += 4) {
		size_t		take = i + 4 == n ? 4 - pad : 4;	/* characters of this group that say something */
		uint32_t	v = 0;

		for (size_t k = 0; k < 4; k++) {
			uint8_t	bits = k < take ? values[(unsigned char)text[i + k]] : 1;

			if (bits == 0)
				return ERR_INVALID;
			v = v << 6 | (uint32_t)(bits - 1);
		}
		*o++ = (uint8_t)(v >> 16);
		if (take > 2)
			*o++ = (uint8_t)(v >> 8);
		if (take > 3)
			*o++ = (uint8_t)v;
	}
	return o - out;
}
