/*
 * A text as a QR code for a terminal: two modules in a cell by half blocks, or, where the locale has none, a module in two cells.  What is
 * drawn are the light modules: on a dark screen, and with the colours that the caller sets, the code is dark on light, as readers want it.
 */
#ifndef TUI_QR_H
#define TUI_QR_H

#include <stdbool.h>
#include <stddef.h>

enum {
	QR_SIDE = 77, QR_TEXT = 521,	/* modules of the largest, version 15, and what it holds */
	QR_QUIET = 4, QR_QUIET_LEAST = 2,	/* light modules around it: as the standard wants, and what readers can do with */
	QR_LINE = 3 * 2 * (QR_SIDE + 2 * QR_QUIET) + 1,
};

struct qr {
	int	side;			/* modules; 0: none */
	bool	dark[QR_SIDE * QR_SIDE];
};

/* 0, or ERR_TOO_LARGE. */
int	qr_make(struct qr *, const char *text);

int	qr_cols(const struct qr *, int quiet, bool ascii);
int	qr_rows(const struct qr *, int quiet, bool ascii);
/* The widest quiet zone with which it fits; 0: it does not fit with the least. */
int	qr_fit(const struct qr *, int cols, int rows, bool ascii);
bool	qr_is_light(const struct qr *, int quiet, int row, int col);	/* of modules from the outer edge; all outside is */

/* A row of the picture: half blocks, or "##" for light where ascii is set. */
const char *qr_line(const struct qr *, int quiet, bool ascii, int row, char buf[QR_LINE]);

/* Prints it for a person at that terminal, or into a file; below it follows what the caller has to say.  0, or -1 and why. */
int	qr_print(const struct qr *, char *why, size_t);

#endif
