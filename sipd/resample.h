/*
 * Speech at another rate: each new sample is the old ones around it under a windowed sinc, whose cut-off is below half of the lower rate.
 */
#ifndef SIPD_RESAMPLE_H
#define SIPD_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

enum { RESAMPLE_RATE_MIN = 4000, RESAMPLE_RATE_MAX = 192000 };

size_t	resample_length(size_t n, unsigned from, unsigned to);		/* how many samples n become */
/* in: -1 to 1; out has room for resample_length(). */
void	resample(const float *in, size_t n, unsigned from, unsigned to, int16_t *out);

#endif
