#include "sipd/sip/offer.h"

#include <string.h>

/* m=<media> <port> <proto> <fmt> …; one with port 0 is none. */
static void
read_media(struct offer *o, const char *line, size_t n)
{
	const char	*port = memchr(line, ' ', n), *end = line + n, *proto;

	if (port == NULL || (proto = memchr(port + 1, ' ', (size_t)(end - port - 1))) == NULL)
		return;
	if (proto - port == 2 && port[1] == '0')
		return;
	o->secure = (!o->any || o->secure) && memmem(proto, (size_t)(end - proto), "RTP/SAVP", 8) != NULL;
	o->any = true;
}

struct offer
offer_read(const char *body, size_t n)
{
	struct offer	o = { false, false };

	while (n > 0) {
		const char	*end = memchr(body, '\n', n);
		size_t		 len = end == NULL ? n : (size_t)(end - body);

		if (len > 2 && memcmp(body, "m=", 2) == 0)
			read_media(&o, body + 2, len - 2);
		len += end != NULL;
		body += len;
		n -= len;
	}
	return o;
}
