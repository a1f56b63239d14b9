/*
 * The steps of a trunk's test as people read them, on a console's panel and as lines of the command line.
 */
#ifndef TUI_STEPS_H
#define TUI_STEPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { STEP_TITLE = 10, STEP_WHAT = 36 };	/* cells */

/* What a step came to: its glyph word (app.h: "OK", "UNREACHABLE", "UNMONITORED"), for a colour. */
const char *step_word(const json_t *step);
const char *step_title(const json_t *step);	/* "OPTIONS" */
/* "203.0.113.9, 203.0.113.10", "not tried"; and "12 ms", or nothing.  Safe for a screen. */
void	step_what(const json_t *step, bool ascii, char *buf, size_t size);
void	step_ms(const json_t *step, char *buf, size_t size);
/* All of it in a line: "+ resolve   203.0.113.9      12 ms". */
void	step_line(const json_t *step, bool ascii, char *buf, size_t size);

#endif
