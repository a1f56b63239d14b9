#include "sipd/keeper/status.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/rate.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/public_check.h"
#include "sipd/keeper/qualify.h"
#include "sipd/keeper/queue.h"
#include "sipd/keeper/registrar.h"
#include "sipd/keeper/request.h"
#include "sipd/keeper/sms.h"
#include "sipd/keeper/trunks.h"

enum { CERTIFICATE_WARN_DAYS = 14, DAY_MS = 24 * 3600 * 1000 };

static const struct timeval	interval = { 1, 0 };

struct status {
	struct control	*control;
	struct event	*tick;
	json_t		*told;		/* what watchers know, without what changes by itself */
	size_t		 n_watchers;
	bool		 behind;	/* somebody was not told the last change, or told what ticks did not see */
};

static json_t *
status_count(struct keeper *k, const char *name)
{
	return json_integer((json_int_t)count_get(&k->db, name));
}

static json_t *
get_node(struct keeper *k)
{
	return json_of_text(k->conf.node, strlen(k->conf.node));
}

static json_t *
get_version(struct keeper *k)
{
	(void)k;
	return json_string(VERSION);
}

static json_t *
get_domain(struct keeper *k)
{
	return json_of_text(k->conf.domains[0], strlen(k->conf.domains[0]));
}

static json_t *
get_started(struct keeper *k)
{
	return json_of_time(k->started_at);
}

static json_t *
get_uptime(struct keeper *k)
{
	return json_integer((json_int_t)((keeper_now(k) - k->started_at) / 1000));
}

static json_t *
get_listen(struct keeper *k)
{
	char	all[PROCESSES * BOOT_TEXT] = "";
	size_t	at = 0;

	for (int i = 0; i < PROCESSES; i++) {
		if (k->channels[i] == NULL || k->ready[i][0] == '\0')
			continue;
		at += (size_t)snprintf(all + at, sizeof all - at, "%s%s", at == 0 ? "" : " ", k->ready[i]);
	}
	return at == 0 ? json_null() : json_of_text(all, at);
}

static json_t *
get_accounts(struct keeper *k)
{
	return status_count(k, "accounts");
}

static json_t *
get_disabled(struct keeper *k)
{
	return status_count(k, "disabled");
}

static json_t *
get_registered(struct keeper *k)
{
	return json_integer((json_int_t)registrar_accounts(k->registrar));
}

static json_t *
get_registrations(struct keeper *k)
{
	return json_integer((json_int_t)registrar_bindings(k->registrar));
}

static json_t *
get_trunks(struct keeper *k)
{
	return status_count(k, "trunks");
}

static json_t *
get_trunks_ok(struct keeper *k)
{
	uint64_t	n[TRUNK_STATUSES];

	trunks_count(k, n);
	return json_integer((json_int_t)n[TRUNK_OK]);
}

static json_t *
get_queued(struct keeper *k)
{
	return status_count(k, "queued");
}

static json_t *
get_queue_recipients(struct keeper *k)
{
	return status_count(k, "queued_recipients");
}

static struct queue_stat
queue_now(struct keeper *k)
{
	struct queue_stat	s = { 0 };

	if (k->queue != NULL)
		queue_stat(k->queue, &s);
	return s;
}

static json_t *
get_queue_oldest(struct keeper *k)
{
	struct queue_stat	s = queue_now(k);
	char			text[CLOCK_TEXT];

	return s.oldest == 0 ? json_null() : json_string(clock_text(s.oldest, text));
}

static json_t *
get_queue_in_flight(struct keeper *k)
{
	return json_integer((json_int_t)queue_now(k).in_flight);
}

static json_t *
get_queue_delivered(struct keeper *k)
{
	return json_integer((json_int_t)queue_now(k).delivered);
}

static json_t *
get_queue_delivered_today(struct keeper *k)
{
	return json_integer((json_int_t)queue_now(k).delivered_today);
}

static json_t *
get_queue_expiring(struct keeper *k)
{
	return json_integer(k->queue == NULL ? 0 : (json_int_t)queue_expiring(k->queue, keeper_now(k) + DAY_MS));
}

static json_t *
get_queue_per_minute(struct keeper *k)
{
	json_t	*list = json_array();

	for (size_t i = 0; k->queue != NULL && i < RATE_MINUTES; i++)
		(void)json_array_append_new(list, json_integer((json_int_t)queue_rate(k->queue)->counts[i]));
	return list;
}

static json_t *
get_calls(struct keeper *k)
{
	return status_count(k, "calls");
}

