/*
 * All connections: by flow id, in the order that they came, and those that the front has not been told of.
 *
 * The front must hear of a flow before its bytes.  So a new relay connection may not write until WIRE_FLOW_OPEN has left the channel:
 * it stands on the list `unannounced` until conns_turn() finds the channel's queue empty.
 */
#include "sipd/stream/conns.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"
#include "core/tree.h"
#include "sipd/stream/conn.h"
#include "sipd/net/sources.h"

struct conns *
conns_new(struct event_base *base, uint64_t epoch, const struct conn_limits *limits)
{
	struct conns	*cs = calloc(1, sizeof *cs);

	if (cs == NULL)
		return NULL;
	cs->base = base;
	cs->limits = *limits;
	cs->next_id = epoch << 24;
	TAILQ_INIT(&cs->all);
	TAILQ_INIT(&cs->unannounced);
	if ((cs->sources = sources_new()) == NULL || (cs->by_id = tree_new()) == NULL) {
		conns_free(cs);
		return NULL;
	}
	return cs;
}

void
conns_set_limits(struct conns *cs, const struct conn_limits *limits)
{
	cs->limits = *limits;
}

size_t
conns_count(const struct conns *cs)
{
	return cs->n;
}

bool
conns_take_more(const struct conns *cs)
{
	return cs->sip != NULL && cs->ports[TRANSPORT_TCP] != 0 && cs->ports[TRANSPORT_TLS] != 0 && cs->n < cs->limits.total;
}

static void
id_key(uint64_t id, uint8_t key[8])
{
	for (int i = 7; i >= 0; i--, id >>= 8)
		key[i] = (uint8_t)id;
}

static struct conn *
conn_find(const struct conns *cs, uint64_t id)
{
	uint8_t			 key[8];
	struct tree_node	*node;

	id_key(id, key);
	node = tree_find(cs->by_id, key, sizeof key);
	return node == NULL ? NULL : *(struct conn **)tree_value(node, NULL);
}

/* Into the lists and the source's count, or nowhere. */
static int
conn_add(struct conn *c)
{
	struct conns	*cs = c->conns;
	uint8_t		 key[8];

	id_key(c->id, key);
	if (cs->n >= cs->limits.total || (!c->ours && sources_add(cs->sources, &c->source, cs->limits.per_source) != 0))
		return ERR_BUSY;
	if (tree_put(cs->by_id, key, sizeof key, &c, sizeof c) == NULL) {
		if (!c->ours)
			sources_remove(cs->sources, &c->source);
		return ERR_BUSY;
	}
	TAILQ_INSERT_TAIL(&cs->all, c, all);
	cs->n++;
	return 0;
}

static void
tell_ready(struct conn *c, bool is_ready)
{
	conns_ready_fn	ready = c->ready;

	c->ready = NULL;
	if (ready != NULL)
		ready(c->ready_arg, is_ready);
}

void
conn_free(struct conn *c)
{
	struct conns	*cs = c->conns;
	uint8_t		 key[8];

	conn_close(c);
	id_key(c->id, key);
	(void)tree_remove(cs->by_id, key, sizeof key);
	if (!c->ours)
		sources_remove(cs->sources, &c->source);
	TAILQ_REMOVE(&cs->all, c, all);
	cs->n--;
	tell_ready(c, false);
	free(c);
}

void
conns_free(struct conns *cs)
{
	struct conn	*c;

	if (cs == NULL)
		return;
	while ((c = TAILQ_FIRST(&cs->all)) != NULL)
		conn_free(c);
	sources_free(cs->sources);
	tree_free(cs->by_id);
	free(cs);
}

int
conns_accept(struct conns *cs, int fd, const struct addr *source, SSL_CTX *tls)
{
	struct conn	*c = calloc(1, sizeof *c);

	if (c == NULL) {
		close(fd);
		return ERR_BUSY;
	}
	c->conns = cs;
	c->id = cs->next_id++;
	c->source = *source;
	if (conn_add(c) != 0) {
		free(c);
		close(fd);
		return ERR_BUSY;
	}
	if (conn_open(c, fd, tls) != 0) {
		conn_free(c);
		close(fd);
		return ERR_BUSY;
	}
	return 0;
}

