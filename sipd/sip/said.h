/*
 * Answers that were given to requests without a transaction of their own, for as long as a phone may still repeat such a request because
 * its answer was lost (RFC 3261 section 17.2.2, timer J).  When there are too many, the oldest go.
 */
#ifndef SIPD_SIP_SAID_H
#define SIPD_SIP_SAID_H

#include <stdint.h>

#include "core/span.h"

struct said;

enum {
	SAID_LIFE_MS = 32000, SAID_PLACES = 65536, SAID_BYTES_MAX = 24 * 1024 * 1024,
	SAID_REGISTERS_BYTES = 8 * 1024 * 1024,		/* 15,000 answers: of 10,000 phones a second each may repeat itself twice */
};

struct said *said_new(size_t bytes_max);		/* of the answers, at most SAID_BYTES_MAX */
void	said_free(struct said *);
void	said_put(struct said *, uint64_t key, struct span text, int64_t now_ms);	/* copies text */
struct span said_find(struct said *, uint64_t key, int64_t now_ms);	/* empty when it is not known; until the next call */

#endif
