#include "sipd/sip/answer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Whether the topmost Via names another address than the packet's: then received= is needed (RFC 3261 section 18.2.1). */
static bool
host_differs(const char *host, const struct addr *source)
{
	struct addr	named;

	return addr_parse(&named, host) != 0 || !addr_same_ip(&named, source);
}

static bool
is_param(const char *param, const char *name)
{
	size_t	n = strlen(name);

	return strncasecmp(param, name, n) == 0 && (param[n] == '=' || param[n] == '\0');
}

bool
answer_wants_rport(const sip_via_t *v)
{
	for (size_t i = 0; v->v_params != NULL && v->v_params[i] != NULL; i++)
		if (is_param(v->v_params[i], "rport"))
			return true;
	return false;
}

static void
echo_top_via(struct text_buf *b, const sip_via_t *v, const struct where *w)
{
	bool	rport = answer_wants_rport(v);

	buf_add(b, "Via: ");
	buf_add(b, v->v_protocol);
	buf_add(b, " ");
	buf_add(b, v->v_host);
	if (v->v_port != NULL) {
		buf_add(b, ":");
		buf_add(b, v->v_port);
	}
	for (size_t i = 0; v->v_params != NULL && v->v_params[i] != NULL; i++) {
		if (is_param(v->v_params[i], "received") || is_param(v->v_params[i], "rport"))
			continue;
		buf_add(b, ";");
		buf_span(b, span_of(v->v_params[i]));
	}
	if (rport || host_differs(v->v_host, &w->source)) {
		buf_add(b, ";received=");
		buf_ip(b, &w->source);
	}
	if (rport) {
		buf_add(b, ";rport=");
		buf_num(b, w->source.port);
	}
	buf_add(b, "\r\n");
}

const sip_header_t *
answer_bad_via(const sip_t *sip)
{
	for (const sip_header_t *h = (const sip_header_t *)sip->sip_error; h != NULL; h = h->sh_next)
		if (h->sh_class == sip_error_class && h->sh_error->er_name != NULL && strcasecmp(h->sh_error->er_name, "Via") == 0 &&
		    h->sh_data != NULL)
			return h;
	return NULL;
}

void
answer_vias(struct text_buf *b, const sip_t *sip, const struct where *w)
{
	if (sip->sip_via == NULL)
		return;
	echo_top_via(b, sip->sip_via, w);
	for (const sip_via_t *v = sip->sip_via->v_next; v != NULL; v = v->v_next)
		buf_line(b, (const msg_header_t *)v);	/* anew: one line of the request may hold many */
}

void
answer_echo(struct text_buf *b, const sip_t *sip, const struct where *w, const char *tag)
{
	const sip_header_t	*bad_via = sip->sip_via == NULL ? answer_bad_via(sip) : NULL;

	answer_vias(b, sip, w);
	if (bad_via != NULL) {
		buf_header(b, "Via:", bad_via->sh_common);
		buf_add(b, "\r\n");
	}
	if (sip->sip_from != NULL) {
		buf_header(b, "From:", sip->sip_from->a_common);
		buf_add(b, "\r\n");
	}
	if (sip->sip_to != NULL) {
		buf_header(b, "To:", sip->sip_to->a_common);
		if (sip->sip_to->a_tag == NULL) {
			buf_add(b, ";tag=");
			buf_add(b, tag);
		}
		buf_add(b, "\r\n");
	}
	if (sip->sip_call_id != NULL) {
		buf_header(b, "Call-ID:", sip->sip_call_id->i_common);
		buf_add(b, "\r\n");
	}
	if (sip->sip_cseq != NULL) {
		buf_header(b, "CSeq:", sip->sip_cseq->cs_common);
		buf_add(b, "\r\n");
	}
}

/* 407 is a proxy's challenge (RFC 3261 section 22.3). */
static void
challenge(struct text_buf *b, const struct register_answer *a, struct span nonce, const char *algorithm)
{
	if (nonce.n == 0)
		return;
	buf_add(b, a->code == 407 ? "Proxy-Authenticate" : "WWW-Authenticate");
	buf_add(b, ": Digest realm=\"");
	buf_span(b, a->realm);
	buf_add(b, "\", nonce=\"");
	buf_span(b, nonce);
	buf_add(b, "\", qop=\"auth\", algorithm=");
	buf_add(b, algorithm);
	buf_add(b, a->stale ? ", stale=true\r\n" : "\r\n");
}

