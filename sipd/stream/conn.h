/*
 * A connection: one bufferevent to the stranger and, from its first message on, one to the front.  Shared by conn.c, which moves its
 * bytes, and conns.c, which keeps all of them; others see conns.h.
 */
#ifndef STREAM_CONN_H
#define STREAM_CONN_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/addr.h"
#include "core/binding.h"
#include "sipd/channel.h"
#include "sipd/stream/conns.h"
#include "sipd/stream/framing.h"

struct bufferevent;
struct event_base;

enum conn_state { CONN_SHAKING, CONN_SILENT, CONN_RELAYED, CONN_ENDING };

enum { CONN_SHAKE_MS = 10000, CONN_FIRST_MS = 10000, CONN_MESSAGE_MS = 60000, CONN_END_MS = 2000, CONN_PING_MS = 30000 };

/* In ms of clock_boot_ms(). */
struct conn_times {
	int64_t	state_at;	/* since when it is in its state */
	int64_t	heard_at;	/* the stranger's last byte, keep-alives too */
	int64_t	message_at;	/* a message began that has not ended; 0: none */
};

struct conn {
	TAILQ_ENTRY(conn)	 all, unannounced;
	struct conns		*conns;
	uint64_t		 id;		/* the flow's */
	struct addr		 source, local;
	enum conn_state		 state;
	struct conn_times	 times;
	struct framing		 framing;
	struct bufferevent	*phone;		/* NULL when the stranger is gone */
	SSL			*ssl;		/* the phone's, NULL for TCP */
	struct bufferevent	*relay;		/* NULL before the first message and when it is closed */
	bool			 is_unannounced;
	bool			 ours;		/* we connected: no limits for strangers hold, and it is we who ping */
	bool			 pong_due;
	int64_t			 said_at;	/* our last byte, as conn_times */
	conns_ready_fn		 ready;		/* NULL once it was told */
	void			*ready_arg;
};

TAILQ_HEAD(conn_list, conn);

struct conns {
	struct event_base	*base;
	struct conn_limits	 limits;
	struct sources		*sources;
	struct tree		*by_id;		/* big-endian id -> struct conn * */
	struct conn_list	 all, unannounced;
	size_t			 n;
	uint64_t		 next_id;
	struct channel		*sip;		/* NULL while the front is away */
	uint16_t		 ports[TRANSPORT_TLS + 1];	/* where it listens on loopback, by transport */
	int64_t			 warned_at;
};

/* Why it is to be closed now, or NULL.  Pure. */
const char *conn_overdue(enum conn_state, const struct conn_times *, uint32_t idle, int64_t now);

/* conn_open: takes fd over into a conn that has its id and source, and serves it; 0 or -errno, and then fd is the caller's still. */
int	conn_open(struct conn *, int fd, SSL_CTX *tls);
/* The same for a connection of ours that stands, with its TLS (NULL: none); it is relayed at once. */
int	conn_adopt(struct conn *, int fd, SSL *);
void	conn_ping(struct conn *, int64_t now);		/* where it is ours and all was quiet for long (RFC 5626 section 3.5.1) */
void	conn_close(struct conn *);			/* both sides, at once */
void	conn_enter(struct conn *, enum conn_state);
void	conn_say(const struct conn *, const char *what);	/* a line for debugging */
void	conn_end_at_front(struct conn *);		/* the front is through with it; may free it */
void	conn_announced(struct conn *);			/* the front knows it: bytes may follow */

/* conns.c's: closes it and forgets it. */
void	conn_free(struct conn *);

#endif
