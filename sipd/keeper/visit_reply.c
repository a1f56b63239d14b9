#include "sipd/keeper/visit_reply.h"

#include <sys/queue.h>

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "sipd/channel.h"

enum { RETRY_AFTER = 5, COPIED = 4 };

/* An answer that waits for its transaction: what its spans point at is in bytes. */
struct pending {
	TAILQ_ENTRY(pending)	 all;
	struct visit_replies	*replies;
	struct channel		*channel;	/* NULL: gone meanwhile */
	uint64_t		 id;
	struct web_answer	 answer;
	size_t			 n;
	char			 bytes[];
};

struct visit_replies {
	struct channel		*channel;
	TAILQ_HEAD(, pending)	 pending;
};

struct visit_replies *
visit_replies_new(void)
{
	struct visit_replies	*r = calloc(1, sizeof *r);

	if (r != NULL)
		TAILQ_INIT(&r->pending);
	return r;
}

static void
pending_free(struct pending *p)
{
	TAILQ_REMOVE(&p->replies->pending, p, all);
	sodium_memzero(p->bytes, p->n);		/* there may be a password in it */
	free(p);
}

void
visit_replies_free(struct visit_replies *r)
{
	struct pending	*p;

	if (r == NULL)
		return;
	while ((p = TAILQ_FIRST(&r->pending)) != NULL)
		pending_free(p);
	free(r);
}

void
visit_replies_channel(struct visit_replies *r, struct channel *channel)
{
	struct pending	*p;

	r->channel = channel;
	TAILQ_FOREACH(p, &r->pending, all)
		if (p->channel != channel)
			p->channel = NULL;	/* another process does not know its questions */
}

void
visit_reply_begin(struct visit_reply *r, struct visit_replies *replies, uint64_t id)
{
	r->replies = replies;
	r->id = id;
	r->n_vars = 0;
	r->answer = (struct web_answer){ .code = 0 };
}

void
visit_reply_show(struct visit_reply *r, uint32_t code, const char *page)
{
	r->answer.code = code;
	r->answer.page = span_of(page);
	r->n_vars = 0;
}

void
visit_reply_var(struct visit_reply *r, const char *name, const char *value)
{
	struct web_var	var = { .name = span_of(name), .value = span_of(value) };
	int		n = web_var_append(r->vars, r->n_vars, sizeof r->vars, &var);

	if (n < 0)
		log_error("web: no room on a page for %s", name);
	else
		r->n_vars = (size_t)n;
}

static void
send_to(struct channel *channel, uint64_t id, const struct web_answer *a)
{
	int	rc;

	if (channel != NULL && (rc = channel_send(channel, WIRE_WEB_ANSWER, id, a)) != 0)
		log_error("web: an answer was not sent: %s", err_text(rc));
}

void
visit_reply_send(struct visit_reply *r)
{
	r->answer.vars = (struct span){ .s = (const char *)r->vars, .n = r->n_vars };
	send_to(r->replies->channel, r->id, &r->answer);
}

static void
say_later(struct channel *channel, uint64_t id)
{
	send_to(channel, id, &(struct web_answer){ .code = 503, .page = span_of("later"), .retry_after = RETRY_AFTER });
}

static void
on_durable(void *arg, int rc)
{
	struct pending	*p = arg;

	if (rc == 0)
		send_to(p->channel, p->id, &p->answer);
	else
		say_later(p->channel, p->id);
	pending_free(p);
}

/* A copy that lasts; what is not copied is static. */
static struct pending *
pending_new(const struct visit_reply *r)
{
	struct web_answer	 a = r->answer;
	struct span		*spans[COPIED] = { &a.vars, &a.body, &a.filename, &a.location };
	struct pending		*p;
	size_t			 n = 0, at = 0;

	a.vars = (struct span){ .s = (const char *)r->vars, .n = r->n_vars };
	for (size_t i = 0; i < COPIED; i++)
		n += spans[i]->n;
	if ((p = malloc(sizeof *p + n)) == NULL)
		return NULL;
	for (size_t i = 0; i < COPIED; i++) {
		if (spans[i]->n > 0)
			spans[i]->s = memcpy(p->bytes + at, spans[i]->s, spans[i]->n);
		at += spans[i]->n;
	}
	p->replies = r->replies;
	p->channel = r->replies->channel;
	p->id = r->id;
	p->answer = a;
	p->n = n;
	TAILQ_INSERT_TAIL(&r->replies->pending, p, all);
	return p;
}

int
visit_reply_commit(struct visit_reply *r, struct txn *t)
{
	struct pending	*p = pending_new(r);
	int		 rc;

	if (p == NULL)
		txn_fail(t, -ENOMEM);
	if ((rc = store_commit(t, on_durable, p)) == 0)
		return 0;
	log_error("web: not stored: %s", err_text(rc));
	say_later(r->replies->channel, r->id);
	if (p != NULL)
		pending_free(p);
	return rc;
}
