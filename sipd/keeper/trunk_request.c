#include "sipd/keeper/trunk_request.h"

#include <stdio.h>
#include <string.h>

/* An IPv6 address stands in brackets in a URI. */
static void
host_text(const struct trunk *t, char buf[TRUNK_HOST + 2])
{
	bool	bare = strchr(t->host, ':') != NULL && t->host[0] != '[';

	(void)snprintf(buf, TRUNK_HOST + 2, "%s%s%s", bare ? "[" : "", t->host, bare ? "]" : "");
}

static void
start(const struct trunk *t, const char *method, const struct trunk_way *way, struct trunk_room *room, struct wire_send *s)
{
	char	host[TRUNK_HOST + 2], port[8] = "";

	host_text(t, host);
	if (t->port != 0)
		(void)snprintf(port, sizeof port, ":%u", (unsigned)(uint16_t)t->port);
	(void)snprintf(room->uri, sizeof room->uri, "sip:%s%s", host, port);
	*s = (struct wire_send){ .target = way->target, .local = way->local, .flow = way->flow, .transport = (uint8_t)trunk_transport(t),
		.method = span_of(method), .uri = span_of(room->uri) };
}

void
trunk_request_options(const struct trunk *t, const char *domain, const struct trunk_way *way, struct trunk_room *room, struct wire_send *s)
{
	start(t, "OPTIONS", way, room, s);
	(void)snprintf(room->from, sizeof room->from, "<sip:%s>", domain);
	(void)snprintf(room->to, sizeof room->to, "<%s>", room->uri);
	s->from = span_of(room->from);
	s->to = span_of(room->to);
	s->headers = span_of("Accept: application/sdp\r\n");
}

int
trunk_request_register(const struct trunk *t, const struct trunk_registering *r, const struct trunk_way *way, struct digest_client *digest,
    struct trunk_room *room, struct wire_send *s)
{
	char	host[TRUNK_HOST + 2], expires[32] = "";
	int	n, rc;

	start(t, "REGISTER", way, room, s);
	host_text(t, host);
	(void)snprintf(room->to, sizeof room->to, "<sip:%s@%s>", t->username, host);
	if (!r->fetch)
		(void)snprintf(expires, sizeof expires, "Expires: %u\r\n", (unsigned)r->expires);
	n = snprintf(room->headers, sizeof room->headers, "%s", expires);
	rc = digest_client_lines(digest, "REGISTER", room->uri, t->username, t->password, room->headers + n, sizeof room->headers - (size_t)n);
	s->from = s->to = span_of(room->to);
	s->headers = span_of(room->headers);
	s->call_id = span_of(r->call_id);
	s->cseq = r->cseq;
	s->contact = r->fetch ? (struct span){ 0 } : span_of(t->username);
	s->timeout_ms = TRUNK_REGISTER_TIMEOUT_MS;
	return rc;
}