static json_t *
get_sms_waiting(struct keeper *k)
{
	return status_count(k, "sms_waiting");
}

static json_t *
get_sms_failed(struct keeper *k)
{
	return status_count(k, "sms_failed");
}

static json_t *
get_store_bytes(struct keeper *k)
{
	struct store_stat	st;

	store_stat(k->db.store, &st);
	return json_integer((json_int_t)st.used_bytes);
}

static json_t *
get_store_max(struct keeper *k)
{
	struct store_stat	st;

	store_stat(k->db.store, &st);
	return json_integer((json_int_t)st.map_bytes);
}

static json_t *
get_store_ok(struct keeper *k)
{
	struct store_stat	st;

	store_stat(k->db.store, &st);
	return json_boolean(store_is_taking(k->db.store) && !st.failing);
}

static json_t *
get_registers(struct keeper *k)
{
	return json_integer((json_int_t)registrar_stat(k->registrar).registers);
}

static json_t *
get_challenges(struct keeper *k)
{
	return json_integer((json_int_t)registrar_stat(k->registrar).challenges);
}

static json_t *
get_auth_failures(struct keeper *k)
{
	return json_integer((json_int_t)registrar_stat(k->registrar).wrong);
}

static json_t *
get_sip(struct keeper *k)
{
	return json_boolean(k->channels[PROC_SIP] != NULL);
}

static json_t *
get_https(struct keeper *k)
{
	return k->conf.http.listen[0] == '\0' ? json_null() : json_boolean(k->channels[PROC_WEB] != NULL && k->ready[PROC_WEB][0] != '\0');
}

static json_t *
get_https_expires(struct keeper *k)
{
	return json_of_time(k->certificate_until[PROC_WEB]);
}

static json_t *
get_public_url(struct keeper *k)
{
	const char	*url = k->conf.http.public_url;

	return url[0] == '\0' ? json_null() : json_of_text(url, strlen(url));
}

/* NULL: it was not checked yet, or there is none. */
static const struct public_state *
public_state(struct keeper *k)
{
	const struct public_state	*s;

	if (k->public_check == NULL || !public_check_configured(k))
		return NULL;
	s = public_check_state(k->public_check);
	return s->checked ? s : NULL;
}

static json_t *
get_public_reached(struct keeper *k)
{
	const struct public_state	*s = public_state(k);

	return s == NULL ? json_null() : json_boolean(s->reached);
}

static json_t *
get_public_ms(struct keeper *k)
{
	const struct public_state	*s = public_state(k);

	return s == NULL || !s->reached ? json_null() : json_integer((json_int_t)s->took_ms);
}

static json_t *
get_public_error(struct keeper *k)
{
	const struct public_state	*s = public_state(k);

	return s == NULL || s->reached ? json_null() : json_of_text(s->error, strlen(s->error));
}

static json_t *
get_public_checked(struct keeper *k)
{
	const struct public_state	*s = public_state(k);

	return s == NULL ? json_null() : json_of_time(s->at);
}

static json_t *
get_certificate(struct keeper *k)
{
	int64_t	first = 0;

	for (int i = 0; i < PROCESSES; i++)
		if (k->certificate_until[i] != 0 && (first == 0 || k->certificate_until[i] < first))
			first = k->certificate_until[i];
	return json_of_time(first);
}

/* How each of status_fields[] (core/command.c) is found. */
static const struct {
	const char	*name;
	json_t		*(*get)(struct keeper *);
	bool		 restless;	/* changes by itself: no news for a watcher */
} getters[] = {
	{ "node", get_node, false },
	{ "version", get_version, false },
	{ "domain", get_domain, false },
	{ "started_at", get_started, false },
	{ "uptime", get_uptime, true },
	{ "listen", get_listen, false },
	{ "accounts", get_accounts, false },
	{ "disabled", get_disabled, false },
	{ "registered", get_registered, false },
	{ "registrations", get_registrations, false },
	{ "trunks", get_trunks, false },
	{ "trunks_ok", get_trunks_ok, false },
	{ "queued", get_queued, false },
	{ "queue_recipients", get_queue_recipients, false },
	{ "queue_oldest", get_queue_oldest, false },
	{ "queue_in_flight", get_queue_in_flight, true },
	{ "queue_expiring", get_queue_expiring, true },
	{ "queue_delivered", get_queue_delivered, true },
	{ "queue_delivered_today", get_queue_delivered_today, true },
	{ "queue_per_minute", get_queue_per_minute, true },
	{ "calls", get_calls, false },
	{ "sms_waiting", get_sms_waiting, false },
	{ "sms_failed", get_sms_failed, false },
	{ "store_bytes", get_store_bytes, true },
	{ "store_max_bytes", get_store_max, true },
	{ "store_ok", get_store_ok, false },
	{ "registers", get_registers, true },
	{ "challenges", get_challenges, true },
	{ "auth_failures", get_auth_failures, false },
	{ "sip", get_sip, false },
	{ "https", get_https, false },
	{ "https_expires", get_https_expires, false },
	{ "public_url", get_public_url, false },
	{ "public_reached", get_public_reached, false },
	{ "public_ms", get_public_ms, true },
	{ "public_error", get_public_error, false },
	{ "public_checked_at", get_public_checked, true },
	{ "certificate_expires", get_certificate, false },
};

