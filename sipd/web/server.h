/*
 * The HTTPS server: one request a connection, a question to the keeper, an answer, the end.  Nothing that a client sends can be taken for
 * the beginning of another request.  Every step has its time, connections are counted in all and by source, and when there is no room left
 * the slowest makes room.
 */
#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include <openssl/types.h>

#include "core/wire.h"
#include "sipd/config.h"

struct event_base;
struct server;
struct templates;

enum {
	SERVER_CONNS = 2048,
	SERVER_READ_MS = 15000,		/* from the connection to the request's last byte */
	SERVER_ASK_MS = 10000,		/* for the keeper */
	SERVER_WRITE_MS = 20000,	/* until the client has the answer */
	SERVER_LINGER_MS = 2000,	/* for its end of the connection */
};

/* Asks the keeper; false: it is away. */
typedef bool	(*server_ask_fn)(void *arg, uint64_t id, const struct web_ask *);

struct server *server_new(struct event_base *, server_ask_fn, void *arg);
void	server_free(struct server *);

void	server_configure(struct server *, const struct config *);
void	server_set_pages(struct server *, struct templates *);	/* takes them */
void	server_set_tls(struct server *, SSL_CTX *);		/* takes it; connections that stand keep theirs */

/* Binds http.listen, if there is one.  0, or a negative code with why. */
int	server_open(struct server *, const char *listen, char *why, size_t size);
void	server_stop(struct server *);		/* accepts nobody any more, and serves those who have asked */
void	server_text(const struct server *, char *buf, size_t size);	/* "https:127.0.0.1:8443"; "" */
size_t	server_count(const struct server *);	/* connections */
void	server_counts(const struct server *, struct wire_counts *);

void	server_answer(struct server *, uint64_t id, const struct web_answer *);
void	server_keeper_gone(struct server *);	/* who waits for it is told to come again */
void	server_tick(struct server *, int64_t now_ms);

#endif
