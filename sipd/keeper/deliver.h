/*
 * Delivery: which stored message is sent when.  An account's messages go out one after the other, in the order of their acceptance; accounts
 * take turns, and only so many are served at a time, so that a slow phone delays nobody else's and an outage's end is no flood.
 *
 * What became of a message is on disk before the account's next one goes out.  Where that can't be written the message is not sent
 * again: only the writing is.
 *
 * Nothing of it is stored but the messages themselves: after a start every account that has some is looked at, in slices.
 */
#ifndef SIPD_KEEPER_DELIVER_H
#define SIPD_KEEPER_DELIVER_H

#include "core/message.h"
#include "db/payload.h"
#include "sipd/keeper/fanout.h"

struct deliver;
struct keeper;

enum { DELIVER_WINDOW = 256 };		/* accounts that are being sent something */

/* What is to become of a message that was sent, or can't be. */
struct deliver_end {
	enum message_status	 status;	/* MESSAGE_ENQUEUED: it stays, this was an attempt */
	const struct fanout_result *result;	/* NULL: it was not sent */
	int64_t			 next_try;	/* of one that stays; 0: when it registers */
	uint32_t		 tries;
};
/*
 * Writes it.  0: deliver_stored() is called once that is durable, or is not; ERR_NOT_FOUND: there is no such message any more; another error: it
 * could not be written.
 */
typedef int	(*deliver_end_fn)(void *arg, const struct message *, const struct deliver_end *);

/* What stands first of an account's; false: nothing. */
bool	deliver_first(struct deliver *, uint64_t account_id, struct message *);

struct deliver *deliver_new(struct keeper *, struct fanouts *, deliver_end_fn, void *arg);
void	deliver_free(struct deliver *);

/* Something changed for the account: a message, a registration (its tries begin anew), the account itself. */
void	deliver_wake(struct deliver *, uint64_t account_id, bool anew);
void	deliver_next(struct deliver *, uint64_t account_id);	/* its first message is gone, not by being delivered: the one behind is due */
void	deliver_stored(struct deliver *, const struct message *, enum message_status, int rc);
/* At every account that has messages.  anew: their tries begin anew; else only of those that nobody thinks of. */
void	deliver_look(struct deliver *, bool anew);
bool	deliver_turn(struct deliver *);			/* each turn of the loop: a slice; true: there is more to do */
bool	deliver_tick(struct deliver *);			/* four times a second, and as long as it returns true */
/* It is on its way, or arrived and that could not be written yet. */
bool	deliver_is_sending(const struct deliver *, uint64_t account_id, uint64_t seq);
size_t	deliver_under_way(const struct deliver *);

/*
 * The headers of a message's request: when it was sent, or accepted (0: none), its Uuid, by which a phone that has had it already can tell, and
 * what else was said in it.  0 or ERR_TOO_LARGE.
 */
struct deliver_headers {
	size_t	n;
	char	text[25 * 1024];	/* room for all that a front takes, and for ours */
};
int	deliver_headers(const struct message *, int64_t date, struct span more, struct deliver_headers *);

/* The request that carries a message; its spans are in room. */
struct deliver_room {
	uint8_t			payload[PAYLOAD_MAX];
	char			from[400], to[400];
	struct deliver_headers	headers;
};
int	deliver_request(struct keeper *, const struct message *, struct deliver_room *, struct wire_send *);

#endif