uint64_t
conns_adopt(struct conns *cs, int fd, SSL *ssl, const struct addr *target, struct addr *local, conns_ready_fn ready, void *arg)
{
	struct conn	*c = calloc(1, sizeof *c);
	bool		 taken;

	if (c != NULL) {
		*c = (struct conn){ .conns = cs, .id = cs->next_id++, .source = *target, .ours = true };
		if (conn_add(c) != 0) {
			free(c);
			c = NULL;
		}
	}
	if (c != NULL && conn_adopt(c, fd, ssl) == 0) {
		c->ready = ready;
		c->ready_arg = arg;
		*local = c->local;
		return c->id;
	}
	taken = c != NULL && c->phone != NULL;
	if (c != NULL)
		conn_free(c);
	if (!taken) {
		SSL_free(ssl);
		close(fd);
	}
	return 0;
}

void
conns_is_ready(struct conns *cs, uint64_t id)
{
	struct conn	*c = conn_find(cs, id);

	if (c != NULL)
		tell_ready(c, true);
}

void
conns_close_ours(struct conns *cs)
{
	struct conn	*c, *next;

	for (c = TAILQ_FIRST(&cs->all); c != NULL; c = next) {
		next = TAILQ_NEXT(c, all);
		if (c->ours)
			conn_free(c);
	}
}

void
conns_sip_open(struct conns *cs, struct channel *sip, uint8_t transport, uint16_t port)
{
	cs->sip = sip;
	if (transport == TRANSPORT_TCP || transport == TRANSPORT_TLS)
		cs->ports[transport] = port;
}

/* The ends of its relay connections close by themselves, after the last that it wrote. */
void
conns_sip_gone(struct conns *cs)
{
	struct conn	*c, *next;

	cs->sip = NULL;
	memset(cs->ports, 0, sizeof cs->ports);
	for (c = TAILQ_FIRST(&cs->all); c != NULL; c = next) {
		next = TAILQ_NEXT(c, all);
		if (c->is_unannounced)
			conn_end_at_front(c);
		else if (c->state == CONN_RELAYED)
			conn_enter(c, CONN_ENDING);
	}
}

void
conns_close(struct conns *cs, uint64_t id)
{
	struct conn	*c = conn_find(cs, id);

	if (c == NULL)
		return;
	conn_say(c, "the front wants it closed");
	conn_end_at_front(c);
}

void
conns_end(struct conns *cs)
{
	struct conn	*c, *next;

	for (c = TAILQ_FIRST(&cs->all); c != NULL; c = next) {
		next = TAILQ_NEXT(c, all);
		if (c->state == CONN_ENDING)
			continue;
		if (c->relay == NULL)
			conn_free(c);
		else
			conn_enter(c, CONN_ENDING);
	}
}

void
conns_turn(struct conns *cs)
{
	struct conn	*c;

	if (TAILQ_EMPTY(&cs->unannounced) || cs->sip == NULL)
		return;
	channel_flush(cs->sip);		/* may end in conns_sip_gone() */
	if (cs->sip == NULL || channel_wants_write(cs->sip))
		return;
	while ((c = TAILQ_FIRST(&cs->unannounced)) != NULL)
		conn_announced(c);
}

void
conns_tick(struct conns *cs, int64_t now)
{
	struct conn	*c, *next;
	const char	*why;

	for (c = TAILQ_FIRST(&cs->all); c != NULL; c = next) {
		next = TAILQ_NEXT(c, all);
		if ((why = conn_overdue(c->state, &c->times, c->ours ? 0 : cs->limits.idle, now)) == NULL) {
			conn_ping(c, now);
			continue;
		}
		conn_say(c, why);
		conn_free(c);
	}
}
