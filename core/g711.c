#include "core/g711.h"

enum { ULAW_BIAS = 132, ULAW_MAX = 32635, ALAW_FLIP = 0x55 };

/* Both laws: three bits say how many times the size doubled beyond the first step, four what is left. */
static unsigned
segment_of(unsigned size, unsigned first)
{
	unsigned	segment = 0;

	while (size >= first << (segment + 1) && segment < 7)
		segment++;
	return segment;
}

uint8_t
g711_ulaw(int16_t sample)
{
	unsigned	sign = sample < 0 ? 0x80 : 0, size = (unsigned)(sample < 0 ? -(int)sample : sample), segment;

	size = (size > ULAW_MAX ? ULAW_MAX : size) + ULAW_BIAS;
	segment = segment_of(size, 128);
	return (uint8_t)~(sign | segment << 4 | (size >> (segment + 3) & 15));
}

uint8_t
g711_alaw(int16_t sample)
{
	unsigned	sign = sample < 0 ? 0 : 0x80, size = (unsigned)(sample < 0 ? ~(int)sample : sample), segment;

	segment = segment_of(size, 128);
	return (uint8_t)((sign | segment << 4 | (size >> (segment == 0 ? 4 : segment + 3) & 15)) ^ ALAW_FLIP);
}
