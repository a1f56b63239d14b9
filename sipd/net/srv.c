#include "sipd/net/srv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/binding.h"
#include "core/err.h"

/* One row a transport. */
static const struct {
	const char	*prefix;	/* of its SRV records */
	const char	*service;	/* of its NAPTR records */
	uint16_t	 port;
} transports[] = {
	[TRANSPORT_UDP] = { "_sip._udp.", "SIP+D2U", 5060 },
	[TRANSPORT_TCP] = { "_sip._tcp.", "SIP+D2T", 5060 },
	[TRANSPORT_TLS] = { "_sips._tcp.", "SIPS+D2T", 5061 },
};

/* Weight 0 goes first within a priority: it is drawn only by the number 0. */
static int
srv_compare(const void *a, const void *b)
{
	const struct srv	*x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return (x->weight != 0) - (y->weight != 0);
}

/* The one whose share of the weights holds the number. */
static size_t
pick(const struct srv *s, size_t n, uint32_t number)
{
	uint32_t	sum = 0;
	size_t		i = 0;

	while (i + 1 < n && (sum += s[i].weight) < number)
		i++;
	return i;
}

static void
draw_all(struct srv *s, size_t n, srv_draw_fn draw, void *arg)
{
	struct srv	chosen;
	uint32_t	sum = 0;
	size_t		at;

	for (size_t i = 0; i < n; i++)
		sum += s[i].weight;
	for (; n > 1; s++, n--) {
		at = pick(s, n, draw(arg, sum));
		chosen = s[at];
		memmove(s + 1, s, at * sizeof *s);
		*s = chosen;
		sum -= chosen.weight;
	}
}

void
srv_order(struct srv *s, size_t n, srv_draw_fn draw, void *arg)
{
	size_t	same;

	qsort(s, n, sizeof *s, srv_compare);
	for (; n > 0; s += same, n -= same) {
		for (same = 1; same < n && s[same].priority == s[0].priority; same++)
			continue;
		draw_all(s, same, draw, arg);
	}
}

static int
naptr_compare(const void *a, const void *b)
{
	const struct naptr	*x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (x->preference > y->preference) - (x->preference < y->preference);
}

size_t
srv_services(struct naptr *records, size_t n, uint8_t transport, char names[SERVICES_MAX][SRV_NAME])
{
	size_t	found = 0;

	qsort(records, n, sizeof *records, naptr_compare);
	for (size_t i = 0; i < n && found < SERVICES_MAX; i++) {
		const struct naptr	*r = &records[i];

		if (strcasecmp(r->flags, "s") == 0 && strcasecmp(r->service, transports[transport].service) == 0 &&
		    r->replacement[0] != '\0')
			memcpy(names[found++], r->replacement, SRV_NAME);
	}
	return found;
}

int
srv_service(const char *host, uint8_t transport, char name[SRV_NAME])
{
	int	n = snprintf(name, SRV_NAME, "%s%s", transports[transport].prefix, host);

	return n < 0 || n >= SRV_NAME ? ERR_TOO_LARGE : 0;
}

uint16_t
srv_default_port(uint8_t transport)
{
	return transports[transport].port;
}
