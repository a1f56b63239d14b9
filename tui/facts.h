/*
 * A fact of `why` as it looks: its mark, what it is, and how that stands.
 */
#ifndef TUI_FACTS_H
#define TUI_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

enum { FACT_TITLE = 15, FACT_TEXT = 1500 };

const char *fact_word(const json_t *fact);		/* the device status that its mark and colour are those of */
void	fact_title(const json_t *fact, bool ascii, char *buf, size_t size);
void	fact_what(const json_t *fact, bool ascii, char *buf, size_t size);
void	fact_line(const json_t *fact, bool ascii, char *buf, size_t size);

#endif
