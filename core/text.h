/*
 * Text from outside.  It is stored raw and made safe at every exit by this module alone: screens, command line, logs,
 * CSV (product G4, reliability "Text from outside").
 */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes one UTF-8 code point at s (n bytes there).  Returns its length, or 0 for a byte that is not UTF-8. */
size_t	text_decode(const char *s, size_t n, uint32_t *code);
size_t	text_encode(uint32_t code, char out[4]);	/* returns 1 to 4 */
bool	text_is_utf8(const char *s, size_t n);

/*
 * For a screen: valid UTF-8 only; C0, C1, DEL, bidirectional, zero-width and other format characters and bytes that are
 * not UTF-8 become U+00B7 (a middle dot; '?' when ascii), at most one combining mark after each character.  out is always
 * terminated and at most size - 1 bytes, never cut inside a character.  Returns its length.
 */
size_t	text_safe(const char *s, size_t n, char *out, size_t size, bool ascii);

/* For a log: the same, each offending byte as \xNN. */
size_t	text_log(const char *s, size_t n, char *out, size_t size);

/* Cells of a code point on a terminal: 0, 1 or 2; of safe text. */
int	text_code_width(uint32_t code);
int	text_width(const char *s);

/* The longest prefix of safe text s that fits in cells: its bytes, and in *used the cells it takes. */
size_t	text_fit(const char *s, int cells, int *used);

bool	text_begins(const char *s, uint32_t letter);	/* with that letter, capital or small */

/* Lower case, code point by code point (simple mapping), for sorting and substring filters.  Terminated; returns length. */
size_t	text_fold(const char *s, size_t n, char *out, size_t size);

#endif
