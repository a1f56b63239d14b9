/* links: web net sipd */
/*
 * What can be decided without a connection: templates and what is wrong with them, pages and their escapes, paths, URLs, heads of requests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/http.h"
#include "core/template.h"
#include "core/url.h"
#include "core/web.h"
#include "sipd/web/pages.h"
#include "sipd/web/wanted.h"

#define N(a)	(sizeof (a) / sizeof (a)[0])
#define STYLE_SUM	"lvwHEWokTLB47L+W9z1Moz5K3jL4hS4KupqOd50sTOo="

static const struct template_page	one_page[] = { { "page", "name other", false } };

static void
templates_show(void **st)
{
	static const struct { const char *text, *shown; } rows[] = {
		{ "a {{name}} b", "a &lt;b&gt; &amp; &quot;x&quot; &#39;y&#39; b" },
		{ "{{ name }}", "&lt;b&gt; &amp; &quot;x&quot; &#39;y&#39;" },
		{ "{{other}}.", "." },
		{ "{{#name}}yes{{/name}}{{^name}}no{{/name}}", "yes" },
		{ "{{#other}}yes {{name}}{{/other}}{{^other}}no{{/other}}!", "no!" },
		{ "{{#other}}{{#name}}a{{/name}}{{^name}}b{{/name}}{{/other}}c", "c" },
		{ "{{^other}}{{^name}}a{{/name}}b{{#name}}c{{/name}}{{/other}}", "bc" },
		{ "<{{>part}}>", "<[&lt;b&gt; &amp; &quot;x&quot; &#39;y&#39;]>" },
		{ "{{#other}}{{>part}}{{/other}}", "" },
		{ "}} { {a} }}", "}} { {a} }}" },
	};
	const struct template_var	vars[] = { { span_of("name"), span_of("<b> & \"x\" 'y'") }, { span_of("other"), span_of("") } };
	char				text[512], why[256], out[256];
	long				n;

	(void)st;
	for (size_t i = 0; i < N(rows); i++) {
		struct templates	*t;

		(void)snprintf(text, sizeof text, "\fpage\n%s\fpart\n[{{name}}]", rows[i].text);
		t = templates_new(text, "web", one_page, 1, why, sizeof why);
		if (t == NULL)
			fail_msg("%s: %s", rows[i].text, why);
		n = templates_render(t, span_of("page"), vars, N(vars), out, sizeof out - 1);
		assert_true(n >= 0);
		out[n] = '\0';
		assert_string_equal(out, rows[i].shown);
		assert_int_equal(templates_render(t, span_of("none"), vars, N(vars), out, sizeof out), ERR_NOT_FOUND);
		if (n > 0)
			assert_int_equal(templates_render(t, span_of("page"), vars, N(vars), out, (size_t)n - 1), ERR_TOO_LARGE);
		templates_free(t);
	}
}

static void
broken_templates_are_named(void **st)
{
	static const struct { const char *text, *why; } rows[] = {
		{ "\fpage\na\nb {{name", "web/page.html:2: {{ without a name and }}; write {{name}}" },
		{ "\fpage\n{{}}", "web/page.html:1: {{ without a name and }}; write {{name}}" },
		{ "\fpage\n{{na me}}", "web/page.html:1: {{ without a name and }}; write {{name}}" },
		{ "\fpage\n\n\n{{nmae}}", "web/page.html:3: page page shows name other, but not \"nmae\"" },
		{ "\fpage\n{{#name}}a", "web/page.html:1: at the end of the file still open: \"name\"" },
		{ "\fpage\na{{/name}}", "web/page.html:1: ends what does not stand open: \"name\"" },
		{ "\fpage\n{{#name}}\n{{#other}}{{/name}}{{/other}}", "web/page.html:2: ends what does not stand open: \"name\"" },
		{ "\fpage\n{{>part}}", "web/page.html:1: there is no template \"part\"" },
		{ "\fpage\n{{>part}}\fpart\nx\n{{nmae}}", "web/part.html:2: page page shows name other, but not \"nmae\"" },
		{ "\fpage\n{{>page}}", "web/page.html:1: templates include each other too deep, here \"page\"" },
		{ "\fother\nx", "web/page.html: is missing" },
		{ "", "web/page.html: is missing" },
	};
	char	why[256];

	(void)st;
	for (size_t i = 0; i < N(rows); i++) {
		assert_null(templates_new(rows[i].text, "web", one_page, 1, why, sizeof why));
		assert_string_equal(why, rows[i].why);
	}
}

static struct pages *
pages_of(const char *install, const char *error)
{
	char			text[1024], why[256];
	struct config		c;
	struct pages		*p = pages_new();
	struct templates	*t;

	(void)snprintf(text, sizeof text, "\finstall\n%s\factivate\na\factivated\nb\ferror\n%s", install, error);
	t = templates_new(text, "web", web_pages, n_web_pages, why, sizeof why);
	if (t == NULL)
		fail_msg("%s", why);
	pages_set(p, t);
	assert_int_equal(config_parse(&c, "f", "domain = \"a.test\"\nhttp { colour = \"#ffee00\" text = \"<call>\" }\n", why, sizeof why), 0);
	pages_configure(p, &c);
	return p;
}

static struct span
vars_of(uint8_t *list, size_t size, const char *name, const char *value)
{
	int	n = web_var_append(list, 0, size, &(struct web_var){ span_of(name), span_of(value) });

	assert_true(n > 0);
	return (struct span){ .s = (const char *)list, .n = (size_t)n };
}

static void
shows(const struct page *p, unsigned code, const char *html)
{
	assert_int_equal(p->code, code);
	assert_int_equal(p->n, strlen(html));
	assert_memory_equal(p->html, html, p->n);
}

static void
pages_bear_the_brand(void **st)
{
	struct pages	*p = pages_of("<style>b{color:{{colour}}}</style>{{brand}} {{ink}} {{text}} {{owner}}", "{{code}} {{title}}: {{advice}}");
	const struct page *page;
	uint8_t		 list[512];

	(void)st;
	page = pages_show(p, span_of("install"), 200, vars_of(list, sizeof list, "owner", "<script>\xff\x1b\xe2\x80\xae"));
	shows(page, 200, "<style>b{color:#ffee00}</style>a.test #000000 &lt;call&gt; &lt;script&gt;\xc2\xb7\xc2\xb7\xc2\xb7");
	/* STYLE_SUM: printf 'b{color:#ffee00}' | openssl dgst -sha256 -binary | base64 */
	assert_non_null(strstr(page->policy, "default-src 'none'; style-src 'sha256-" STYLE_SUM "'; form-action 'self' https: http:;"));
	shows(pages_show(p, span_of("expired"), 0, (struct span){ .s = NULL }), 410,
	    "410 This link has expired: Links work for a short time only. Ask for a new text message, and open its link soon.");
	shows(pages_show(p, span_of("used"), 403, vars_of(list, sizeof list, "advice", "Ask Bob.")), 403, "403 This link has been used: Ask Bob.");
	shows(pages_show(p, span_of("error"), 200, vars_of(list, sizeof list, "title", "Thank you")), 200, " Thank you: ");
	shows(pages_show(p, span_of("thanks"), 200, (struct span){ .s = NULL }), 200,
	    " Thank you: You get another text message now. Open the link in it.");
	page = pages_show(p, span_of("nonsense"), 200, (struct span){ .s = NULL });
	assert_int_equal(page->code, 503);
	assert_non_null(strstr(page->policy, "style-src 'none'; form-action 'self';"));
	page = pages_show(p, span_of("later"), 0, (struct span){ .s = "\xff\xff\xff", .n = 3 });	/* a list that is none */
	assert_int_equal(page->code, 503);
	pages_free(p);
}

