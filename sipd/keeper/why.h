/*
 * Why an account is reached, or is not (product G5): what is known of it, a line each, and one sentence of reach.h.
 */
#ifndef SIPD_KEEPER_WHY_H
#define SIPD_KEEPER_WHY_H

#include <jansson.h>

struct account;
struct keeper;

/* {"username", "call", "message", "facts":[{"fact","state","what"}], "verdict"}: as in wirechief-protocol(7). */
json_t *why_json(struct keeper *, const struct account *);

#endif
