/*
 * A call: an INVITE that was let through, until its BYE (product E4).  What phones say to each other in it is theirs.
 */
#ifndef CORE_CALL_H
#define CORE_CALL_H

#include "core/account.h"
#include "core/field.h"
#include "core/wire.h"

enum { CALL_NAME = 24, CALL_PARTY = 65, CALL_HASH = 16 };

struct call {
	uint64_t	seq;			/* the primary key */
	char		id[CALL_NAME];		/* the same for people */
	char		from[CALL_PARTY], to[CALL_PARTY];	/* numbers or usernames, as they were dialled */
	uint8_t		state;			/* enum call_state, but CALL_ENDED */
	int64_t		since;			/* when it came into that state */
	uint64_t	duration;		/* seconds since it was answered, else since it began; not stored */
	uint64_t	trunk_id;		/* 0: between accounts */
	uint64_t	from_account, to_account;	/* 0: a trunk's side */
	int64_t		began_at, answered_at;
	uint8_t		hash[CALL_HASH];	/* of its Call-ID */
	char		call_id[257];
	uint64_t	epoch;			/* of the front that it began in */
	int64_t		session_until;		/* when it ends unless it is refreshed (RFC 4028); 0: never */
	int64_t		gone_at;		/* since when neither side has a phone that could be reached; 0: one has */
};

enum { CALL_DIALOG = 4096 };

/* What it takes to end a call that was answered, whichever front is there then (WIRE_HANG_UP); the front's text. */
struct call_dialog {
	uint64_t	seq;			/* the call's */
	char		text[CALL_DIALOG];
};

extern const struct kind	call_kind, call_dialog_kind;

uint32_t call_duration(const struct call *, int64_t now);

#endif
