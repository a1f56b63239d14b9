/*
 * Answers to the web process (core/wire.h): what a page shows is added name by name, and an answer that says that something is done goes
 * out when it is on disk.
 */
#ifndef SIPD_KEEPER_VISIT_REPLY_H
#define SIPD_KEEPER_VISIT_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "core/wire.h"
#include "db/store.h"

struct channel;
struct visit_replies;

enum { VISIT_VARS = 4096 };

struct visit_reply {
	struct visit_replies	*replies;
	uint64_t		 id;		/* of the question */
	struct web_answer	 answer;	/* its spans are the caller's, until it was sent; vars are here */
	size_t			 n_vars;
	uint8_t			 vars[VISIT_VARS];
};

struct visit_replies *visit_replies_new(void);
void	visit_replies_free(struct visit_replies *);
void	visit_replies_channel(struct visit_replies *, struct channel *);	/* where they go from now; NULL: nowhere */

void	visit_reply_begin(struct visit_reply *, struct visit_replies *, uint64_t id);
void	visit_reply_show(struct visit_reply *, uint32_t code, const char *page);	/* page: of core/web.h, not copied */
void	visit_reply_var(struct visit_reply *, const char *name, const char *value);
void	visit_reply_send(struct visit_reply *);

/* Commits, and sends the answer when that is durable; where it can't be, "later" instead.  Takes txn.  0, or why it was not committed. */
int	visit_reply_commit(struct visit_reply *, struct txn *);

#endif
