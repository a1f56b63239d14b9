/*
 * A connection of a browser: TLS, one request, one answer.  It reads and writes; what to say is its server's.
 */
#ifndef WEB_BROWSER_H
#define WEB_BROWSER_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/addr.h"
#include "core/http.h"

struct bufferevent;
struct evbuffer;
struct event_base;

enum browser_state {
	BROWSER_READING,		/* the handshake, the request */
	BROWSER_ASKING,		/* the keeper */
	BROWSER_WRITING,
	BROWSER_LINGERING,		/* all is written; the client closes, or its time is over */
	BROWSER_STATES,
};

struct browser_events;

struct browser {
	TAILQ_ENTRY(browser)	 all;		/* its server's, the oldest first */
	uint64_t		 id;
	struct addr		 source, local;
	enum browser_state		 state;
	int64_t			 until;		/* this state's end */
	bool			 talked;	/* TLS stands */
	bool			 head, data;	/* struct wanted's */
	struct bufferevent	*bev;
	const struct browser_events *events;
	void			*server;
};

/* What it tells its server.  request: all of it is there; refused: the status that it is to be answered with; gone: it is to be freed. */
struct browser_events {
	void	(*request)(struct browser *, const struct http_head *, struct span body);
	void	(*refused)(struct browser *, unsigned code);
	void	(*gone)(struct browser *);
};

/* Takes fd.  NULL: no memory, and it is closed. */
struct browser *browser_new(struct event_base *, int fd, SSL_CTX *, const struct browser_events *, void *server);
void	browser_free(struct browser *);

void	browser_enter(struct browser *, enum browser_state);	/* with that state's time */
/* Where the answer goes; then browser_send(). */
struct evbuffer *browser_out(struct browser *);
void	browser_send(struct browser *);

#endif
