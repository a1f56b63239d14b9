/*
 * CSV as in RFC 4180: cells between commas, in quotes where they hold a comma, a quote or a line end; a record ends with CR LF, LF
 * or CR.  Read in any pieces, one record in memory at a time.
 *
 * What an export writes must be harmless where it is opened, and read back to the same text.  So beyond the RFC:
 *	- a cell that a spreadsheet would take for a formula gets an apostrophe in front: '=1+1
 *	- a character that a terminal would obey, or that can't be seen, is written \u{1b}
 * and both are undone when a cell is read.
 */
#ifndef CORE_CSV_H
#define CORE_CSV_H

#include <stdbool.h>
#include <stddef.h>

enum { CSV_CELLS_MAX = 64, CSV_RECORD_MAX = 16384, CSV_ESCAPE_MAX = 10 /* bytes that one byte may become */ };

enum csv_state { CSV_CELL_START, CSV_PLAIN, CSV_QUOTED, CSV_QUOTE_SEEN };

struct csv {
	/* The record, from a csv_take() that returned true until the next. */
	size_t		 n_cells;
	unsigned long	 line;			/* where it begins, from 1 */
	const char	*fault;			/* what is wrong with it, and what to write; NULL: nothing */
	unsigned long	 fault_line;
	/* For csv.c alone. */
	enum csv_state	 state;
	unsigned long	 at_line;
	bool		 done, after_cr, first;
	size_t		 n, cells[CSV_CELLS_MAX];
	char		 text[CSV_RECORD_MAX];
};

void	csv_init(struct csv *);

/* Takes bytes up to the end of a record, *used of n.  True: there is one.  Blank lines are none. */
bool	csv_take(struct csv *, const char *in, size_t n, size_t *used);
bool	csv_end(struct csv *);			/* no more bytes come: true: a last record ended without a line end */
char	*csv_cell(struct csv *, size_t i);	/* as it stands there; may be written to, not grown */

/* Undoes in place what csv_cell_write() does beyond the RFC. */
void	csv_cell_read(char *cell);
/* The cell of a text, with its quotes.  size: at least CSV_ESCAPE_MAX * n + 4.  Returns its length; terminated. */
size_t	csv_cell_write(const char *s, size_t n, char *out, size_t size);

#endif