/* What went wrong may have a page of its own, in another language for one; it is checked as all are. */
static void
troubles_may_have_pages(void **st)
{
	struct pages		*p = pages_of("a", "error {{code}}\fexpired\nScaduto ({{code}}), {{brand}}\fthanks\nGrazie{{code}}");
	char			 why[256];

	(void)st;
	shows(pages_show(p, span_of("expired"), 0, (struct span){ .s = NULL }), 410, "Scaduto (410), a.test");
	shows(pages_show(p, span_of("thanks"), 200, (struct span){ .s = NULL }), 200, "Grazie");
	shows(pages_show(p, span_of("used"), 0, (struct span){ .s = NULL }), 410, "error 410");
	pages_free(p);
	for (size_t i = 0; i < n_web_pages; i++)
		assert_true(!web_pages[i].optional || web_trouble_find(span_of(web_pages[i].name)) != NULL);
	assert_null(templates_new("\finstall\na\factivate\na\factivated\na\ferror\na\fused\n\n{{owner}}", "web", web_pages, n_web_pages, why,
	    sizeof why));
	assert_non_null(strstr(why, "web/used.html:2: page used shows brand colour ink text code title advice, but not \"owner\""));
}

static void
ink_can_be_read(void **st)
{
	static const struct { const char *colour, *ink; } rows[] = {
		{ "#000000", "#ffffff" }, { "#ffffff", "#000000" }, { "#1a5fb4", "#ffffff" }, { "#777777", "#000000" }, { "#6f6f6f", "#ffffff" },
		{ "#ff0000", "#000000" }, { "#00ff00", "#000000" }, { "#0000FF", "#ffffff" }, { "#0b6e4f", "#ffffff" },
	};
	struct pages	*p = pages_of("{{ink}}", "e");
	struct config	 c;
	char		 text[64], why[256];

	(void)st;
	for (size_t i = 0; i < N(rows); i++) {
		(void)snprintf(text, sizeof text, "http { colour = \"%s\" }\n", rows[i].colour);
		assert_int_equal(config_parse(&c, "f", text, why, sizeof why), 0);
		pages_configure(p, &c);
		shows(pages_show(p, span_of("install"), 0, (struct span){ .s = NULL }), 200, rows[i].ink);
	}
	pages_free(p);
}

