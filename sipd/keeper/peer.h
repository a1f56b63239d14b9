/*
 * A peer: one connection on the control socket.  Lines come in and are dispatched in order, lines go out.
 * What a slow or hostile peer can make us keep is bounded by the limits here: reading stops while it does not
 * take its answers, and it is dropped with a reason when a stream that it asked for outruns it.
 */
#ifndef SIPD_KEEPER_PEER_H
#define SIPD_KEEPER_PEER_H

#include <sys/queue.h>
#include <sys/types.h>

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/command.h"
#include "sipd/keeper/job.h"

struct bufferevent;
struct control;
struct request;
struct view;

enum {
	PEER_DATA_MAX = 48 * 1024,		/* bytes of a line of data */
	PEER_LINE_MAX = 64 * 1024,		/* a request; parsing a longer one would hold up the loop */
	PEER_REQUESTS_MAX = 64,			/* in flight: then reading stops */
	PEER_STREAMS_MAX = 16,			/* watches */
	PEER_VIEWS_MAX = 8,
	PEER_UNREAD_PAUSE = 256 * 1024,		/* bytes not taken: lists pause, reading stops */
	PEER_UNREAD_VIEW = 4 * 1024,		/* views send nothing over this */
	PEER_UNREAD_MAX = 1024 * 1024,		/* streams: dropped */
	PEER_STALL_S = 60,			/* nothing taken for so long: dropped */
	PEER_PER_UID = 16, PEERS_MAX = 256,
};

struct peer {
	struct control			*control;
	struct bufferevent		*bev;
	enum role			 role;
	uid_t				 uid;
	char				 user[65];	/* for the event log */
	TAILQ_HEAD(, request)		 requests;	/* in flight */
	size_t				 n_requests, n_streams;
	struct view			*views[PEER_VIEWS_MAX];
	unsigned			 last_view;	/* its number; never used twice on a connection */
	bool				 finished;	/* it has said all: it goes when it is answered */
	bool				 closing;	/* nothing is read or sent any more */
	struct job			 input;		/* lines that wait for the next turn */
	struct job			 end;		/* frees it, out of its own callbacks */
	TAILQ_ENTRY(peer)		 link;
};

/* Takes fd, greets, serves.  NULL when memory is short (fd is closed). */
struct peer *peer_new(struct control *, int fd, enum role, uid_t, const char *user);
void	peer_free(struct peer *);

void	peer_send(struct peer *, json_t *);	/* takes the value; one line */
/* {"id":ID,"data":"base64"}, for bytes by the hundred megabyte, which jansson takes 20 times as long for. */
void	peer_send_data(struct peer *, json_int_t id, const uint8_t *bytes, size_t n);
size_t	peer_unread(const struct peer *);	/* bytes that it has not taken */
void	peer_drop(struct peer *, int code, const char *why);	/* says why if it can, and ends the connection soon */
void	peer_on_request_end(struct peer *);	/* there is room for another */

/* A refusal as a line, for who has not become a peer. */
size_t	peer_refusal(int code, const char *why, char *line, size_t size);

#endif
