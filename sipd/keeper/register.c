/*
 * A REGISTER's contacts are taken one after the other over the rows of the account's bindings.  The first fault ends it, and the
 * caller drops all: either every contact is done or none.
 */
#include "sipd/keeper/register.h"

#include <sodium.h>
#include <string.h>

#include "core/err.h"
#include "core/varint.h"
#include "sipd/keeper/contact.h"


struct work {
	struct register_set		*set;
	const struct register_ask	*ask;
	const struct register_limits	*limits;
	struct register_result		*result;
	bool				 touched[REGISTER_ROWS];	/* by this request */
};

static int
refuse(struct work *w, uint32_t code, const char *reason)
{
	w->result->code = code;
	w->result->reason = reason;
	return ERR_INVALID;
}

bool
register_act_removes(enum register_act act)
{
	return act == ACT_UNREGISTER || act == ACT_EXPIRE || act == ACT_REPLACE;
}

/* RFC 3261 section 10.3 step 7: a request that is older than what its own dialogue with us last said is out of order. */
static bool
is_stale(const struct work *w, uint32_t i)
{
	const struct binding	*b = &w->set->rows[i].binding;

	return !w->touched[i] && span_is(w->ask->call_id, b->call_id) && w->ask->cseq <= b->cseq;
}

static int
take_star(struct work *w)
{
	if (w->ask->contacts.n != 0 || w->ask->expires != 0)
		return refuse(w, 400, "Contact: * needs Expires: 0 and no other Contact");
	for (uint32_t i = 0; i < w->set->n; i++) {
		if (w->set->rows[i].act == ACT_EXPIRE)
			continue;
		if (is_stale(w, i))
			return refuse(w, 500, "CSeq Out Of Order");
		w->set->rows[i].act = ACT_UNREGISTER;
	}
	return 0;
}

/* RFC 5626 section 6: the phone speaks outbound and names itself and its flow. */
static bool
wants_outbound(const struct register_ask *ask, const struct register_contact *c)
{
	return ask->supports_outbound && c->reg_id != 0 && c->instance.n != 0;
}

/* And what it talks to first, we or an edge proxy, keeps flows: that proxy's Path value says so by "ob". */
static bool
first_hop_is_outbound(const struct register_ask *ask)
{
	const char	*end;

	if (ask->via_one_hop)
		return true;
	if (ask->path.n == 0)
		return false;
	end = memchr(ask->path.s, ',', ask->path.n);
	return memmem(ask->path.s, end == NULL ? ask->path.n : (size_t)(end - ask->path.s), ";ob", 3) != NULL;
}

static int
hash_contact(const struct register_contact *c, bool outbound, uint8_t hash[BINDING_KEY])
{
	crypto_generichash_state	state;
	char				text[CONTACT_NORMAL];
	uint8_t				reg_id[8];
	int				n;

	(void)crypto_generichash_init(&state, NULL, 0, BINDING_KEY);
	if (outbound) {
		be64_put(reg_id, c->reg_id);
		(void)crypto_generichash_update(&state, reg_id, sizeof reg_id);
		(void)crypto_generichash_update(&state, (const uint8_t *)c->instance.s, c->instance.n);
	} else {
		if ((n = contact_normal(c->uri, text)) < 0)
			return n;
		(void)crypto_generichash_update(&state, (const uint8_t *)text, (unsigned long long)n);
	}
	(void)crypto_generichash_final(&state, hash, BINDING_KEY);
	return 0;
}

/* The row whose contact is spelled alike, or set->n: what nearly every refresh finds, without hashing. */
static uint32_t
row_same(const struct work *w, const struct register_contact *c, bool outbound)
{
	uint32_t	i;

	for (i = 0; i < w->set->n; i++) {
		const struct binding	*b = &w->set->rows[i].binding;

		if (!span_is(c->uri, b->contact) || b->reg_id != (outbound ? c->reg_id : 0))
			continue;
		if (!outbound || span_is(c->instance, b->instance))
			break;
	}
	return i;
}

/* The row that the contact is about, or set->n. */
static uint32_t
row_find(const struct work *w, const struct register_contact *c, bool outbound, const uint8_t hash[BINDING_KEY])
{
	uint32_t	i;

	for (i = 0; i < w->set->n; i++) {
		const struct binding	*b = &w->set->rows[i].binding;

		if (memcmp(b->hash, hash, BINDING_KEY) == 0)
			return i;
		if (!outbound && b->reg_id == 0 && contact_eq(c->uri, span_of(b->contact)))
			return i;
	}
	return i;
}

