#include "sipd/keeper/qualify_news.h"

#include <inttypes.h>
#include <stdlib.h>

#include "sipd/keeper/devices.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"

enum {
	TOLD_EACH = 10,			/* changes of a device within the window */
	TOGETHER_MS = 10000, TOLD_TOGETHER = 20,	/* changes of all of them within that */
};

struct qualify_news {
	struct keeper	*k;
	int64_t		 since;		/* of the changes that are counted together; 0: there were none */
	uint32_t	 n, to[DEVICE_STATUSES];
};

struct qualify_news *
qualify_news_new(struct keeper *k)
{
	struct qualify_news	*n = calloc(1, sizeof *n);

	if (n != NULL)
		n->k = k;
	return n;
}

void
qualify_news_free(struct qualify_news *n)
{
	free(n);
}

/* "OK -> LAGGED 2310 ms" */
static void
tell(struct qualify_news *n, const struct probed *p, enum device_status was, const char *why)
{
	enum device_status	 now = (enum device_status)p->device.status;
	enum event_level	 level = now == DEVICE_OK ? EVENT_INFO : EVENT_WARN;
	const char		*from = device_status_name(was), *arrow = was == DEVICE_NONE ? "" : " -> ";
	struct account		 a;

	if (table_peek(&n->k->db, &account_kind, p->account_id, &a) != 0)
		return;
	if (p->changes == TOLD_EACH)
		events_tell(n->k->events, EVENT_WARN, "device", a.username, "%s%s%s; it changed %d times within an hour, its next changes are not told",
		    from, arrow, device_status_name(now), TOLD_EACH);
	else if (p->device.latency_ms > 0 || now == DEVICE_OK)
		events_tell(n->k->events, level, "device", a.username, "%s%s%s %" PRIu32 " ms", from, arrow, device_status_name(now),
		    p->device.latency_ms);
	else
		events_tell(n->k->events, level, "device", a.username, "%s%s%s%s%s", from, arrow, device_status_name(now), why == NULL ? "" : ", ",
		    why == NULL ? "" : why);
}

void
qualify_news_add(struct qualify_news *n, struct probed *p, enum device_status was, const char *why)
{
	int64_t			now = keeper_now(n->k);
	enum device_status	to = (enum device_status)p->device.status;

	/* That a new device answers is no news, and what an operator did has its own event. */
	if (to == DEVICE_UNMONITORED || to == DEVICE_NONE || (to == DEVICE_OK && was == DEVICE_NONE))
		return;
	if (now - p->changes_from >= CHANGES_WINDOW_MS) {
		p->changes_from = now;
		p->changes = 0;
	}
	if (p->changes < UINT16_MAX)
		p->changes++;
	if (n->since == 0)
		n->since = now;
	n->n++;
	n->to[to]++;
	if (p->changes <= TOLD_EACH && n->n <= TOLD_TOGETHER)
		tell(n, p, was, why);
}

/* What was too much to be told one by one. */
void
qualify_news_tick(struct qualify_news *n)
{
	struct keeper	*k = n->k;

	if (n->since == 0 || keeper_now(k) - n->since < TOGETHER_MS)
		return;
	for (int i = 0; i < DEVICE_STATUSES && n->n > TOLD_TOGETHER; i++)
		if (n->to[i] > 0)
			events_tell(k->events, i == DEVICE_OK ? EVENT_INFO : EVENT_WARN, "device", "all", "%" PRIu32 " device%s %s within %d s",
			    n->to[i], n->to[i] == 1 ? "" : "s", device_status_name((enum device_status)i), TOGETHER_MS / 1000);
	*n = (struct qualify_news){ .k = k };
}
