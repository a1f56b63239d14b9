#include "sipd/keeper/trunk_state.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sipd/keeper/json.h"

bool
trunk_answer_counts(uint32_t code, bool ours)
{
	return !ours && code != 408 && code != 503;
}

bool
trunk_is_monitored(const struct trunk *t)
{
	return t->enabled && t->qualify != QUALIFY_NO;
}

bool
trunk_is_connected(const struct trunk *t)
{
	return trunk_transport(t) != TRANSPORT_UDP;
}

static bool
answers(const struct trunk_target *t)
{
	return t->device.status == DEVICE_OK || t->device.status == DEVICE_LAGGED;
}

/* Better ones first; of one that was not probed yet there may be hope. */
static int
rank(const struct trunk_target *t)
{
	static const int	ranks[] = { [DEVICE_OK] = 0, [DEVICE_LAGGED] = 1, [DEVICE_NONE] = 2, [DEVICE_UNREACHABLE] = 3, [DEVICE_UNKNOWN] = 4,
		[DEVICE_UNMONITORED] = 5 };

	return ranks[t->device.status];
}

const struct trunk_target *
trunk_best_target(const struct trunk_state *t)
{
	const struct trunk_target	*best = NULL;

	for (size_t i = 0; i < t->n_targets; i++)
		if (best == NULL || rank(t->targets[i]) < rank(best))
			best = t->targets[i];
	return best;
}

/* Of a registration that goes over connections: none of its addresses takes one. */
static bool
all_broken(const struct trunk_state *t)
{
	for (size_t i = 0; i < t->n_targets; i++)
		if (t->targets[i]->flow != 0 || t->targets[i]->dial_failures == 0)
			return false;
	return t->n_targets > 0;
}

static enum trunk_status
registered_status(const struct trunk_state *t, enum trunk_status reached)
{
	switch (t->reg.state) {
	case REGISTERED_YES:
		return reached == TRUNK_LAGGED ? TRUNK_LAGGED : TRUNK_OK;
	case REGISTERED_NOT_YET:
		return all_broken(t) ? TRUNK_UNREACHABLE : TRUNK_NONE;
	case REGISTERED_FAILED:
		return TRUNK_UNREGISTERED;
	case REGISTERED_REFUSED:
		return TRUNK_REJECTED;
	}
	return TRUNK_NONE;
}

enum trunk_status
trunk_state_status(const struct trunk_state *t)
{
	const struct trunk_target	*best = trunk_best_target(t);
	bool				 monitored = trunk_is_monitored(&t->trunk);
	enum trunk_status		 reached = TRUNK_NONE;

	if (!t->trunk.enabled)
		return TRUNK_DISABLED;
	if (!monitored && !t->trunk.registers)
		return TRUNK_UNMONITORED;
	if (best == NULL)
		return t->lookup_error[0] == '\0' ? TRUNK_NONE : TRUNK_UNREACHABLE;
	if (monitored)
		reached = (enum trunk_status)best->device.status;
	if (!t->trunk.registers || reached == TRUNK_UNREACHABLE || reached == TRUNK_UNKNOWN)
		return reached;
	return registered_status(t, reached);
}

/* "14:31:40", of this process's zone. */
static const char *
time_of_day(int64_t at_ms, char buf[16])
{
	time_t		at = (time_t)(at_ms / 1000);
	struct tm	tm;

	if (localtime_r(&at, &tm) == NULL || strftime(buf, 16, "%H:%M:%S", &tm) == 0)
		buf[0] = '\0';
	return buf;
}

static void
registration_error(const struct trunk_state *t, char *buf, size_t size)
{
	char	next[16];

	(void)snprintf(buf, size, "%u %.110s; next try %s", (unsigned)t->reg.code, t->reg.reason, time_of_day(t->reg.next_at, next));
}

/* The first of them that has something to complain of. */
static void
target_error(const struct trunk_state *t, char *buf, size_t size)
{
	const struct trunk_target	*bad = NULL;
	char				 text[ADDR_TEXT];

	for (size_t i = 0; i < t->n_targets && bad == NULL; i++)
		if (t->targets[i]->error[0] != '\0' && !answers(t->targets[i]))
			bad = t->targets[i];
	for (size_t i = 0; i < t->n_targets && bad == NULL; i++)
		if (t->targets[i]->error[0] != '\0')
			bad = t->targets[i];
	if (bad != NULL && t->n_targets > 1)
		(void)snprintf(buf, size, "%s: %s", addr_text(&bad->addr, text), bad->error);
	else if (bad != NULL)
		(void)snprintf(buf, size, "%s", bad->error);
}

