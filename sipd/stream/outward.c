#include "sipd/stream/outward.h"

#include <stdlib.h>

#include "sipd/net/guide.h"
#include "sipd/net/tls.h"
#include "sipd/stream/dial.h"
#include "sipd/stream/lookup.h"

static const char	ca[] = "trunks.ca";

struct outward {
	struct lookups	*lookups;
	struct dials	*dials;
	struct channel	*keeper, *sip;	/* NULL while they are away */
	struct guide	 guide;
};

static void
on_looked_up(void *arg, uint64_t id, const struct wire_resolved *r)
{
	struct outward	*o = arg;

	if (o->keeper != NULL)
		(void)channel_send(o->keeper, WIRE_RESOLVED, id, r);
}

static void
on_dialed(void *arg, uint64_t id, const struct wire_dialed *w)
{
	struct outward	*o = arg;
	struct channel	*who = id & DIAL_BY_SIP ? o->sip : o->keeper;

	if (who != NULL)
		(void)channel_send(who, WIRE_DIALED, id, w);
}

/* ctx NULL: the one that there is stays. */
static void
set_tls(struct outward *o, SSL_CTX *ctx)
{
	if (ctx != NULL)
		dials_set_tls(o->dials, ctx);
}

struct outward *
outward_new(struct event_base *base, struct conns *conns)
{
	struct outward	*o = calloc(1, sizeof *o);

	if (o == NULL)
		return NULL;
	if ((o->lookups = lookups_new(base, on_looked_up, o)) == NULL || (o->dials = dials_new(base, conns, on_dialed, o)) == NULL) {
		outward_free(o);
		return NULL;
	}
	set_tls(o, tls_trust(ca, NULL));
	return o;
}

void
outward_free(struct outward *o)
{
	if (o == NULL)
		return;
	dials_free(o->dials);
	lookups_free(o->lookups);
	guide_clear(&o->guide);
	free(o);
}

static void
apply(struct outward *o)
{
	struct addr	servers[DNS_SERVERS];
	size_t		n = guide_servers(&o->guide, servers);

	lookups_configure(o->lookups, o->guide.hosts, servers, n);
}

void
outward_files(struct outward *o, struct boot_order *order)
{
	set_tls(o, guide_files(&o->guide, order, ca));
	apply(o);
}

void
outward_configure(struct outward *o, const struct config *conf)
{
	guide_configure(&o->guide, conf);
	apply(o);
}

void
outward_keeper(struct outward *o, struct channel *keeper)
{
	if (keeper == NULL) {
		lookups_forget(o->lookups);
		dials_forget(o->dials);
	}
	o->keeper = keeper;
}

void
outward_sip(struct outward *o, struct channel *sip)
{
	o->sip = sip;
}

void
outward_resolve(struct outward *o, const struct frame *frame)
{
	struct wire_resolve	r;

	if (frame_decode(frame, &r) == 0)
		lookups_ask(o->lookups, frame->id, &r);
}

void
outward_dial(struct outward *o, const struct frame *frame)
{
	struct wire_dial	w;

	if (frame_decode(frame, &w) == 0)
		dials_start(o->dials, frame->id, &w);
}
