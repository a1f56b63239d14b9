#include "tests/bench/lib/inbox.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int
inbox_init(struct inbox *in, size_t messages_max)
{
	memset(in, 0, sizeof *in);
	for (in->size = 1024; in->size < 2 * messages_max; in->size *= 2)
		;
	return (in->seen = calloc(in->size, sizeof *in->seen)) == NULL ? -ENOMEM : 0;
}

/* Whether it came before; it has, from now on. */
static bool
is_known(struct inbox *in, const char *s, size_t n)
{
	uint64_t	h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)s[i]) * UINT64_C(0x100000001b3);
	h |= 1;
	for (size_t at = (size_t)(h >> 20);; at++) {
		uint64_t	*slot = &in->seen[at & (in->size - 1)];

		if (*slot == h)
			return true;
		if (*slot != 0)
			continue;
		if (in->came + 1 < in->size)
			*slot = h;
		return false;
	}
}

static void
note(struct inbox *in, const char *request, uint64_t now)
{
	const char	*uuid = strstr(request, "\r\nMessage-UUID:");
	uint64_t	 step;

	if (uuid == NULL || is_known(in, uuid + 2, strcspn(uuid + 2, "\r"))) {
		in->again++;
		return;
	}
	if (in->first_ns == 0)
		in->first_ns = now;
	in->last_ns = now;
	in->came++;
	step = (now - in->first_ns) / (INBOX_STEP_MS * UINT64_C(1000000));
	in->steps[step < INBOX_STEPS ? step : INBOX_STEPS - 1]++;
}

size_t
inbox_take(struct inbox *in, const char *request, uint64_t now, char *out, size_t size)
{
	/* the last one gets a tag */
	static const char *const	kept[] = { "\r\nVia:", "\r\nFrom:", "\r\nCall-ID:", "\r\nCSeq:", "\r\nTo:" };
	size_t				n;
	int				at;

	if (strncmp(request, "MESSAGE ", 8) != 0)
		return 0;
	note(in, request, now);
	at = snprintf(out, size, "SIP/2.0 200 OK");
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
		const char	*line = request, *end;

		for (; (line = strstr(line, kept[i])) != NULL; line += 2) {
			if ((end = strstr(line + 2, "\r\n")) == NULL || (size_t)at + (size_t)(end - line) >= size)
				return 0;
			memcpy(out + at, line, (size_t)(end - line));
			at += (int)(end - line);
		}
	}
	n = (size_t)at;
	at = snprintf(out + n, size - n, ";tag=inbox\r\nContent-Length: 0\r\n\r\n");
	return at < 0 || n + (size_t)at >= size ? 0 : n + (size_t)at;
}

static int
by_value(const void *a, const void *b)
{
	const uint32_t	*x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

void
inbox_print(const struct inbox *in, const char *label)
{
	static uint32_t	sorted[INBOX_STEPS];
	double		took = (double)(in->last_ns - in->first_ns) / 1e9;
	size_t		n = 0;

	if (in->came == 0) {
		printf("{\"label\":\"%s\",\"came\":0}\n", label);
		return;
	}
	n = (size_t)((in->last_ns - in->first_ns) / (INBOX_STEP_MS * UINT64_C(1000000))) + 1;
	n = n < INBOX_STEPS ? n : INBOX_STEPS;
	memcpy(sorted, in->steps, n * sizeof sorted[0]);
	qsort(sorted, n, sizeof sorted[0], by_value);
	printf("{\"label\":\"%s\",\"came\":%" PRIu64 ",\"again\":%" PRIu64 ",\"secs\":%.2f,\"per_s\":%.0f,\"tenths\":%zu,\"min\":%" PRIu32
	    ",\"p50\":%" PRIu32 ",\"p90\":%" PRIu32 ",\"max\":%" PRIu32 ",\"each\":[", label, in->came, in->again, took,
	    took > 0 ? (double)in->came / took : 0, n, sorted[0], sorted[n / 2], sorted[n * 9 / 10], sorted[n - 1]);
	for (size_t i = 0; i < n; i++)
		printf("%s%" PRIu32, i == 0 ? "" : ",", in->steps[i]);
	printf("]}\n");
}
