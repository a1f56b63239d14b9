/*
 * Base64 (RFC 4648, with padding): bytes in lines of the control protocol.
 */
#ifndef CORE_BASE64_H
#define CORE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#define BASE64_TEXT(n)	(((n) + 2) / 3 * 4)	/* characters that n bytes become */

/* Returns how many characters were written; no terminator. */
size_t	base64_encode(const uint8_t *in, size_t n, char *out);
/* The number of bytes, at most n / 4 * 3; ERR_INVALID unless text is base64 from end to end. */
long	base64_decode(const char *text, size_t n, uint8_t *out);

#endif
