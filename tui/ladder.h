/*
 * A message of a trace as a rung of a ladder: who sent it to whom, what it is.
 */
#ifndef TUI_LADDER_H
#define TUI_LADDER_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

const char *ladder_heading(void);
/* when: its time as it is shown, of 12 cells. */
void	ladder_line(const json_t *message, const char *when, bool ascii, char *buf, size_t size);
/* "312 bytes of application/sdp", which are not shown; "" without a body. */
void	ladder_body(const json_t *message, bool ascii, char *buf, size_t size);

#endif