void
trunk_state_error(const struct trunk_state *t, char *buf, size_t size)
{
	enum trunk_status	status = trunk_state_status(t);

	buf[0] = '\0';
	if (status == TRUNK_DISABLED)
		return;
	if (status == TRUNK_UNREGISTERED || status == TRUNK_REJECTED)
		registration_error(t, buf, size);
	else
		target_error(t, buf, size);
	if (buf[0] == '\0' && t->trunk.registers && t->reg.state == REGISTERED_YES && t->reg.code / 100 != 2)
		registration_error(t, buf, size);
	if (buf[0] == '\0' && t->lookup_error[0] != '\0')
		(void)snprintf(buf, size, "%s%s", t->lookup_error, t->n_targets == 0 ? "" : "; its last addresses are used");
}

void
trunk_state_fill(const struct trunk_state *t, struct trunk *out)
{
	const struct trunk_target	*best = trunk_best_target(t);

	out->status = t->status;
	out->status_at = t->status_at;
	out->latency_ms = best == NULL ? 0 : best->device.latency_ms;
	out->registration_expires = t->trunk.registers && t->reg.state == REGISTERED_YES ? t->reg.until : 0;
	trunk_state_error(t, out->last_error, sizeof out->last_error);
}

static json_t *
time_or_null(int64_t at_ms)
{
	return at_ms == INT64_MAX ? json_null() : json_of_time(at_ms);
}

static json_t *
code_or_null(uint32_t code)
{
	return code == 0 ? json_null() : json_integer((json_int_t)code);
}

static json_t *
text_or_null(const char *s)
{
	return s[0] == '\0' ? json_null() : json_of_text(s, strlen(s));
}

static json_t *
target_json(const struct trunk_state *t, const struct trunk_target *one)
{
	static const char *const	transports[] = { [TRANSPORT_UDP] = "UDP", [TRANSPORT_TCP] = "TCP", [TRANSPORT_TLS] = "TLS" };
	char				address[ADDR_TEXT], from[ADDR_TEXT] = "";
	const char			*status = trunk_is_monitored(&t->trunk) ? trunk_status_name((enum trunk_status)one->device.status) : "";

	if (one->answers_from.family != ADDR_NONE)
		(void)addr_text(&one->answers_from, from);
	return json_pack("{s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:b}", "address", addr_text(&one->addr, address), "transport",
	    transports[trunk_transport(&t->trunk)], "status", text_or_null(status), "latency_ms", (json_int_t)one->device.latency_ms, "error",
	    text_or_null(one->error), "answers_from", text_or_null(from), "tls", text_or_null(one->tls), "registered",
	    t->registrar == one && t->reg.state == REGISTERED_YES);
}

static json_t *
probe_json(const struct trunk_state *t, uint32_t interval_s)
{
	const struct trunk_target	*best = trunk_best_target(t);

	if (!trunk_is_monitored(&t->trunk))
		return json_null();
	if (best == NULL)
		return json_pack("{s:I}", "interval", (json_int_t)interval_s);
	return json_pack("{s:I, s:o, s:o, s:o, s:o}", "interval", (json_int_t)interval_s, "last_at", time_or_null(best->probed_at), "next_at",
	    best->ask != 0 ? json_null() : time_or_null(best->device.next_at), "code", code_or_null(best->code), "reason", text_or_null(best->error));
}

static json_t *
registration_json(const struct trunk_state *t)
{
	if (!t->trunk.registers || !t->trunk.enabled)
		return json_null();
	return json_pack("{s:o, s:o, s:o}", "next_at", time_or_null(t->reg.next_at), "code", code_or_null(t->reg.code), "reason",
	    text_or_null(t->reg.reason));
}

void
trunk_state_tell(const struct trunk_state *t, uint32_t interval_s, json_t *ok)
{
	json_t	*targets = json_array();

	for (size_t i = 0; i < t->n_targets; i++)
		(void)json_array_append_new(targets, target_json(t, t->targets[i]));
	(void)json_object_set_new(ok, "probe", probe_json(t, interval_s));
	(void)json_object_set_new(ok, "registration", registration_json(t));
	(void)json_object_set_new(ok, "targets", targets);
}
