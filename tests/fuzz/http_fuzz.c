/* links: */
/*
 * The head of a request, whole and cut: what is taken whole is waited for while it is not, and what it lends lies inside.  The rest of
 * core/http.c, core/url.c and core/web.c sees the same bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/http.h"
#include "core/url.h"
#include "core/web.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
inside(struct span s, const char *in, size_t n)
{
	if (s.n > 0 && (s.s < in || s.s + s.n > in + n))
		abort();
}

static void
look_at(const struct http_head *h, const char *in, size_t n)
{
	struct span	token;

	inside(h->method, in, n);
	inside(h->target, in, n);
	for (size_t i = 0; i < h->n_fields; i++) {
		inside(h->fields[i].name, in, n);
		inside(h->fields[i].value, in, n);
		if (memchr(h->fields[i].value.s, '\n', h->fields[i].value.n) != NULL)
			abort();
	}
	if (web_path_find(h->target, &token) != NULL)
		inside(token, in, n);
	if (http_body_length(h, 100) > 100)
		abort();
	inside(http_digest_param(http_field(h, "authorization"), "username"), in, n);
	(void)http_field_has(h, "connection", "close");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char			*in = malloc(n + 1), out[64], why[128];
	struct http_head	 h, part;
	struct url		 url;
	long			 length;
	bool			 end;

	if (in == NULL)
		return 0;
	memcpy(in, bytes, n);
	in[n] = '\0';
	if ((length = http_request_parse(&h, in, n)) > 0) {
		look_at(&h, in, n);
		if (length > (long)n || (length > 1 && http_request_parse(&part, in, (size_t)length - 1) != 0))
			abort();
	}
	if ((length = http_answer_parse(&h, in, n)) > (long)n)
		abort();
	(void)http_unchunk(in, n, out, sizeof out, &end);
	(void)http_digest_param((struct span){ .s = in, .n = n }, "nonce");
	(void)url_parse(&url, in, why, sizeof why);
	free(in);
	return 0;
}