/*
 * Of the bindings that this request left alone, and are cut off where only such ones may go, the one refreshed longest ago; or set->n.
 */
static uint32_t
oldest(const struct work *w, bool cut_off)
{
	uint32_t	found = w->set->n;

	for (uint32_t i = 0; i < w->set->n; i++) {
		if (w->touched[i] || register_act_removes(w->set->rows[i].act) ||
		    (cut_off && !binding_is_cut_off(&w->set->rows[i].binding, w->limits->epoch)))
			continue;
		if (found == w->set->n || w->set->rows[i].binding.refreshed_at < w->set->rows[found].binding.refreshed_at)
			found = i;
	}
	return found;
}

static uint32_t
living(const struct register_set *set)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < set->n; i++)
		n += !register_act_removes(set->rows[i].act);
	return n;
}

/* Whether b, had before as was, is that with nothing but more time: RFC 3261's refresh. */
static bool
is_refresh(const struct binding *was, const struct binding *b)
{
	return b->expires_at >= was->expires_at && strcmp(was->contact, b->contact) == 0 && strcmp(was->call_id, b->call_id) == 0 &&
	    addr_eq(&was->source, &b->source) && addr_eq(&was->local, &b->local) && was->transport == b->transport && was->flow == b->flow && was->q == b->q &&
	    strcmp(was->path, b->path) == 0 && strcmp(was->user_agent, b->user_agent) == 0 &&
	    strcmp(was->instance, b->instance) == 0 && strcmp(was->node, b->node) == 0;
}

/* What the contact says, written into its binding. */
static int
fill(struct work *w, struct binding *b, const struct register_contact *c, bool outbound, uint32_t expires)
{
	const struct register_ask	*ask = w->ask;

	if (!span_get(c->uri, b->contact, sizeof b->contact) || !span_get(c->instance, b->instance, sizeof b->instance))
		return refuse(w, 400, "Contact Too Long");
	if (!span_get(ask->path, b->path, sizeof b->path))
		return refuse(w, 400, "Path Too Long");
	if (!span_get(ask->call_id, b->call_id, sizeof b->call_id))
		return refuse(w, 400, "Call-ID Too Long");
	(void)span_get(ask->user_agent, b->user_agent, sizeof b->user_agent);
	(void)span_get(span_of(w->limits->node), b->node, sizeof b->node);
	b->reg_id = outbound ? c->reg_id : 0;
	b->q = c->q;
	b->cseq = ask->cseq;
	b->source = ask->source;
	b->local = ask->local;
	b->transport = ask->transport;
	b->flow = ask->flow;
	b->expires_at = w->limits->now + (int64_t)expires * 1000;
	return 0;
}

static int
update_row(struct work *w, uint32_t i, const struct register_contact *c, bool outbound, uint32_t expires)
{
	struct register_row	*row = &w->set->rows[i];
	struct binding		 was = row->binding;
	bool			 lived = !register_act_removes(row->act);

	if (fill(w, &row->binding, c, outbound, expires) != 0)
		return ERR_INVALID;
	w->touched[i] = true;
	row->binding.refreshed_at = w->limits->now;
	if (!lived) {
		row->binding.registered_at = w->limits->now;
		row->act = ACT_CHANGE;
		return 0;
	}
	/* Later than registered_at even within its millisecond: so a reader tells a new binding from a changed one. */
	if (row->binding.refreshed_at <= row->binding.registered_at)
		row->binding.refreshed_at = row->binding.registered_at + 1;
	if (row->act == ACT_KEEP || row->act == ACT_REFRESH)
		row->act = is_refresh(&was, &row->binding) ? ACT_REFRESH : ACT_CHANGE;
	return 0;
}

static int
add_row(struct work *w, const struct register_contact *c, bool outbound, const uint8_t hash[BINDING_KEY], uint32_t expires)
{
	struct register_set	*set = w->set;
	struct register_row	*row = &set->rows[set->n];
	uint32_t		 old;

	if (set->n == REGISTER_ROWS)
		return refuse(w, 403, "Too Many Contacts");
	if (living(set) >= w->limits->max_contacts) {
		if ((old = oldest(w, true)) == set->n && w->limits->replace)
			old = oldest(w, false);
		if (old == set->n)
			return refuse(w, 403, "Too Many Contacts");
		set->rows[old].act = ACT_REPLACE;
	}
	memset(row, 0, sizeof *row);
	row->act = ACT_ADD;
	row->binding.account_id = w->limits->account_id;
	memcpy(row->binding.hash, hash, BINDING_KEY);
	row->binding.registered_at = row->binding.refreshed_at = w->limits->now;
	if (fill(w, &row->binding, c, outbound, expires) != 0)
		return ERR_INVALID;
	w->touched[set->n++] = true;
	return 0;
}

