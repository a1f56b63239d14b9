/*
 * A request of a peer: found by its "do" among the handlers, checked against its command's row
 * (core/command.h) for the role that it takes, answered once.  A request outlives its peer only while the
 * store commits for it.
 *
 * Each noun's handlers stand in its cmd_<noun>.c.  A handler answers through one of request_ok,
 * request_refuse, request_fault and request_commit, at once or later; that frees the request.
 */
#ifndef SIPD_KEEPER_REQUEST_H
#define SIPD_KEEPER_REQUEST_H

#include <sys/queue.h>

#include <jansson.h>
#include <stdbool.h>

#include "core/command.h"
#include "core/field.h"
#include "db/store.h"
#include "sipd/keeper/edit.h"

struct control;
struct keeper;
struct peer;

struct request {
	struct peer		*peer;		/* NULL: it has gone */
	struct control		*control;
	struct keeper		*keeper;
	json_t			*args;		/* the whole line */
	const struct command	*command;	/* its row; NULL for what only programs say ("view") */
	json_t			*reply;		/* waits for the commit */
	void			(*on_gone)(struct request *);	/* peer left, or cancelled: free state */
	void			(*on_drained)(struct request *);	/* the peer has taken what was sent: go on */
	void			*state;		/* of a list or watch */
	bool			 streaming;
	TAILQ_ENTRY(request)	 link;
};

struct handler {
	const char	*name;			/* "account list": the request's "do" */
	void		(*run)(struct request *);
};

/* Tables that end with a NULL name. */
extern const struct handler	account_handlers[], named_handlers[], registration_handlers[],
    event_handlers[], import_handlers[], debug_handlers[], status_handlers[], verify_handlers[], view_handlers[],
    licence_handlers[], queue_handlers[], call_handlers[], backup_handlers[], trunk_handlers[],
    profile_handlers[], activation_handlers[], why_handlers[], trace_handlers[], web_handlers[];
const struct handler *handler_find(const char *name);	/* NULL if there is none */

/* One line of a peer, without its end. */
void	request_line(struct peer *, const char *line, size_t n);

void	request_ok(struct request *, json_t *ok);		/* {"id","ok"}; takes ok */
void	request_answer(struct request *, json_t *reply);	/* an object to which the id is added; takes it */
void	request_refuse(struct request *, int code, const char *field, const char *fmt, ...)
	    __attribute__((format(printf, 4, 5)));
/* fields: of a conflict, or NULL; takes it */
void	request_fault(struct request *, const struct fault *, json_t *fields);
/* a row or an event: the id is added; the request goes on */
void	request_send(struct request *, json_t *part);
void	request_stream(struct request *);			/* it goes on until cancelled: counts as a stream */

/* Commits txn; answers with reply once it is durable, or with what went wrong.  Takes both. */
void	request_commit(struct request *, struct txn *, json_t *reply);

void	request_gone(struct request *);				/* its peer has gone: ends or lets go of it */

/* Arguments, which are of the right type when a handler runs. */
const char *request_text(const struct request *, const char *name);	/* NULL if absent */
bool	request_flag(const struct request *, const char *name);
json_int_t request_number(const struct request *, const char *name, json_int_t dflt);
/* "set" and "was" as an edit; borrowed from the request.  numbers: EDIT_ITEMS buffers of JSON_NUMBER_TEXT for what is not text. */
struct edit_numbers {
	char	text[2 * EDIT_ITEMS][32];
};
int	request_edit(const struct request *, const struct kind *, struct edit *, struct edit_numbers *, struct fault *);

#endif
