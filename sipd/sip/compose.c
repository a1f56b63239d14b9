#include "sipd/sip/compose.h"

#include <string.h>

#include "core/binding.h"

static void
host_port(struct text_buf *b, const struct addr *a)
{
	buf_add(b, a->family == ADDR_IP6 ? "[" : "");
	buf_ip(b, a);
	buf_add(b, a->family == ADDR_IP6 ? "]:" : ":");
	buf_num(b, a->port);
}

void
compose_via(struct text_buf *b, uint8_t transport, const struct addr *sent_by, const char *branch)
{
	static const char *const	protocols[] = { [TRANSPORT_UDP] = "UDP", [TRANSPORT_TCP] = "TCP", [TRANSPORT_TLS] = "TLS" };

	buf_add(b, "Via: SIP/2.0/");
	buf_add(b, protocols[transport]);
	buf_add(b, " ");
	host_port(b, sent_by);
	buf_add(b, ";branch=");
	buf_add(b, branch);
	buf_add(b, ";rport\r\n");
}

static void
line(struct text_buf *b, const char *name, struct span value)
{
	if (value.n == 0)
		return;
	buf_add(b, name);
	buf_span(b, value);
	buf_add(b, "\r\n");
}

/* A bare URI stands in <>, so that a parameter behind it is the header's. */
static void
party(struct text_buf *b, const char *name, struct span value)
{
	bool	bare = memchr(value.s, '<', value.n) == NULL;

	buf_add(b, name);
	buf_add(b, bare ? "<" : "");
	buf_span(b, value);
	buf_add(b, bare ? ">" : "");
}

/* Whole lines: what is none is left out. */
static void
lines(struct text_buf *b, struct span s)
{
	while (s.n > 0) {
		const char	*end = memchr(s.s, '\n', s.n);
		size_t		 n = end == NULL ? s.n : (size_t)(end - s.s), text = n;

		if (text > 0 && s.s[text - 1] == '\r')
			text--;
		if (text > 0 && s.s[0] > ' ' && s.s[0] != ':' && memchr(s.s, ':', text) != NULL)
			line(b, "", (struct span){ .s = s.s, .n = text });
		n += end != NULL;
		s.s += n;
		s.n -= n;
	}
}

void
compose_contact(struct text_buf *b, struct span user, const struct addr *a)
{
	buf_span(b, user);
	buf_add(b, "@");
	host_port(b, a);
}

static void
contact(struct text_buf *b, const struct wire_send *s, const struct where *w, const struct compose_ids *ids)
{
	if (s->contact.n == 0)
		return;
	buf_add(b, "Contact: <sip:");
	compose_contact(b, s->contact, &ids->contact);
	buf_add(b, w->transport == TRANSPORT_TLS ? ";transport=tls" : w->transport == TRANSPORT_TCP ? ";transport=tcp" : "");
	buf_add(b, ">\r\n");
}

void
compose_request(struct text_buf *b, const struct wire_send *s, const struct where *w, const struct addr *sent_by,
    const struct compose_ids *ids)
{
	buf_span(b, s->method);
	buf_add(b, " ");
	buf_span(b, s->uri);
	buf_add(b, " SIP/2.0\r\n");
	compose_via(b, w->transport, sent_by, ids->branch);
	buf_add(b, "Max-Forwards: 70\r\n");
	line(b, "Route: ", s->route);
	party(b, "From: ", s->from);
	buf_add(b, ";tag=");
	buf_hex(b, ids->tag, sizeof ids->tag);
	party(b, "\r\nTo: ", s->to);
	buf_add(b, "\r\nCall-ID: ");
	if (s->call_id.n > 0)
		buf_span(b, s->call_id);
	else
		buf_hex(b, ids->call_id, sizeof ids->call_id);
	buf_add(b, "\r\nCSeq: ");
	buf_num(b, s->cseq == 0 ? 1 : s->cseq);
	buf_add(b, " ");
	buf_span(b, s->method);
	buf_add(b, "\r\n");
	contact(b, s, w, ids);
	lines(b, s->headers);
	line(b, "Content-Type: ", s->content_type);
	buf_add(b, "Content-Length: ");
	buf_num(b, (uint32_t)s->body.n);
	buf_add(b, "\r\n\r\n");
	buf_bytes(b, s->body.s, s->body.n);
}

static bool
is_method(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] < 'A' || s.s[i] > 'Z')
			return false;
	return s.n > 0 && s.n < COMPOSE_METHOD;
}

/* One word: the request line has three. */
static bool
is_word(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.s[i] <= ' ' || s.s[i] == 0x7f)
			return false;
	return s.n > 0;
}

bool
compose_can(const struct wire_send *s)
{
	return is_method(s->method) && is_word(s->uri) && s->from.n > 0 && s->to.n > 0 &&
	    (s->contact.n == 0 || is_word(s->contact)) && (s->call_id.n == 0 || is_word(s->call_id));
}
