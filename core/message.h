/*
 * A message of the store-and-forward queue (product F): what is known of it but its content.  That is sealed in a table of its own
 * (db/payload.h) and there is no field for it.
 */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include "core/account.h"
#include "core/field.h"

enum message_status {
	MESSAGE_ENQUEUED, MESSAGE_DELIVERED, MESSAGE_EXPIRED, MESSAGE_INVALID_RECIPIENT, MESSAGE_INVALID_DEVICE, MESSAGE_INVALID_PAYLOAD,
};

enum { MESSAGE_ID = 37, MESSAGE_UUID = 129, MESSAGE_PARTY = 65, MESSAGE_ERROR = 129, MESSAGE_TIMELINE = 1025, MESSAGE_HASH = 16 };

struct message {
	uint64_t	seq;			/* order of acceptance, of all messages; the primary key */
	char		id[MESSAGE_ID];		/* ours: a UUID in lower case */
	uint64_t	from_account, to_account;	/* ids */
	char		uuid[MESSAGE_UUID];	/* the sender's */
	uint32_t	api_version;
	char		from[MESSAGE_PARTY];	/* the sender's number; its username where it has none */
	char		sender[MESSAGE_PARTY];	/* which of its names it used */
	char		to[MESSAGE_PARTY];	/* number or username, as it was written */
	uint64_t	from_seq, to_seq;
	bool		managed;
	int64_t		received;
	uint64_t	sent;			/* transmissions */
	uint8_t		status;			/* enum message_status */
	uint32_t	size;			/* bytes of the content */
	int64_t		expires;
	int64_t		next_try;		/* 0: it waits for something else, as that its account registers */
	uint32_t	tries;			/* that failed since it registered */
	uint64_t	attempts;		/* since it was accepted */
	char		last_error[MESSAGE_ERROR];	/* "486 Busy Here"; empty: none yet */
	char		timeline[MESSAGE_TIMELINE];	/* the latest attempts: "<RFC 3339 time> <code> <reason>", one a line, newest last */
};

extern const struct kind	message_kind;

const char *message_status_name(enum message_status);		/* "ENQUEUED" */

/* That a message was accepted with this Uuid from this sender: outlives it, so that a repetition is known. */
struct message_seen {
	uint64_t	from_account;
	uint8_t		hash[MESSAGE_HASH];	/* of the Uuid */
	int64_t		until;
	uint32_t	code;			/* that it was answered with */
};

extern const struct kind	message_seen_kind;

#endif
