#include "sipd/sip/answer.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/binding.h"

void
buf_add(struct text_buf *b, const char *fmt, ...)
{
	va_list	ap;
	int	n;

	if (b->overflow)
		return;
	va_start(ap, fmt);
	n = vsnprintf(b->s + b->n, b->size - b->n, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= b->size - b->n)
		b->overflow = true;
	else
		b->n += (size_t)n;
}

void
buf_span(struct text_buf *b, struct span s)
{
	if (b->overflow || s.n >= b->size - b->n) {
		b->overflow = true;
		return;
	}
	for (size_t i = 0; i < s.n; i++)
		b->s[b->n++] = s.s[i] == '\r' || s.s[i] == '\n' || s.s[i] == '\0' ? ' ' : s.s[i];
	b->s[b->n] = '\0';
}

static void
buf_copy(struct text_buf *b, struct span s)
{
	if (b->overflow || s.n >= b->size - b->n) {
		b->overflow = true;
		return;
	}
	memcpy(b->s + b->n, s.s, s.n);
	b->n += s.n;
	b->s[b->n] = '\0';
}

static void
buf_header(struct text_buf *b, const msg_common_t *h)
{
	msg_header_t const	*header = (const msg_header_t *)h;
	issize_t		 n;

	if (b->overflow)
		return;
	n = msg_header_e(b->s + b->n, (isize_t)(b->size - b->n), header, 0);
	if (n < 0 || (size_t)n >= b->size - b->n)
		b->overflow = true;
	else
		b->n += (size_t)n;
}

/* Whether the topmost Via names another address than the packet's: then received= is needed (RFC 3261 section 18.2.1). */
static bool
host_differs(const char *host, const struct addr *source)
{
	struct addr	named;

	return addr_parse(&named, host) != 0 || !addr_same_ip(&named, source);
}

static void
echo_top_via(struct text_buf *b, const sip_via_t *v, const struct where *w)
{
	char	ip[ADDR_TEXT];

	buf_add(b, "Via: %s %s", v->v_protocol, v->v_host);
	if (v->v_port != NULL)
		buf_add(b, ":%s", v->v_port);
	for (size_t i = 0; v->v_params != NULL && v->v_params[i] != NULL; i++)
		if (strncasecmp(v->v_params[i], "received", 8) != 0 && strncasecmp(v->v_params[i], "rport", 5) != 0)
			buf_add(b, ";%s", v->v_params[i]);
	if (host_differs(v->v_host, &w->source) || v->v_rport != NULL)
		buf_add(b, ";received=%s", addr_ip_text(&w->source, ip));
	if (v->v_rport != NULL)
		buf_add(b, ";rport=%u", w->source.port);
	buf_add(b, "\r\n");
}

void
answer_echo(struct text_buf *b, const sip_t *sip, const struct where *w, const char *tag)
{
	const sip_to_t	*to = sip->sip_to;

	if (sip->sip_via != NULL)
		echo_top_via(b, sip->sip_via, w);
	for (const sip_via_t *v = sip->sip_via == NULL ? NULL : sip->sip_via->v_next; v != NULL; v = v->v_next)
		buf_header(b, v->v_common);
	if (sip->sip_from != NULL)
		buf_header(b, sip->sip_from->a_common);
	if (to != NULL) {
		buf_header(b, to->a_common);
		if (to->a_tag == NULL && !b->overflow && b->n > 2) {
			b->n -= 2;	/* its CRLF */
			buf_add(b, ";tag=%s\r\n", tag);
		}
	}
	if (sip->sip_call_id != NULL)
		buf_header(b, sip->sip_call_id->i_common);
	if (sip->sip_cseq != NULL)
		buf_header(b, sip->sip_cseq->cs_common);
}

static void
challenge(struct text_buf *b, const struct register_answer *a, struct span nonce, const char *algorithm)
{
	if (nonce.n == 0)
		return;
	buf_add(b, "WWW-Authenticate: Digest realm=\"");
	buf_span(b, a->realm);
	buf_add(b, "\", nonce=\"");
	buf_span(b, nonce);
	buf_add(b, "\", qop=\"auth\", algorithm=%s%s\r\n", algorithm, a->stale ? ", stale=true" : "");
}

static void
contacts(struct text_buf *b, struct span list)
{
	struct register_contact	c;

	while (contact_next(&list, &c) == 1) {
		buf_add(b, "Contact: <");
		buf_span(b, c.uri);
		buf_add(b, ">;expires=%u", c.expires);
		if (c.q < 1000)
			buf_add(b, ";q=0.%03u", c.q);
		if (c.instance.n > 0) {
			buf_add(b, ";+sip.instance=\"");
			buf_span(b, c.instance);
			buf_add(b, "\"");
		}
		if (c.reg_id > 0)
			buf_add(b, ";reg-id=%u", c.reg_id);
		buf_add(b, "\r\n");
	}
}

/* RFC 3261 section 20.17: always GMT, always in English. */
static void
date(struct text_buf *b, int64_t now_s)
{
	static const char *const	days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const	months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm			tm;
	time_t				t = (time_t)now_s;

	if (gmtime_r(&t, &tm) != NULL)
		buf_add(b, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
		    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void
answer_register(struct text_buf *b, struct span echo, const struct register_answer *a, int64_t now_s)
{
	const char	*standard = sip_status_phrase((int)a->code);

	buf_add(b, "SIP/2.0 %u ", a->code);
	buf_span(b, a->reason.n > 0 ? a->reason : span_of(standard == NULL ? "Error" : standard));
	buf_add(b, "\r\n");
	buf_copy(b, echo);
	if (a->challenge) {
		challenge(b, a, a->nonce_sha256, "SHA-256");
		challenge(b, a, a->nonce_md5, "MD5");
	}
	contacts(b, a->contacts);
	if (a->min_expires > 0)
		buf_add(b, "Min-Expires: %u\r\n", a->min_expires);
	if (a->retry_after > 0)
		buf_add(b, "Retry-After: %u\r\n", a->retry_after);
	if (a->path.n > 0) {
		buf_add(b, "Path: ");
		buf_span(b, a->path);
		buf_add(b, "\r\n");
	}
	if (a->outbound)
		buf_add(b, "Require: outbound\r\n");
	if (a->code / 100 == 2) {
		buf_add(b, "Supported: path, outbound\r\n");
		date(b, now_s);
	}
	buf_add(b, "Content-Length: 0\r\n\r\n");
}

void
answer_plain(struct text_buf *b, struct span echo, int code, const char *reason, const char *extra)
{
	buf_add(b, "SIP/2.0 %d %s\r\n", code, reason);
	buf_copy(b, echo);
	buf_add(b, "%sContent-Length: 0\r\n\r\n", extra == NULL ? "" : extra);
}
