/*
 * Records as JSON and back, by the field table alone (types as in wirechief-protocol(7)).  What is FF_HIDDEN
 * or FF_SECRET never comes out.
 */
#ifndef SIPD_KEEPER_JSON_H
#define SIPD_KEEPER_JSON_H

#include <jansson.h>

#include "core/field.h"

enum { JSON_NUMBER_TEXT = 32 };

/* Any bytes as a string: what is not UTF-8 becomes U+FFFD. */
json_t *json_of_text(const char *, size_t n);
json_t *json_of_time(int64_t at_ms);		/* RFC 3339, or null for 0 */
json_t *json_of_field(const struct field *, const void *record, const struct refs *);
json_t *json_of_record(const struct kind *, const void *record, const struct refs *);

/*
 * A value as the text that field_set() takes: strings as they are, numbers in digits, true and false as yes
 * and no, null as "". Borrowed from the value, or written to buf.  NULL for what is none of these, or holds a
 * NUL.
 */
const char *json_to_text(const json_t *, char buf[JSON_NUMBER_TEXT]);

#endif
