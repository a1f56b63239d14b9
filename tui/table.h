/*
 * Rows as an aligned table on standard output.  Widths come from the first rows, so that a list of a
 * million streams; a later cell that is wider, or one that is very wide, shifts its own line only.
 */
#ifndef TUI_TABLE_H
#define TUI_TABLE_H

#include <jansson.h>

#include "core/field.h"
#include "core/rate.h"

struct table_out;

struct table_out *table_out_new(const struct kind *);
void	table_out_row(struct table_out *, const json_t *row);
void	table_out_end(struct table_out *);	/* prints what waits, and frees */

/*
 * "Username  alice": a line of one record.  A list is a line for each of its items, of an object what
 * is not 0.
 */
void	table_out_value(const char *title, json_t *value);

/* A value as a person reads it, made safe for a terminal: true is yes, null is empty, a list of counts is drawn. */
void	cell_text(const json_t *, char *buf, size_t size);

/* What stands in a row's cell: a device's status with its glyph and latency, other values as they are. */
void	row_cell_text(const json_t *row, const struct field *, char *buf, size_t size);

/* A list of numbers, the newest last, as the last so many of a rate. */
void	counts_of(const json_t *, uint32_t counts[RATE_MINUTES]);

#endif
