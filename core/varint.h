/*
 * Varints: 7 bits a byte, least significant first, the top bit set on all but the last.
 */
#ifndef CORE_VARINT_H
#define CORE_VARINT_H

#include <stddef.h>
#include <stdint.h>

enum { VARINT_MAX = 10 };

size_t	varint_put(uint8_t *out, uint64_t);				/* returns 1 to VARINT_MAX */
size_t	varint_get(const uint8_t *in, size_t n, uint64_t *value);	/* returns its length, 0 if cut short or over 64 bits */

/* Big-endian, for keys. */
void	be64_put(uint8_t out[8], uint64_t);
uint64_t be64_get(const uint8_t in[8]);

#endif
