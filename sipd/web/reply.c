#include "sipd/web/reply.h"

#include <ctype.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/web.h"
#include "sipd/web/wanted.h"

static const struct {
	unsigned	 code;
	const char	*reason;
} reasons[] = {
	{ 200, "OK" }, { 303, "See Other" }, { 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
	{ 405, "Method Not Allowed" }, { 408, "Request Timeout" }, { 409, "Conflict" }, { 410, "Gone" }, { 413, "Content Too Large" },
	{ 414, "URI Too Long" }, { 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" }, { 501, "Not Implemented" }, { 503, "Service Unavailable" }, { 505, "HTTP Version Not Supported" },
};

/* On every answer.  Addresses hold tokens: no page tells another site where it was found, and no cache keeps one. */
static const char	always[] =
	"Connection: close\r\n"
	"Cache-Control: no-store\r\n"
	"Strict-Transport-Security: max-age=31536000\r\n"
	"X-Content-Type-Options: nosniff\r\n"
	"X-Frame-Options: DENY\r\n"
	"X-Robots-Tag: noindex, nofollow\r\n"
	"Referrer-Policy: no-referrer\r\n";
static const char	no_page[] = "default-src 'none'; frame-ancestors 'none'";

static void
begin(struct evbuffer *out, unsigned code)
{
	const char	*reason = "Answer";
	char		 date[64];
	time_t		 now = time(NULL);
	struct tm	 tm;

	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].code == code)
			reason = reasons[i].reason;
	evbuffer_add_printf(out, "HTTP/1.1 %u %s\r\n", code, reason);
	if (gmtime_r(&now, &tm) != NULL && strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
		evbuffer_add_printf(out, "Date: %s\r\n", date);
	(void)evbuffer_add(out, always, sizeof always - 1);
}

static void
end(struct evbuffer *out, const struct wanted *r, const char *policy, const char *type, const char *body, size_t n)
{
	evbuffer_add_printf(out, "Content-Security-Policy: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", policy, type, n);
	if (!r->head)
		(void)evbuffer_add(out, body, n);
}

/* Printable, and no more than that. */
static bool
is_header_text(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.s[i] < ' ' || (unsigned char)s.s[i] >= 0x7f)
			return false;
	return true;
}

static void
add_quoted(struct evbuffer *out, const char *name, struct span value)
{
	evbuffer_add_printf(out, "%s=\"", name);
	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.s[i] >= ' ' && value.s[i] != '"' && value.s[i] != '\\' && value.s[i] != 0x7f)
			(void)evbuffer_add(out, &value.s[i], 1);
	(void)evbuffer_add(out, "\"", 1);
}

static void
add_challenge(struct evbuffer *out, const struct web_answer *a, struct span nonce, const char *algorithm)
{
	if (nonce.n == 0)
		return;
	add_quoted(out, "WWW-Authenticate: Digest realm", a->realm);
	add_quoted(out, ", nonce", nonce);
	evbuffer_add_printf(out, ", qop=\"auth\", algorithm=%s%s\r\n", algorithm, a->stale ? ", stale=true" : "");
}

static void
add_filename(struct evbuffer *out, struct span name)
{
	(void)evbuffer_add(out, "Content-Disposition: attachment; filename=\"", 43);
	for (size_t i = 0; i < name.n; i++)
		(void)evbuffer_add(out, isalnum((unsigned char)name.s[i]) || strchr("._-", name.s[i]) != NULL ? &name.s[i] : "_", 1);
	(void)evbuffer_add(out, "\"\r\n", 3);
}

/* The page, or for a program its name. */
static void
show_page(struct evbuffer *out, const struct wanted *r, const struct page *p, struct span name)
{
	char	data[64];

	if (!r->data) {
		end(out, r, p->policy, "text/html; charset=utf-8", p->html, p->n);
		return;
	}
	(void)snprintf(data, sizeof data, "{\"error\":\"%.*s\"}\n", name.n > 32 ? 32 : (int)name.n, name.s);
	end(out, r, no_page, "application/json", data, strlen(data));
}

void
reply_text(struct evbuffer *out, const struct wanted *r, const char *text)
{
	begin(out, 200);
	end(out, r, no_page, "text/plain; charset=utf-8", text, strlen(text));
}

void
reply_trouble(struct evbuffer *out, struct pages *pages, const struct wanted *r, const char *trouble, unsigned retry_after)
{
	const struct page	*page = pages_show(pages, span_of(trouble), 0, (struct span){ .s = NULL });

	begin(out, page->code);
	if (page->code == 405)
		evbuffer_add_printf(out, "Allow: %s\r\n", r->allow);
	if (retry_after > 0)
		evbuffer_add_printf(out, "Retry-After: %u\r\n", retry_after);
	show_page(out, r, page, span_of(trouble));
}

void
reply_answer(struct evbuffer *out, struct pages *pages, const struct wanted *r, const struct web_answer *a)
{
	const struct page	*page = NULL;
	char			 type[128];

	if (!is_header_text(a->location) || !is_header_text(a->type)) {
		log_error("the keeper's answer holds what no header may hold");
		reply_trouble(out, pages, r, "later", 0);
		return;
	}
	if (a->page.n > 0)
		page = pages_show(pages, a->page, a->code, a->vars);
	begin(out, page != NULL ? page->code : a->code);
	if (a->location.n > 0)
		evbuffer_add_printf(out, "Location: %.*s\r\n", (int)a->location.n, a->location.s);
	if (a->retry_after > 0)
		evbuffer_add_printf(out, "Retry-After: %u\r\n", a->retry_after);
	if (a->challenge) {
		add_challenge(out, a, a->nonce_sha256, "SHA-256");
		add_challenge(out, a, a->nonce_md5, "MD5");
	}
	if (page != NULL) {
		show_page(out, r, page, a->page);
		return;
	}
	if (a->filename.n > 0)
		add_filename(out, a->filename);
	end(out, r, no_page, a->type.n > 0 && span_get(a->type, type, sizeof type) ? type : "text/plain; charset=utf-8", a->body.s, a->body.n);
}
