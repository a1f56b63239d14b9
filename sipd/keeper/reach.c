#include "sipd/keeper/reach.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/binding.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/queue.h"

static bool
always(const struct reach_facts *f)
{
	(void)f;
	return true;
}

static bool
front_is_away(const struct reach_facts *f)
{
	return !f->front;
}

static bool
is_disabled(const struct reach_facts *f)
{
	return !f->enabled;
}

static bool
has_no_contact(const struct reach_facts *f)
{
	return f->contacts == 0;
}

static bool
has_no_way(const struct reach_facts *f)
{
	return f->reachable == 0;
}

static bool
has_others_before(const struct reach_facts *f)
{
	return f->waiting > 0;
}

static bool
is_silent(const struct reach_facts *f)
{
	return f->silent >= f->reachable;
}

static bool
is_full(const struct reach_facts *f)
{
	return f->waiting >= f->most;
}

static bool
stores_nothing(const struct reach_facts *f)
{
	return !f->storing;
}

enum { CALL = 1 << 0, MESSAGE = 1 << 1, STORING = 1 << 2 };

/* The first one that holds decides. */
static const struct reason {
	unsigned	 of;
	bool		(*holds)(const struct reach_facts *);
	struct reach_row row;
} reasons[] = {
	{ CALL | MESSAGE, front_is_away, { .reason = REACH_FRONT_AWAY, .code = 503, .phrase = "Service Unavailable", .why = "the SIP process is away just now",
	  .wait = "until that is back" } },
	{ CALL, is_disabled, { .reason = REACH_DISABLED, .code = 403, .phrase = "Forbidden", .why = "it is disabled" } },
	{ MESSAGE, is_disabled, { .reason = REACH_DISABLED, .why = "it is disabled", .wait = "until it is enabled" } },
	{ CALL, has_no_contact, { .reason = REACH_UNREGISTERED, .code = 480, .phrase = "Temporarily Unavailable", .why = "it is not registered" } },
	{ MESSAGE, has_no_contact, { .reason = REACH_UNREGISTERED, .why = "it is not registered", .wait = "until it registers" } },
	{ CALL, has_no_way, { .reason = REACH_NO_WAY, .code = 480, .phrase = "Temporarily Unavailable",
	  .why = "no contact of it can be reached, as its connection is gone or its time is over" } },
	{ MESSAGE, has_others_before, { .reason = REACH_TURN, .why = "others wait before it", .wait = "for its turn" } },
	{ MESSAGE, has_no_way, { .reason = REACH_NO_WAY, .why = "no contact of it can be reached, as its connection is gone or its time is over",
	  .wait = "until it registers again" } },
	{ CALL | MESSAGE, is_silent, { .reason = REACH_SILENT, .sent = true, .why = "no device of it answers what it is asked (OPTIONS)" } },
	{ CALL | MESSAGE, always, { .reason = REACH_NOW, .sent = true } },
	{ STORING, is_full, { .reason = REACH_FULL, .code = 480, .phrase = "Too Many Messages Wait", .why = "as many wait as queue.per_account lets" } },
	{ STORING, stores_nothing, { .reason = REACH_NO_STORE, .code = 503, .phrase = "Service Unavailable", .why = "the store takes nothing now" } },
	{ STORING, always, { .reason = REACH_NOW } },
};

static const struct reach_row *
first(unsigned of, const struct reach_facts *f)
{
	size_t	i = 0;

	while ((reasons[i].of & of) == 0 || !reasons[i].holds(f))
		i++;			/* the last row of each holds always */
	return &reasons[i].row;
}

const struct reach_row *
reach_call(const struct reach_facts *f)
{
	return first(CALL, f);
}

const struct reach_row *
reach_message(const struct reach_facts *f)
{
	return first(MESSAGE, f);
}

const struct reach_row *
reach_storing(const struct reach_facts *f)
{
	return first(STORING, f);
}

struct looking {
	struct reach_facts	*facts;
	struct keeper		*k;
};

static void
look_at(void *arg, const struct binding *b)
{
	struct looking	*l = arg;

	l->facts->contacts++;
	if (!binding_is_reachable(b, l->k->stream_epoch, keeper_now(l->k)))
		return;
	l->facts->reachable++;
	l->facts->silent += b->device_status == DEVICE_UNREACHABLE || b->device_status == DEVICE_UNKNOWN;
}

void
reach_look(struct keeper *k, const struct account *a, struct reach_facts *f)
{
	struct looking	l = { f, k };
	char		name[64];

	*f = (struct reach_facts){ .front = k->channels[PROC_SIP] != NULL, .enabled = a->enabled,
	    .waiting = count_get(&k->db, queue_counter(a->id, name)), .most = k->conf.queue.per_account,
	    .storing = store_is_taking(k->db.store) };
	(void)accounts_bindings(k, a->id, look_at, &l);
}

/* What becomes of a message that is not sent. */
static void
message_words(const struct reach_facts *f, const struct reach_row *m, char *buf, size_t size)
{
	const struct reach_row	*s = reach_storing(f);

	if (m->code != 0)
		(void)snprintf(buf, size, "a message is refused with %" PRIu32, m->code);
	else if (s->code != 0)
		(void)snprintf(buf, size, "a message is refused with %" PRIu32 " (%s)", s->code, s->why);
	else if (m->reason == REACH_TURN)
		(void)snprintf(buf, size, "a message waits for its turn behind %" PRIu64 " other%s", f->waiting, f->waiting == 1 ? "" : "s");
	else
		(void)snprintf(buf, size, "a message waits %s", m->wait);
}

static void
contact_words(const struct reach_facts *f, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%zu contact%s", f->reachable, f->reachable == 1 ? "" : "s");
}

void
reach_sentence(const struct reach_facts *f, const char *username, char buf[REACH_TEXT])
{
	const struct reach_row	*c = reach_call(f), *m = reach_message(f);
	char			 message[200], contacts[40];

	message_words(f, m, message, sizeof message);
	contact_words(f, contacts, sizeof contacts);
	if (c->reason == REACH_NOW && m->sent)
		(void)snprintf(buf, REACH_TEXT, "A call or a message would reach %s now, at %s.", username, contacts);
	else if (c->reason == REACH_NOW)
		(void)snprintf(buf, REACH_TEXT, "A call would reach %s now, at %s; %s.", username, contacts, message);
	else if (c->sent)
		(void)snprintf(buf, REACH_TEXT, "A call%s would be sent to %s now, at %s, but is unlikely to reach anybody: %s%s%s.",
		    m->sent ? " or a message" : "", username, contacts, c->why, m->sent ? "" : "; ", m->sent ? "" : message);
	else
		(void)snprintf(buf, REACH_TEXT, "Neither a call nor a message would reach %s now: %s; a call is refused with %" PRIu32 ", %s.", username,
		    c->why, c->code, message);
}
