#include "sipd/keeper/fanout.h"

#include <stdlib.h>
#include <string.h>

#include "core/binding.h"
#include "core/err.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/keeper.h"

enum { SLOT_BITS = 16, DEVICES_MAX = 64 };

struct fanout {
	struct fanout_result	 result;
	size_t			 outstanding, unfit, cut;
	bool			 told;
	fanout_fn		 fn;
	void			*arg;
	uint8_t			 devices[DEVICES_MAX][BINDING_KEY];	/* that it went to: their bindings */
};

/* A request under way: its id is the slot and how often that was used. */
struct slot {
	struct fanout	*fanout;	/* NULL: free */
	uint64_t	 uses;
	uint32_t	 next_free;
};

struct fanouts {
	struct keeper	*k;
	struct slot	 slots[FANOUT_MAX];
	uint32_t	 first_free;	/* FANOUT_MAX: none */
	size_t		 under_way;
};

struct fanouts *
fanouts_new(struct keeper *k)
{
	struct fanouts	*f = calloc(1, sizeof *f);

	if (f == NULL)
		return NULL;
	f->k = k;
	for (uint32_t i = 0; i < FANOUT_MAX; i++)
		f->slots[i].next_free = i + 1;
	return f;
}

static void
fanout_end(struct fanout *o)
{
	if (o->outstanding == 0)
		free(o);
}

void
fanouts_free(struct fanouts *f)
{
	if (f == NULL)
		return;
	for (uint32_t i = 0; i < FANOUT_MAX; i++)
		if (f->slots[i].fanout != NULL) {
			f->slots[i].fanout->outstanding--;
			fanout_end(f->slots[i].fanout);
		}
	free(f);
}

static uint64_t
slot_take(struct fanouts *f, struct fanout *o)
{
	uint32_t	 i = f->first_free;
	struct slot	*s;

	if (i == FANOUT_MAX)
		return 0;
	s = &f->slots[i];
	f->first_free = s->next_free;
	s->fanout = o;
	f->under_way++;
	o->outstanding++;
	return ++s->uses << SLOT_BITS | i;
}

static struct fanout *
slot_give(struct fanouts *f, uint32_t i)
{
	struct fanout	*o = f->slots[i].fanout;

	f->slots[i].fanout = NULL;
	f->slots[i].next_free = f->first_free;
	f->first_free = i;
	f->under_way--;
	o->outstanding--;
	return o;
}

static bool
went_to(const struct fanout *o, const struct binding *b)
{
	for (size_t i = 0; i < o->result.devices; i++)
		if (memcmp(o->devices[i], b->hash, BINDING_KEY) == 0)
			return true;
	return false;
}

struct starting {
	struct fanouts		*fanouts;
	struct fanout		*fanout;
	struct wire_send	 send;
	bool			 busy;		/* there was no room for a device */
};

static void
start_one(void *arg, const struct binding *b)
{
	struct starting	*s = arg;
	struct keeper	*k = s->fanouts->k;
	uint64_t	 id;

	if (s->fanout->result.devices == DEVICES_MAX || went_to(s->fanout, b) ||
	    !binding_is_reachable(b, k->stream_epoch, keeper_now(k)))
		return;
	if ((id = slot_take(s->fanouts, s->fanout)) == 0) {
		s->busy = true;
		return;
	}
	s->send.target = b->source;
	s->send.local = b->local;
	s->send.transport = b->transport;
	s->send.flow = b->flow;
	s->send.uri = span_of(b->contact);
	s->send.route = span_of(b->path);
	if (channel_send(k->channels[PROC_SIP], WIRE_SEND, id, &s->send) != 0) {
		(void)slot_give(s->fanouts, (uint32_t)(id & ((1u << SLOT_BITS) - 1)));
		s->busy = true;
		return;
	}
	memcpy(s->fanout->devices[s->fanout->result.devices++], b->hash, BINDING_KEY);
}

int
fanout_start(struct fanouts *f, uint64_t account_id, const struct wire_send *request, fanout_fn fn, void *arg,
    struct fanout **fanout)
{
	struct starting	s = { .fanouts = f, .send = *request };
	size_t		devices;

	if (f->k->channels[PROC_SIP] == NULL || (s.fanout = calloc(1, sizeof *s.fanout)) == NULL)
		return ERR_BUSY;
	s.fanout->fn = fn;
	s.fanout->arg = arg;
	if (s.send.timeout_ms == 0)
		s.send.timeout_ms = FANOUT_TIMEOUT_MS;
	(void)accounts_bindings(f->k, account_id, start_one, &s);
	devices = s.fanout->result.devices;
	if (devices == 0) {
		free(s.fanout);
		return s.busy ? ERR_BUSY : 0;
	}
	if (fanout != NULL)
		*fanout = s.fanout;
	return (int)devices;
}

void
fanout_extend(struct fanouts *f, struct fanout *o, uint64_t account_id, const struct wire_send *request)
{
	struct starting	s = { .fanouts = f, .fanout = o, .send = *request };

	if (f->k->channels[PROC_SIP] == NULL || o->told)
		return;
	s.send.timeout_ms = FANOUT_TIMEOUT_MS;
	(void)accounts_bindings(f->k, account_id, start_one, &s);
}

static bool
is_unfit(uint32_t code)
{
	return code == 405 || code == 415 || code == 501;
}

/* A device's own words say more than our failing to reach it, a later class more than an earlier. */
static bool
says_more(const struct wire_sent *s, const struct fanout_result *r, bool ours)
{
	return r->code == 0 || (!ours && (s->code / 100 > r->code / 100 || r->code == 408 || r->code == 503));
}

/* A front that is stopping says 0: it did not try. */
static void
fanout_take(struct fanout *o, const struct wire_sent *s)
{
	struct fanout_result	*r = &o->result;

	if (o->told)
		return;
	o->unfit += is_unfit(s->code);
	o->cut += s->code == 0;
	r->taken = s->code / 100 == 2;
	if (r->taken || says_more(s, r, s->ours)) {
		r->code = s->code == 0 ? 503 : s->code;
		(void)span_get(s->reason, r->reason, sizeof r->reason);
	}
	if (s->retry_after != 0 && (r->retry_after == 0 || s->retry_after < r->retry_after))
		r->retry_after = s->retry_after;
	if (!r->taken && o->outstanding > 0)
		return;
	r->unfit = !r->taken && o->unfit == r->devices;
	r->cut = o->cut == r->devices;
	o->told = true;
	o->fn(o->arg, r);
}

void
fanouts_sent(struct fanouts *f, uint64_t id, const struct wire_sent *s)
{
	uint32_t	 i = (uint32_t)(id & ((1u << SLOT_BITS) - 1));
	struct fanout	*o;

	if (i >= FANOUT_MAX || f->slots[i].fanout == NULL || f->slots[i].uses != id >> SLOT_BITS)
		return;		/* one from before a restart */
	o = slot_give(f, i);
	fanout_take(o, s);
	fanout_end(o);
}

void
fanouts_front_gone(struct fanouts *f)
{
	const struct wire_sent	gone = { .code = 0, .reason = { "Service Unavailable", 19 }, .ours = true };

	for (uint32_t i = 0; i < FANOUT_MAX && f->under_way > 0; i++)
		if (f->slots[i].fanout != NULL)
			fanouts_sent(f, f->slots[i].uses << SLOT_BITS | i, &gone);
}
