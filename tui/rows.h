/*
 * The rows of an import's file, one at a time: CSV with a header row, or JSON objects one after the other, as `account export` writes
 * them and as jq does (on one line or many, or in one array).  Which of the two it is, the file itself tells.
 */
#ifndef TUI_ROWS_H
#define TUI_ROWS_H

#include <jansson.h>
#include <stdbool.h>

#include "core/field.h"

struct rows;

enum { ROWS_TEXT = 512 };

struct row_read {
	unsigned long	 line;			/* where it begins, from 1 */
	json_t		*set;			/* its fields, to be released; NULL: the row can't be read: */
	char		 field[64], fault[ROWS_TEXT];	/* why, and what to write instead */
};

/* file: "-" is standard input.  other: a descriptor that is looked at while rows are waited for.  NULL with why. */
struct rows *rows_open(const char *file, const struct kind *, int other, char why[ROWS_TEXT]);
void	rows_close(struct rows *);

/* 1 and a row; 0 at the end; -EINTR when a signal came or other can be read, nothing is lost; else negative: the file can't be read. */
int	rows_next(struct rows *, struct row_read *);

bool	rows_is_empty(const struct rows *);	/* not even a header was there */

/* Bytes read, and how many there are; 0: not known. */
void	rows_position(const struct rows *, uint64_t *done, uint64_t *total);

#endif