static json_t *
devices(struct keeper *k)
{
	uint64_t	 n[DEVICE_STATUSES];
	json_t		*o = json_object();

	qualify_count(k->qualify, n);
	for (size_t i = DEVICE_NONE + 1; i < DEVICE_STATUSES; i++)
		(void)json_object_set_new(o, device_status_words[i], json_integer((json_int_t)n[i]));
	return o;
}

/* How many accounts stand at each step between being made and being connected. */
static json_t *
activation(struct keeper *k)
{
	json_t	*o = json_object();
	char	 name[64];

	for (int i = STATUS_CREATED + 1; i < STATUS_CONNECTED; i++)
		(void)json_object_set_new(o, account_status_words[i], status_count(k, accounts_status_counter((enum account_status)i, name)));
	return o;
}

static json_t *
trunk_states(struct keeper *k)
{
	uint64_t	n[TRUNK_STATUSES];
	json_t		*o = json_object();

	trunks_count(k, n);
	for (size_t i = 0; i < TRUNK_STATUSES; i++)
		if (trunk_status_name((enum trunk_status)i)[0] != '\0')
			(void)json_object_set_new(o, trunk_status_name((enum trunk_status)i), json_integer((json_int_t)n[i]));
	return o;
}

static void
warn(json_t *warnings, const char *text)
{
	(void)json_array_append_new(warnings, json_string(text));
}

static void
warn_of_certificate(struct keeper *k, json_t *warnings, enum process process, const char *name)
{
	int64_t	until = k->certificate_until[process], left_days = (until - keeper_now(k)) / DAY_MS;
	char	text[128];

	if (until == 0 || left_days >= CERTIFICATE_WARN_DAYS)
		return;
	if (until <= keeper_now(k))
		(void)snprintf(text, sizeof text, "the %s certificate has expired", name);
	else
		(void)snprintf(text, sizeof text, "the %s certificate expires in %lld day%s", name, (long long)left_days,
		    left_days == 1 ? "" : "s");
	warn(warnings, text);
}

static void
warn_of_public(struct keeper *k, json_t *warnings)
{
	const struct public_state	*s = public_state(k);
	char				 text[CONFIG_TEXT + PUBLIC_ERROR + 32];

	if (s == NULL || s->reached)
		return;
	(void)snprintf(text, sizeof text, "%s is not reached: %s", k->conf.http.public_url, s->error);
	warn(warnings, text);
}

/* Processes open what they listen at before they shut themselves in, once. */
static void
warn_of_listeners(struct keeper *k, json_t *warnings)
{
	const struct config	*was = k->boot == NULL ? &k->conf : &k->boot->conf;
	bool			 same = was->n_listens == k->conf.n_listens;

	for (uint32_t i = 0; same && i < was->n_listens; i++)
		same = was->listens[i].transport == k->conf.listens[i].transport && addr_eq(&was->listens[i].addr, &k->conf.listens[i].addr);
	if (!same)
		warn(warnings, "listen was changed: that takes effect when the daemon is started again");
	if (strcmp(was->http.listen, k->conf.http.listen) != 0)
		warn(warnings, "http.listen was changed: that takes effect when the daemon is started again");
}

