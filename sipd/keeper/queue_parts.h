/*
 * The queue's inside, for its own files: queue.c keeps it and answers for it, queue_accept.c takes messages from phones, queue_end.c writes
 * what becomes of those that are stored.
 */
#ifndef SIPD_KEEPER_QUEUE_PARTS_H
#define SIPD_KEEPER_QUEUE_PARTS_H

#include <sys/queue.h>

#include "sipd/keeper/deliver.h"
#include "sipd/keeper/delivered.h"
#include "sipd/keeper/fanout.h"
#include "sipd/keeper/queue.h"
#include "sipd/keeper/register.h"

struct flight;

/* An operator deletes it; consoles are told when that is on disk. */
struct deleting {
	TAILQ_ENTRY(deleting)	 all;
	struct message		 message;
	bool			 was_first;	/* of those for its account */
};

struct queue {
	struct keeper		*k;
	struct fanouts		*fanouts;
	struct deliver		*deliver;
	TAILQ_HEAD(, flight)	 flights;
	size_t			 n_flights;
	TAILQ_HEAD(, deleting)	 deleting;
	struct delivered	 delivered;
	struct register_set	 set;		/* of the request at hand */
};

/* queue_accept.c */
void	queue_flights_free(struct queue *);
void	queue_flights_channel_gone(struct queue *, const struct channel *);	/* no answers to it any more */

/* queue_end.c */
void	queue_note_attempt(struct message *, int64_t now, const struct fanout_result *);	/* behind those before it; the oldest give way */
void	queue_count_waiting(struct queue *, struct txn *, uint64_t account_id, int64_t delta);
void	queue_count_delivery(struct queue *, struct txn *, struct message *);
void	queue_tell_end(struct queue *, struct txn *, const struct message *, const char *operator, const char *what);
void	queue_remove(struct queue *, struct txn *, const struct message *);	/* with all that belongs to it */
void	queue_watch(struct queue *, const char *what, const struct message *);
int	queue_on_end(void *queue, const struct message *, const struct deliver_end *);	/* deliver.c's deliver_end_fn */

#endif
