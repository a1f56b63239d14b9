/* links: */
/*
 * Any bytes are read as records, the same in whatever pieces they come; a cell that is written is read back as it was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/text.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { INPUT_MAX = 4096 };

static void
cell_again(char *cell)
{
	static char		out[CSV_ESCAPE_MAX * INPUT_MAX + 8];
	static struct csv	c;
	size_t			n = strlen(cell), len, used;

	if (n == 0 || !text_is_utf8(cell, n))
		return;
	len = csv_cell_write(cell, n, out, sizeof out);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)out[i] < ' ' || out[i] == 0x7f)
			abort();
	out[len] = '\n';
	csv_init(&c);
	if (len < CSV_RECORD_MAX && (!csv_take(&c, out, len + 1, &used) || c.fault != NULL || c.n_cells != 1))
		abort();
	if (len >= CSV_RECORD_MAX)
		return;
	csv_cell_read(csv_cell(&c, 0));
	if (strcmp(csv_cell(&c, 0), cell) != 0)
		abort();
}

/* A number that tells the records apart. */
static uint64_t
read_all(const char *in, size_t n, size_t piece, bool again)
{
	static struct csv	c;
	uint64_t		sum = 0;
	size_t			used;

	csv_init(&c);
	for (size_t i = 0; i <= n;) {
		size_t	left = n - i < piece ? n - i : piece;
		bool	there = left == 0 ? csv_end(&c) : csv_take(&c, in + i, left, &used);

		i += left == 0 ? 1 : used;
		if (!there)
			continue;
		sum = sum * 31 + c.line + (c.fault != NULL);
		for (size_t k = 0; k < c.n_cells; k++) {
			for (const char *p = csv_cell(&c, k); *p != '\0'; p++)
				sum = sum * 31 + (uint8_t)*p;
			sum = sum * 31 + 7;
			if (again && c.fault == NULL)
				cell_again(csv_cell(&c, k));
		}
	}
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	if (n > INPUT_MAX)
		return 0;
	if (read_all((const char *)in, n, n + 1, true) != read_all((const char *)in, n, 3, false))
		abort();
	return 0;
}
