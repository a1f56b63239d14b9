/*
 * JSON on standard output.  What a terminal might obey or a person can't see (C1, DEL, bidirectional
 * and format characters) is written as \uXXXX: the same value to every reader of JSON, and harmless on
 * a screen.
 */
#ifndef TUI_JSON_H
#define TUI_JSON_H

#include <jansson.h>

void	json_line(const json_t *);	/* compact, on a line of its own */

#endif
