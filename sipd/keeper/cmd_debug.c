/*
 * `debug on|off SUBSYSTEM`: how much is logged, at run time, in every process.
 */
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/event.h"
#include "core/log.h"
#include "core/text.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/request.h"

static void
names(char *buf, size_t size)
{
	size_t	at = 0;

	for (int i = 0; i < SUB_COUNT && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%s", i == 0 ? "" : " ",
		    log_subsystem_name((enum log_subsystem)i));
}

static void
debug_switch(struct request *r, bool on)
{
	struct keeper	*k = r->keeper;
	const char	*word = request_text(r, "word");
	struct txn	*t;
	char		 known[256], safe[64];

	if (log_debug_set(word, on) != 0) {
		names(known, sizeof known);
		(void)text_safe(word, strlen(word), safe, sizeof safe, false);
		request_refuse(r, ERR_NOT_FOUND, NULL, "%s: no such subsystem; there are %s", safe, known);
		return;
	}
	for (int i = 0; i < PROCESSES; i++)
		if (k->channels[i] != NULL)
			(void)channel_send(k->channels[i], WIRE_DEBUG, 0,
			    &(struct wire_debug){ .subsystem = span_of(word), .on = on });
	t = txn_new(k->db.store);
	events_add(k->events, t, EVENT_INFO, "admin", word, r->peer->user, "debug %s %s", word, on ? "on" : "off");
	request_commit(r, t, json_pack("{s:{}}", "ok"));
}

static void
debug_on(struct request *r)
{
	debug_switch(r, true);
}

static void
debug_off(struct request *r)
{
	debug_switch(r, false);
}

const struct handler	debug_handlers[] = {
	{ "debug on", debug_on },
	{ "debug off", debug_off },
	{ NULL, NULL },
};