static void
paths_lead_somewhere(void **st)
{
	static const struct { const char *path; int what; const char *token; } rows[] = {
		{ "/i/abc", WEB_INSTALL, "abc" }, { "/c/A-b_9", WEB_CONFIGURATION, "A-b_9" }, { "/a/x", WEB_ACTIVATE, "x" },
		{ "/licence", WEB_LICENCE, "" }, { "/licence/", -1, NULL }, { "/licences", -1, NULL }, { "/i/", -1, NULL }, { "/i", -1, NULL },
		{ "/i/a.b", -1, NULL }, { "/i/a/b", -1, NULL }, { "/i/%61", -1, NULL }, { "//i/a", -1, NULL }, { "i/a", -1, NULL }, { "", -1, NULL },
		{ "/x/abc", -1, NULL }, { "/i/\xc3\xa9", -1, NULL },
	};
	char		path[128] = "/i/";
	struct span	token;

	(void)st;
	for (size_t i = 0; i < N(rows); i++) {
		const struct web_path	*p = web_path_find(span_of(rows[i].path), &token);

		assert_int_equal(p == NULL ? -1 : (int)p->what, rows[i].what);
		if (p != NULL)
			assert_true(span_is(token, rows[i].token));
	}
	memset(path + 3, 'a', WEB_TOKEN_MAX);
	assert_non_null(web_path_find(span_of(path), &token));
	path[3 + WEB_TOKEN_MAX] = 'a';
	assert_null(web_path_find(span_of(path), &token));
}

