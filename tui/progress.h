/*
 * How far a long command is, as one line on standard error that is written over; nothing where that is no terminal.
 */
#ifndef TUI_PROGRESS_H
#define TUI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char	*phase;		/* what is being done */
	int64_t		 begun_ms, shown_ms;
	bool		 there;		/* a line stands on the terminal */
};

void	progress_phase(struct progress *, const char *phase);	/* begins another; its name is borrowed */
/* done of total (0: not known), in rows or in bytes, which are told too. */
void	progress_show(struct progress *, uint64_t done, uint64_t total, bool bytes, uint64_t rows);
void	progress_clear(struct progress *);			/* before anything else is written */

#endif
