/*
 * Whether a call or a message would reach an account now, and if not, why: one row a reason.  Pure: route.c and the queue ask here before
 * anything is sent, and `why` (product G5) tells what they would be told, so that the two can't differ.
 */
#ifndef SIPD_KEEPER_REACH_H
#define SIPD_KEEPER_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct account;
struct keeper;

/* As much of an account as decides it. */
struct reach_facts {
	bool		front;		/* the SIP process is there */
	bool		enabled;
	size_t		contacts;	/* that it has registered */
	size_t		reachable;	/* of these, by binding_is_reachable() */
	size_t		silent;		/* of these, whose device does not answer probes */
	uint64_t	waiting, most;	/* messages that wait for it, and may */
	bool		storing;	/* the store takes what is new */
};

enum reach {
	REACH_NOW, REACH_SILENT,			/* it is sent */
	REACH_FRONT_AWAY, REACH_DISABLED, REACH_UNREGISTERED, REACH_NO_WAY, REACH_TURN,
	REACH_FULL, REACH_NO_STORE,			/* a message that has to wait can't */
};

struct reach_row {
	enum reach	 reason;
	bool		 sent;		/* to its devices, at once */
	uint32_t	 code;		/* that who asks is answered instead; 0: none, a message waits */
	const char	*phrase;
	const char	*why;		/* "it is disabled" */
	const char	*wait;		/* how long a message waits: "until it is enabled" */
};

const struct reach_row *reach_call(const struct reach_facts *);
const struct reach_row *reach_message(const struct reach_facts *);
/* Of a message that can't be sent at once: whether it may wait, code 0. */
const struct reach_row *reach_storing(const struct reach_facts *);

/* All of it, as it is now. */
void	reach_look(struct keeper *, const struct account *, struct reach_facts *);

/* "Neither a call nor a message would reach bob now: it is disabled; a call is refused with 403, a message waits until it is enabled." */
enum { REACH_TEXT = 500 };
void	reach_sentence(const struct reach_facts *, const char *username, char buf[REACH_TEXT]);

#endif
