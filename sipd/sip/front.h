/*
 * The SIP front: libsofia's agent and what it hears.  It parses, answers and asks the keeper; it decides nothing and keeps no secret.
 *
 * Where a REGISTER goes: udp.c reads it, or libsofia from a connection that the stream process relays; request.c checks it (RFC
 * 4475's traps), ask.c makes a struct register_ask of it,
 * pending.c remembers where the answer goes, the keeper decides, answer.c writes the answer's text, out.c sends it.  A MESSAGE goes the same
 * way by message.c.  What the keeper wants sent goes through client.c.
 */
#ifndef SIPD_SIP_FRONT_H
#define SIPD_SIP_FRONT_H

#include "core/wire.h"
#include "sipd/boot.h"
#include "sipd/channel.h"
#include "sipd/sip/sockets.h"

struct announcements;
struct branches;
struct client;
struct dialogs;
struct flows;
struct larges;
struct limits;
struct out;
struct passings;
struct pending;
struct proxy;
struct said;
struct traces;
struct udp;

struct front {
	struct boot		*boot;
	struct config		 conf;			/* in force */
	struct channel		*keeper, *stream;	/* NULL while they are away */
	struct flows		*flows;
	struct larges		*larges;
	struct limits		*limits;
	struct out		*out;
	struct pending		*pending;
	struct said		*said;			/* to messages */
	struct said		*said_registers;	/* to REGISTERs: many, and no loss when the oldest go soon */
	struct traces		*traces;
	struct udp		*udp;
	struct client		*client;
	struct branches		*branches;
	struct proxy		*proxy;
	struct passings		*passings;
	struct dialogs		*dialogs;
	struct announcements	*announcements;
	struct sockets		 sockets;
	struct wire_counts	 counts;
	uint64_t		 epoch;
	char			 listening[BOOT_TEXT];
	uint8_t			 tag_key[16];		/* of the To tags */
	uint8_t			 route_key[16];		/* of what Record-Route carries; from the keeper */
	char			 date[48];		/* header line for the second date_at */
	int64_t			 date_at;
	bool			 stopping;		/* no more questions: those asked are waited for */
};

#endif
