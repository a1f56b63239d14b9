/*
 * An event: something that happened, or that an operator did.  Each is chained to the one before by a hash without key over
 * that one's hash and its own content, so that a change of the past is found.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "core/field.h"

enum event_level { EVENT_INFO, EVENT_WARN, EVENT_ALERT };

enum { EVENT_HASH = 32, EVENT_TEXT = 2001 };

struct event {
	int64_t		time;		/* never earlier than the event before it */
	uint64_t	n;		/* counts all events ever, from 1 */
	uint8_t		level;		/* enum event_level */
	char		module[17];	/* "reg", "auth", "admin", "device", "main", … */
	char		subject[129];	/* username, group, address: what it is about */
	char		text[EVENT_TEXT];
	char		operator[65];	/* who did it; empty when nobody did */
	uint8_t		chain[EVENT_HASH];
};

extern const struct kind	event_kind;

#endif
