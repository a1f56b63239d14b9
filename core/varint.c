#include "core/varint.h"

size_t
varint_put(uint8_t *out, uint64_t v)
{
	size_t	n = 0;

	for (; v >= 0x80; v >>= 7)
		out[n++] = (uint8_t)(v | 0x80);
	out[n++] = (uint8_t)v;
	return n;
}

size_t
varint_get(const uint8_t *in, size_t n, uint64_t *value)
{
	uint64_t	v = 0;

	for (size_t i = 0; i < n && i < VARINT_MAX; i++) {
		uint64_t	bits = in[i] & 0x7f;

		if (i == VARINT_MAX - 1 && bits > 1)
			return 0;
		v |= bits << (7 * i);
		if ((in[i] & 0x80) == 0) {
			*value = v;
			return i + 1;
		}
	}
	return 0;
}

void
be64_put(uint8_t out[8], uint64_t v)
{
	for (int i = 7; i >= 0; i--, v >>= 8)
		out[i] = (uint8_t)v;
}

uint64_t
be64_get(const uint8_t in[8])
{
	uint64_t	v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | in[i];
	return v;
}