/* q in thousandths, as 0.123. */
static void
quality(struct text_buf *b, uint32_t q)
{
	const char	digits[] = { (char)('0' + q / 100 % 10), (char)('0' + q / 10 % 10), (char)('0' + q % 10) };

	buf_add(b, ";q=0.");
	buf_bytes(b, digits, sizeof digits);
}

static void
contacts(struct text_buf *b, struct span list)
{
	struct register_contact	c;

	while (contact_next(&list, &c) == 1) {
		buf_add(b, "Contact: <");
		buf_span(b, c.uri);
		buf_add(b, ">;expires=");
		buf_num(b, c.expires);
		if (c.q < 1000)
			quality(b, c.q);
		if (c.instance.n > 0) {
			buf_add(b, ";+sip.instance=\"");
			buf_span(b, c.instance);
			buf_add(b, "\"");
		}
		if (c.reg_id > 0) {
			buf_add(b, ";reg-id=");
			buf_num(b, c.reg_id);
		}
		buf_add(b, "\r\n");
	}
}

/* RFC 3261 section 20.17: always GMT, always in English. */
void
answer_date(char line[ANSWER_DATE], int64_t now_s)
{
	static const char *const	days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const	months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm			tm;
	time_t				t = (time_t)now_s;

	line[0] = '\0';
	if (gmtime_r(&t, &tm) != NULL)
		(void)snprintf(line, ANSWER_DATE, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday], tm.tm_mday,
		    months[tm.tm_mon], (tm.tm_year + 1900) % 10000, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
status_line(struct text_buf *b, uint32_t code, struct span reason)
{
	buf_add(b, "SIP/2.0 ");
	buf_num(b, code);
	buf_add(b, " ");
	buf_span(b, reason);
	buf_add(b, "\r\n");
}

static void
number_line(struct text_buf *b, const char *name, uint32_t v)
{
	if (v == 0)
		return;
	buf_add(b, name);
	buf_num(b, v);
	buf_add(b, "\r\n");
}

/* What all answers of the keeper begin with. */
static void
answer_head(struct text_buf *b, struct span echo, const struct register_answer *a)
{
	const char	*standard = sip_status_phrase((int)a->code);

	status_line(b, a->code, a->reason.n > 0 ? a->reason : span_of(standard == NULL ? "Error" : standard));
	buf_bytes(b, echo.s, echo.n);
	if (a->challenge) {
		challenge(b, a, a->nonce_sha256, "SHA-256");
		challenge(b, a, a->nonce_md5, "MD5");
	}
}

void
answer_message(struct text_buf *b, struct span echo, const struct register_answer *a)
{
	answer_head(b, echo, a);
	number_line(b, "Retry-After: ", a->retry_after);
	buf_add(b, "Content-Length: 0\r\n\r\n");
}

void
answer_register(struct text_buf *b, struct span echo, const struct register_answer *a, const char *date)
{
	answer_head(b, echo, a);
	contacts(b, a->contacts);
	number_line(b, "Min-Expires: ", a->min_expires);
	number_line(b, "Retry-After: ", a->retry_after);
	if (a->path.n > 0) {
		buf_add(b, "Path: ");
		buf_span(b, a->path);
		buf_add(b, "\r\n");
	}
	if (a->outbound)
		buf_add(b, "Require: outbound\r\n");
	if (a->code / 100 == 2) {
		buf_add(b, "Supported: path, outbound\r\n");
		buf_add(b, date);
	}
	buf_add(b, "Content-Length: 0\r\n\r\n");
}

void
answer_plain(struct text_buf *b, struct span echo, int code, const char *reason, const char *extra)
{
	status_line(b, (uint32_t)code, span_of(reason));
	buf_bytes(b, echo.s, echo.n);
	if (extra != NULL)
		buf_add(b, extra);
	buf_add(b, "Content-Length: 0\r\n\r\n");
}
