/*
 * The message queue (product F): a MESSAGE is forwarded to the devices of an account that is on line, or stored and delivered later.  Here is
 * what comes in and what becomes of each; deliver.h sends.
 *
 * A message's record, content, place in its recipient's order, counts and events change in one transaction.
 */
#ifndef SIPD_KEEPER_QUEUE_H
#define SIPD_KEEPER_QUEUE_H

#include "core/message.h"
#include "core/wire.h"
#include "db/store.h"

struct channel;
struct keeper;
struct queue;

struct queue *queue_new(struct keeper *);	/* NULL: out of memory */
void	queue_free(struct queue *);
bool	queue_turn(struct queue *);		/* each turn of the loop: a slice; true: there is more to do */
bool	queue_tick(struct queue *);		/* four times a second; the same */

/* A front asks; the answer goes to the same channel with the same id, a 202 once it is durable. */
void	queue_ask(struct queue *, struct channel *, uint64_t id, const struct message_ask *);
void	queue_sent(struct queue *, uint64_t id, const struct wire_sent *);	/* how a request of ours ended */
void	queue_channel_gone(struct queue *, struct channel *);
void	queue_undone(struct queue *);			/* a batch of the store was */

/* Tried again at once, though its tries are used up: one (0, ERR_NOT_FOUND), those for an account (how many there are), all. */
int	queue_retry(struct queue *, uint64_t seq);
size_t	queue_retry_account(struct queue *, uint64_t account_id);
void	queue_retry_all(struct queue *);

/* Adds the deletion of a message with its event to txn.  0, ERR_NOT_FOUND, ERR_BUSY: it is being sent right now. */
int	queue_delete(struct queue *, struct txn *, const struct message *, const char *operator);

/* By its Id. 0, ERR_NOT_FOUND, ERR_CORRUPT. */
int	queue_find(struct queue *, const char *id, struct message *);

/* The one for the account that goes out first.  False: none waits. */
bool	queue_first(struct queue *, uint64_t account_id, struct message *);
bool	queue_is_sending(const struct queue *, const struct message *);
bool	queue_is_first(struct queue *, const struct message *);		/* of those for the same account */

/* How many stand before it for the same account (counted to a thousand). */
uint64_t queue_before(struct queue *, const struct message *);

struct queue_stat {
	uint64_t	queued, recipients;		/* messages that wait, and for how many accounts */
	uint64_t	in_flight;			/* being sent right now */
	uint64_t	delivered, delivered_today;	/* since the start, since midnight */
	int64_t		oldest;				/* when the oldest was accepted; 0: none */
};
void	queue_stat(struct queue *, struct queue_stat *);
const struct rate *queue_rate(struct queue *);		/* deliveries in each of the last minutes, up to now */

/* How many expire before then; counted to QUEUE_EXPIRING_MAX. */
enum { QUEUE_EXPIRING_MAX = 5000 };
size_t	queue_expiring(struct queue *, int64_t until);

/* Whose events those of a message are: its account's username. */
const char *queue_subject(struct keeper *, const struct message *, char name[ACCOUNT_USERNAME]);

/* "queue/7": the store's count of messages for an account. */
const char *queue_counter(uint64_t account_id, char name[64]);

#endif
