/*
 * The keeper: decides everything, remembers everything, holds the keys.  This is its body; each module below takes what it needs of it.
 * A turn of its loop: read what is there, decide, commit; at the end store_flush() and channel_flush().  Answers go out from on_durable.
 */
#ifndef SIPD_KEEPER_KEEPER_H
#define SIPD_KEEPER_KEEPER_H

#include "core/clock.h"
#include "db/table.h"
#include "sipd/boot.h"
#include "sipd/channel.h"

struct event_base;
struct control;
struct registrar;
struct events;
struct names;
struct public_check;
struct qualify;
struct queue;
struct calls_watch;
struct routes;
struct sms_engine;
struct tracing;
struct trunk_engine;
struct visits;

/* Who asked for a WIRE_SEND: the highest byte of its id, by which a WIRE_SENT finds back. */
enum sender { SENDER_QUEUE, SENDER_QUALIFY, SENDER_TRUNK, SENDER_SMS, SENDER_PUBLIC, SENDERS };
enum { SENDER_SHIFT = 56 };

struct keeper {
	struct boot		*boot;
	struct event_base	*base;
	struct clock		 clock;
	struct db		 db;
	struct config		 conf;			/* in force; replaced whole by a reload */
	struct channel		*channels[PROCESSES];	/* NULL while that process is away */
	char			 ready[PROCESSES][BOOT_TEXT];	/* where each front listens, from its WIRE_HELLO */
	struct wire_counts	 counts[PROCESSES];	/* what each front has seen, from its WIRE_COUNTS */
	uint64_t		 sip_epoch;		/* of the sip front that is there, or was last; 0 until one said hello */
	uint64_t		 stream_epoch;		/* of the connections that may be alive; 0 until the stream process said hello */
	int64_t			 certificate_until[PROCESSES];	/* of each front's, ms since 1970; 0 without */
	struct registrar	*registrar;		/* registrar.h */
	struct events		*events;		/* events.h */
	struct control		*control;		/* control.h */
	struct names		*names;			/* names.h */
	struct queue		*queue;			/* queue.h */
	struct qualify		*qualify;		/* qualify.h; NULL where nothing is probed */
	struct routes		*routes;		/* route.h */
	struct calls_watch	*calls;			/* calls_watch.h */
	struct trunk_engine	*trunks;		/* trunk_engine.h */
	struct sms_engine	*sms;			/* sms.h */
	struct visits		*visits;		/* visit.h */
	struct public_check	*public_check;		/* public_check.h */
	struct tracing		*tracing;		/* tracing.h */
	struct match		*match;			/* room for filters; NULL until one is asked */
	int64_t			 started_at;
	bool			 stopping;
};

/* Milliseconds since 1970 of this turn. */
int64_t	keeper_now(struct keeper *);

/* References for field_text() and field_set(): names of groups and profiles. */
struct refs keeper_refs(struct keeper *);

#endif
