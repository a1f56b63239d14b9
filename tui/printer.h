/*
 * Answers of the daemon on standard output, as text for people or as JSON.  The shape comes from the
 * command's row, columns and titles from its kind's fields.
 */
#ifndef TUI_PRINTER_H
#define TUI_PRINTER_H

#include <jansson.h>
#include <stdbool.h>

#include "core/command.h"

struct printer;

/* More is to come; that was all; it was a refusal, told on standard error. */
enum printed { PRINTED_MORE, PRINTED_LAST, PRINTED_REFUSED };

struct printer *printer_new(const struct command *, bool json, bool qr);	/* qr: a link as a picture, too */
void	printer_free(struct printer *);
enum printed printer_take(struct printer *, json_t *message);

/* An "error" of the daemon's, for a person. */
void	printer_refused(const json_t *error);
/* What was searched for, and a mark under the column that the error names; nothing if it names none. */
void	printer_point(const json_t *request, const json_t *error);

#endif
