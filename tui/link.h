/*
 * The console's connection: it comes back by itself, and each reply finds who asked.
 */
#ifndef TUI_LINK_H
#define TUI_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "tui/client.h"

/* m is the reply (or, for views and watches, an event); NULL: the connection was lost before it came. */
typedef void	(*link_fn)(void *arg, const json_t *m);

enum link_state { LINK_DOWN, LINK_GREETING, LINK_UP };

/* How many replies a request has: one; rows and then "ok", or steps that may take their time; events for as long as the connection lasts. */
enum link_replies { LINK_ONE, LINK_STREAM, LINK_ROWS, LINK_STEPS };

enum { LINK_REQUESTS = 64, LINK_VIEWS = 16, LINK_RETRY_MIN_MS = 200, LINK_RETRY_MAX_MS = 5000, LINK_QUIET_MS = 2000 };

struct link {
	const char	*path;
	struct client	*client;
	enum link_state	 state;
	bool		 wrong_protocol;	/* nothing to be done but leave */
	int64_t		 lost_at, retry_at, retry_ms;
	int64_t		 asked_at;		/* of the oldest unanswered request, 0 none */
	int64_t		 heard_at;		/* when something came last; after LINK_QUIET_MS it is asked for */
	char		 domain[256], user[64], why[CLIENT_WHY];
	bool		 may_write;		/* role operator */
	struct {
		int			 id;
		enum link_replies	 replies;
		link_fn			 fn;
		void			*arg;
		int64_t			 at;
	}		 requests[LINK_REQUESTS];
	struct {
		json_int_t view;
		link_fn	 fn;
		void	*arg;
	}		 views[LINK_VIEWS];
	void		(*on_up)(void *arg);	/* greeted: ask again for what is shown */
	void		*on_up_arg;
};

void	link_init(struct link *, const char *path, void (*on_up)(void *), void *arg);
void	link_clear(struct link *);
int	link_fd(const struct link *);		/* -1 while there is none */
bool	link_wants_write(const struct link *);
void	link_serve(struct link *, int64_t now_ms);	/* when readable, writable, and at link_next_ms() */
int	link_next_ms(const struct link *, int64_t now_ms);	/* until something is due; -1 nothing */

/* Asks.  Takes request.  Returns its id, or negative when there is no connection (fn is then not called). */
int	link_ask(struct link *, json_t *request, enum link_replies, link_fn, void *arg, int64_t now_ms);
void	link_drop(struct link *, int id);	/* of a request that was cancelled: no more comes */
void	link_forget(struct link *, void *arg);	/* nobody with this arg is there any more */
void	link_view(struct link *, json_int_t view, link_fn, void *arg);	/* events of a view */

#endif