static json_t *
warnings_of(struct keeper *k)
{
	json_t	*warnings = json_array();
	char	 text[SMS_ANSWER + 32];
	struct store_stat st;

	store_stat(k->db.store, &st);
	if (!store_is_taking(k->db.store))
		warn(warnings, "the store takes no changes: disk full or failing");
	else if (st.failing)
		warn(warnings, "the store could not be written just now: the log says why");
	if (k->channels[PROC_SIP] == NULL)
		warn(warnings, "the sip process is down: no phone is answered");
	if (k->channels[PROC_STREAM] == NULL)
		warn(warnings, "the stream process is down: no phone is reached over TCP and TLS");
	if (k->channels[PROC_WEB] == NULL)
		warn(warnings, "the web process is down: no phone is activated, no SMS is sent by URL");
	warn_of_listeners(k, warnings);
	warn_of_public(k, warnings);
	if (k->sms != NULL && sms_trouble(k->sms)[0] != '\0') {
		(void)snprintf(text, sizeof text, "no SMS is sent: %s", sms_trouble(k->sms));
		warn(warnings, text);
	}
	warn_of_certificate(k, warnings, PROC_STREAM, "TLS");
	warn_of_certificate(k, warnings, PROC_WEB, "HTTPS");
	return warnings;
}

/* Subsystems whose debug logging is on. */
static json_t *
debugged(void)
{
	json_t	*list = json_array();

	for (int i = 0; i < SUB_COUNT; i++)
		if (log_debug_on((enum log_subsystem)i))
			(void)json_array_append_new(list, json_string(log_subsystem_name((enum log_subsystem)i)));
	return list;
}

static json_t *
collect(struct keeper *k, bool restless)
{
	json_t	*o = json_object();

	for (size_t i = 0; i < sizeof getters / sizeof getters[0]; i++)
		if (restless || !getters[i].restless)
			(void)json_object_set_new(o, getters[i].name, getters[i].get(k));
	(void)json_object_set_new(o, "devices", devices(k));
	(void)json_object_set_new(o, "trunk_states", trunk_states(k));
	(void)json_object_set_new(o, "activation", activation(k));
	(void)json_object_set_new(o, "warnings", warnings_of(k));
	(void)json_object_set_new(o, "debug", debugged());
	return o;
}

/* Who asks between two ticks may see what is over before the next: watchers, who would then never hear that it is, are told anyway. */
json_t *
status_json(struct control *c)
{
	json_t		*all = collect(c->keeper, true), *was;
	const char	*name;

	json_object_foreach(c->status->told, name, was)
		if (!json_equal(was, json_object_get(all, name)))
			c->status->behind = true;
	return all;
}

static void
tell(struct status *s)
{
	json_t		*all = collect(s->control->keeper, true);
	struct peer	*p;
	struct request	*r;

	s->behind = false;
	TAILQ_FOREACH(p, &s->control->peers, link) {
		TAILQ_FOREACH(r, &p->requests, link) {
			if (r->state != s)
				continue;
			if (peer_unread(p) <= PEER_UNREAD_VIEW)
				request_send(r, json_pack("{s:O}", "status", all));
			else
				s->behind = true;
		}
	}
	json_decref(all);
}

/* Each second, while somebody watches: a front that dies or a full disk touches nothing. */
static void
status_on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct status	*s = arg;
	json_t		*now;

	(void)fd;
	(void)what;
	if (s->n_watchers == 0)
		return;
	(void)evtimer_add(s->tick, &interval);
	now = collect(s->control->keeper, false);
	if (s->behind || !json_equal(now, s->told))
		tell(s);
	json_decref(s->told);
	s->told = now;
}

static void
watcher_on_gone(struct request *r)
{
	struct status	*s = r->state;

	s->n_watchers--;
	r->state = NULL;
}

void
status_watch(struct status *s, struct request *r)
{
	if (r->peer->n_streams >= PEER_STREAMS_MAX) {
		request_refuse(r, ERR_BUSY, NULL, "at most %d watches on a connection", PEER_STREAMS_MAX);
		return;
	}
	r->state = s;
	r->on_gone = watcher_on_gone;
	s->n_watchers++;
	request_stream(r);
	request_send(r, json_pack("{s:{}}", "ok"));
	request_send(r, json_pack("{s:o}", "status", status_json(s->control)));
	if (!evtimer_pending(s->tick, NULL))
		(void)evtimer_add(s->tick, &interval);
}

struct status *
status_new(struct control *c)
{
	struct status	*s = calloc(1, sizeof *s);

	if (s == NULL || (s->tick = evtimer_new(c->keeper->base, status_on_tick, s)) == NULL) {
		free(s);
		return NULL;
	}
	s->control = c;
	return s;
}

void
status_free(struct status *s)
{
	if (s == NULL)
		return;
	event_free(s->tick);
	json_decref(s->told);
	free(s);
}
