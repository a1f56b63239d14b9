/*
 * Traces (product G6): messages of accounts that somebody watches go to the keeper, without their secrets and bodies.  Every message that
 * comes or goes passes here; while nobody watches that is a look at one number.
 *
 * A message belongs to an account whose name or number is the user of its From, To or Request-URI, or of its credentials, or that hides
 * its name and sends from where the account is registered; and so does whatever has the Call-ID of one that does.
 */
#ifndef SIPD_SIP_TRACES_H
#define SIPD_SIP_TRACES_H

#include "core/wire.h"
#include "sipd/sip/sofia.h"

struct front;
struct traces;
struct where;

enum { TRACES_MAX = 16, TRACE_RATE = 100, TRACE_BURST = 200 };	/* at once; messages a second and at once of each: others are counted */

struct traces *traces_new(struct front *);
void	traces_free(struct traces *);
void	traces_set(struct traces *, uint64_t id, const struct wire_trace *);	/* as the keeper says */
void	traces_clear(struct traces *);			/* the keeper is away, and who watched with it */

/* A message as it stands in a datagram, or leaves. */
void	traces_see(struct traces *, bool out, const struct where *, const char *text, size_t n);
/* One that libsofia has taken from a connection. */
void	traces_see_parsed(struct traces *, const struct where *, const sip_t *);

#endif