static int
expires_of(struct work *w, const struct register_contact *c, uint32_t *expires)
{
	const struct register_limits	*l = w->limits;

	*expires = c->expires != EXPIRES_ABSENT ? c->expires : w->ask->expires;
	if (*expires == EXPIRES_ABSENT)
		*expires = l->default_expires;
	if (*expires > 0 && *expires < l->min_expires) {
		w->result->min_expires = l->min_expires;
		return refuse(w, 423, "Interval Too Brief");
	}
	if (*expires > l->max_expires)
		*expires = l->max_expires;
	return 0;
}

static int
take_contact(struct work *w, const struct register_contact *c)
{
	uint8_t		hash[BINDING_KEY];
	uint32_t	expires, i;
	bool		outbound = wants_outbound(w->ask, c);

	if (outbound && !first_hop_is_outbound(w->ask))
		return refuse(w, 439, "First Hop Lacks Outbound Support");
	if (expires_of(w, c, &expires) != 0)
		return ERR_INVALID;
	w->result->outbound |= outbound;
	if ((i = row_same(w, c, outbound)) == w->set->n) {
		if (!contact_is_usable(c->uri) || hash_contact(c, outbound, hash) != 0)
			return refuse(w, 400, "Contact Not Usable");
		i = row_find(w, c, outbound, hash);
	}
	if (i == w->set->n)
		return expires == 0 ? 0 : add_row(w, c, outbound, hash, expires);
	if (w->set->rows[i].act != ACT_EXPIRE && is_stale(w, i))
		return refuse(w, 500, "CSeq Out Of Order");
	if (expires > 0)
		return update_row(w, i, c, outbound, expires);
	w->touched[i] = true;
	if (!register_act_removes(w->set->rows[i].act))
		w->set->rows[i].act = ACT_UNREGISTER;
	return 0;
}

/* A row that this request both made and removed was never there. */
static void
settle(struct register_set *set, uint32_t before, struct register_result *result)
{
	uint32_t	n = before;

	for (uint32_t i = before; i < set->n; i++) {
		if (register_act_removes(set->rows[i].act))
			continue;
		if (i != n)
			set->rows[n] = set->rows[i];
		set->rows[n].act = ACT_ADD;
		n++;
	}
	set->n = n;
	for (uint32_t i = 0; i < set->n; i++) {
		result->refreshes |= set->rows[i].act == ACT_REFRESH;
		result->writes |= set->rows[i].act > ACT_REFRESH;
	}
}

void
register_next(struct register_set *set, const struct register_ask *ask, const struct register_limits *limits,
    struct register_result *result)
{
	struct work		w = { .set = set, .ask = ask, .limits = limits, .result = result };
	struct register_contact	c;
	struct span		list = ask->contacts;
	uint32_t		before = set->n, outbounds = 0;
	int			rc;

	memset(result, 0, sizeof *result);
	for (uint32_t i = 0; i < set->n; i++)
		set->rows[i].act = set->rows[i].binding.expires_at <= limits->now ? ACT_EXPIRE : ACT_KEEP;
	if (ask->star && take_star(&w) != 0)
		return;
	while ((rc = contact_next(&list, &c)) == 1) {
		if (wants_outbound(ask, &c) && c.expires != 0 && outbounds++ > 0) {
			(void)refuse(&w, 400, "More Than One Contact With reg-id");
			return;
		}
		if (take_contact(&w, &c) != 0)
			return;
	}
	if (rc < 0) {
		(void)refuse(&w, 400, "Bad Contact");
		return;
	}
	settle(set, before, result);
	result->code = 200;
	result->reason = "OK";
}

int
register_contacts(const struct register_set *set, int64_t now, uint8_t *out, size_t max)
{
	int	n = 0;

	for (uint32_t i = 0; i < set->n && n >= 0; i++) {
		const struct binding	*b = &set->rows[i].binding;
		struct register_contact	 c;

		if (register_act_removes(set->rows[i].act) || b->expires_at <= now)
			continue;
		c.uri = span_of(b->contact);
		c.instance = span_of(b->instance);
		c.reg_id = b->reg_id;
		c.q = b->q;
		c.expires = (uint32_t)((b->expires_at - now + 999) / 1000);
		n = contact_append(out, (size_t)n, max, &c);
	}
	return n;
}
