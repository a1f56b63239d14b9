#include "sipd/sip/dialog_text.h"

#include <string.h>

static void
line(struct text_buf *b, struct span s)
{
	buf_bytes(b, s.s, s.n);
	buf_add(b, "\n");
}

void
dialog_text_make(struct text_buf *b, const uint8_t key[TOKEN_KEY], const struct dialog_sides *d)
{
	const struct dialog_side	*sides[] = { &d->asker, &d->answerer };

	for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
		char	token[TOKEN_TEXT];

		token_make(key, &sides[i]->hop, d->call_id, token);
		buf_num(b, sides[i]->cseq);
		buf_add(b, "\n");
		line(b, span_of(token));
		line(b, sides[i]->uri);
		line(b, sides[i]->routes);
		line(b, sides[i]->self);
	}
}

static bool
next(struct span *left, struct span *out)
{
	const char	*end = left->n == 0 ? NULL : memchr(left->s, '\n', left->n);

	if (end == NULL)
		return false;
	*out = (struct span){ .s = left->s, .n = (size_t)(end - left->s) };
	left->s = end + 1;
	left->n -= out->n + 1;
	return true;
}

static bool
number(struct span s, uint32_t *out)
{
	uint64_t	v = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] < '0' || s.s[i] > '9' || (v = v * 10 + (uint64_t)(s.s[i] - '0')) > UINT32_MAX)
			return false;
	}
	*out = (uint32_t)v;
	return s.n > 0;
}

static bool
side(struct span *left, const uint8_t key[TOKEN_KEY], struct span call_id, struct dialog_side *s)
{
	struct span	cseq, token;
	char		text[TOKEN_TEXT];

	return next(left, &cseq) && number(cseq, &s->cseq) && next(left, &token) && span_get(token, text, sizeof text) &&
	    token_read(key, text, call_id, &s->hop) && next(left, &s->uri) && next(left, &s->routes) && next(left, &s->self) && s->uri.n > 0;
}

bool
dialog_text_read(struct span text, const uint8_t key[TOKEN_KEY], struct span call_id, struct dialog_sides *d)
{
	*d = (struct dialog_sides){ .call_id = call_id };
	if (!side(&text, key, call_id, &d->asker) || !side(&text, key, call_id, &d->answerer) || text.n > 0)
		return false;
	d->asker.other = d->answerer.self;
	d->answerer.other = d->asker.self;
	return true;
}