static void
requests_are_read(void **st)
{
	static const struct { const char *text; long length; } rows[] = {
		{ "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27 }, { "GET / HTTP/1.0\r\n\r\n", 18 }, { "GET / HTTP/1.1\r\nHost: x\r\n\r\nmore", 27 },
		{ "", 0 }, { "G", 0 }, { "GET / HTTP/1.1\r\nHost: x\r\n", 0 }, { "GET / HTTP/1.1\r\nHost: x\r\n\r", 0 },
		{ "\x16\x03\x01", -400 }, { "get / HTTP/1.1\r\n\r\n", -400 }, { "GET / HTTP/1.1\n\n", -400 }, { "GET /\r\n\r\n", -400 },
		{ "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", -400 }, { "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", -400 },
		{ "GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", -400 }, { "GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n", -400 },
		{ "G{T / HTTP/1.1\r\nHost: x\r\n\r\n", -400 }, { "GET / HTTP/2.0\r\n\r\n", -505 }, { "GET / HTTP/1.1x\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\n\r\n", -400 }, { "GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: x\r\nX\r\n\r\n", -400 }, { "GET / HTTP/1.1\r\nHost: x\r\n Y: z\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n", -400 }, { "GET / HTTP/1.1\r\nHost: x\r\nX : a\r\n\r\n", -400 },
		{ "GET / HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n", -400 },
	};
	struct http_head	h;
	char			text[HTTP_HEAD_MAX + 64];

	(void)st;
	for (size_t i = 0; i < N(rows); i++)
		if (http_request_parse(&h, rows[i].text, strlen(rows[i].text)) != rows[i].length)
			fail_msg("%s: %ld", rows[i].text, http_request_parse(&h, rows[i].text, strlen(rows[i].text)));
	assert_int_equal(http_request_parse(&h, "GET / HTTP/1.1\r\nA: \0b\r\nHost: x\r\n\r\n", 35), -400);
	assert_int_equal(http_request_parse(&h, "POST /x?y HTTP/1.1\r\nHost:  a\t\r\nX:\r\n\r\n", 37), 37);
	assert_true(span_is(h.method, "POST") && span_is(h.target, "/x?y") && h.n_fields == 2);
	assert_true(span_is(http_field(&h, "HOST"), "a"));
	assert_true(http_field(&h, "x").s != NULL && http_field(&h, "x").n == 0);
	assert_null(http_field(&h, "y").s);
	memset(text, 'A', sizeof text);
	assert_int_equal(http_request_parse(&h, text, HTTP_LINE_MAX), 0);
	assert_int_equal(http_request_parse(&h, text, HTTP_LINE_MAX + 1), -414);
	memcpy(text, "GET / HTTP/1.1\r\nX: ", 19);
	assert_int_equal(http_request_parse(&h, text, HTTP_HEAD_MAX - 1), 0);
	assert_int_equal(http_request_parse(&h, text, HTTP_HEAD_MAX), -431);
}

static long
length_of(const char *fields)
{
	struct http_head	h;
	char			text[512];

	(void)snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: x\r\n%s\r\n", fields);
	assert_true(http_request_parse(&h, text, strlen(text)) > 0);
	return http_body_length(&h, 100);
}

static void
bodies_have_one_length(void **st)
{
	(void)st;
	assert_int_equal(length_of(""), 0);
	assert_int_equal(length_of("Content-Length: 100\r\n"), 100);
	assert_int_equal(length_of("Content-Length: 101\r\n"), -413);
	assert_int_equal(length_of("Content-Length: 99999999999999999999999999999\r\n"), -413);
	assert_int_equal(length_of("Content-Length: 1\r\ncontent-length: 1\r\n"), -400);
	assert_int_equal(length_of("Content-Length: 1, 1\r\n"), -400);
	assert_int_equal(length_of("Content-Length: +1\r\n"), -400);
	assert_int_equal(length_of("Content-Length:\r\n"), -400);
	assert_int_equal(length_of("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), -501);
}

static void
take(struct wanted *w, const char *text, const char *body)
{
	struct http_head	h;

	assert_true(http_request_parse(&h, text, strlen(text)) == (long)strlen(text));
	wanted_take(w, &h, span_of(body));
}

static void
requests_are_understood(void **st)
{
	struct wanted	w;

	(void)st;
	take(&w, "GET /i/abc?utm=1 HTTP/1.1\r\nHost: x\r\nUser-Agent: Phone\r\n\r\n", "");
	assert_null(w.trouble);
	assert_true(w.ask.what == WEB_INSTALL && !w.ask.post && !w.ask.head && span_is(w.ask.token, "abc") && span_is(w.ask.agent, "Phone"));
	take(&w, "HEAD https://whoever/a/abc HTTP/1.1\r\nHost: x\r\n\r\n", "");
	assert_true(w.trouble == NULL && w.ask.what == WEB_ACTIVATE && w.ask.head && w.head && !w.ask.post);
	take(&w, "POST /a/abc HTTP/1.1\r\nHost: x\r\n\r\n", "");
	assert_true(w.trouble == NULL && w.ask.post);
	take(&w, "DELETE /a/abc HTTP/1.1\r\nHost: x\r\n\r\n", "");
	assert_string_equal(w.trouble, "method");
	take(&w, "GET /licence HTTP/1.1\r\nHost: x\r\n\r\n", "");
	assert_string_equal(w.trouble, "method");
	assert_string_equal(w.allow, "POST");
	take(&w, "POST /licence HTTP/1.1\r\nHost: x\r\nAuthorization: Digest username=\"a, b\", realm=\"r\",nonce=n , uri=\"/licence\", "
	    "response=\"00\", algorithm=SHA-256, cnonce=\"\", nc=00000001, qop=auth, userhash=true\r\n\r\n", "a=b&key=A%2Bb+c&x");
	assert_true(w.trouble == NULL && w.ask.from.authorized && w.ask.from.userhash);
	assert_true(span_is(w.ask.from.username, "a, b") && span_is(w.ask.from.realm, "r") && span_is(w.ask.from.nonce, "n"));
	assert_true(span_is(w.ask.from.uri, "/licence") && span_is(w.ask.from.nc, "00000001") && span_is(w.ask.from.qop, "auth"));
	assert_true(span_is(w.ask.key, "A+b c"));
	take(&w, "POST /licence HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YTpi\r\n\r\n", "monkey=1");
	assert_true(w.trouble == NULL && !w.ask.from.authorized && w.ask.key.n == 0);
	take(&w, "POST /licence HTTP/1.1\r\nHost: x\r\nAuthorization: Digest username=\"a\r\n\r\n", "key=%");
	assert_true(w.ask.from.authorized && w.ask.from.username.n == 0 && span_is(w.ask.key, "%"));
	take(&w, "GET /alive HTTP/1.1\r\nHost: x\r\n\r\n", "");
	assert_string_equal(w.text, "alive\n");
}

static void
urls_are_taken_apart(void **st)
{
	static const struct { const char *text, *host; unsigned port; const char *user, *path; } good[] = {
		{ "http://a.test", "a.test", 80, "", "/" }, { "HTTPS://a.test:8443/x?y=z#w", "a.test", 8443, "", "/x?y=z" },
		{ "http://[2001:db8::1]:81?a", "2001:db8::1", 81, "", "/?a" }, { "http://u:p%40@1.2.3.4/@", "1.2.3.4", 80, "u:p@", "/@" },
	};
	static const char *const	bad[] = {
		"", "a.test", "file:///etc/passwd", "http://", "http:///x", "http://a.test:0/", "http://a.test:65536/", "http://a.test:8x/", "http://a b/",
		"http://a.test/\n", "http://a:b:c/", "http://%00@a/", "http://[::1/", "http://a_\x7f/", "https://a.test\\@b/",
	};
	struct url			u;
	char				why[256];

	(void)st;
	for (size_t i = 0; i < N(good); i++) {
		assert_int_equal(url_parse(&u, good[i].text, why, sizeof why), 0);
		assert_string_equal(u.host, good[i].host);
		assert_int_equal(u.port, good[i].port);
		assert_string_equal(u.user, good[i].user);
		assert_string_equal(u.path, good[i].path);
	}
	for (size_t i = 0; i < N(bad); i++)
		if (url_parse(&u, bad[i], why, sizeof why) == 0)
			fail_msg("%s is taken", bad[i]);
}

static void
chunks_come_off(void **st)
{
	char	out[16];
	bool	end;

	(void)st;
	assert_int_equal(http_unchunk("3\r\nabc\r\n0\r\n\r\n", 13, out, sizeof out, &end), 3);
	assert_true(end && memcmp(out, "abc", 3) == 0);
	assert_int_equal(http_unchunk("3\r\nab", 5, out, sizeof out, &end), 2);
	assert_false(end);
	assert_int_equal(http_unchunk("ffffffffff\r\nab", 14, out, sizeof out, &end), 0);
	assert_true(end);
	assert_int_equal(http_unchunk("14\r\n0123456789012345678901\r\n", 26, out, sizeof out, &end), 16);
	assert_int_equal(http_unchunk("x\r\nab", 5, out, sizeof out, &end), 0);
	assert_true(end);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(templates_show),
		cmocka_unit_test(broken_templates_are_named),
		cmocka_unit_test(pages_bear_the_brand),
		cmocka_unit_test(troubles_may_have_pages),
		cmocka_unit_test(ink_can_be_read),
		cmocka_unit_test(paths_lead_somewhere),
		cmocka_unit_test(requests_are_read),
		cmocka_unit_test(bodies_have_one_length),
		cmocka_unit_test(requests_are_understood),
		cmocka_unit_test(urls_are_taken_apart),
		cmocka_unit_test(chunks_come_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
