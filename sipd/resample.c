#include "sipd/resample.h"

#include <math.h>

enum { CROSSINGS = 16, STEPS = 64, KERNEL = CROSSINGS * STEPS };

/* Half of a sinc under a Hann window, STEPS values from one crossing to the next, and one more for the value between two. */
static void
kernel_make(float kernel[KERNEL + 2])
{
	const double	pi = 3.14159265358979323846;

	kernel[0] = 1;
	for (int i = 1; i < KERNEL + 2; i++) {
		double	x = pi * i / STEPS, window = 0.5 + 0.5 * cos(pi * (i < KERNEL ? i : KERNEL) / KERNEL);

		kernel[i] = (float)(sin(x) / x * window);
	}
}

static int16_t
to_int16(double v)
{
	v *= 32767;
	return (int16_t)lrint(v > 32767 ? 32767 : v < -32768 ? -32768 : v);
}

size_t
resample_length(size_t n, unsigned from, unsigned to)
{
	return (size_t)((uint64_t)n * to / from);
}

void
resample(const float *in, size_t n, unsigned from, unsigned to, int16_t *out)
{
	const size_t	made = resample_length(n, from, to);
	const double	cut = from == to ? 1 : 0.95 * (from < to ? 1 : (double)to / from), reach = CROSSINGS / cut;
	float		kernel[KERNEL + 2];

	kernel_make(kernel);
	for (size_t i = 0; i < made; i++) {
		double	at = (double)i * from / to, first = ceil(at - reach), last = floor(at + reach), sum = 0;
		size_t	end = last >= (double)n ? n - 1 : (size_t)last;

		for (size_t j = first < 0 ? 0 : (size_t)first; j <= end; j++) {
			double	where = fabs((double)j - at) * cut * STEPS;
			size_t	step = (size_t)where;

			if (step <= KERNEL)
				sum += (double)in[j] * ((double)kernel[step] + (where - (double)step) * (double)(kernel[step + 1] - kernel[step]));
		}
		out[i] = to_int16(sum * cut);
	}
}
