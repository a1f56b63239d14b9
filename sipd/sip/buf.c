#include "sipd/sip/buf.h"

#include <string.h>

void
buf_bytes(struct text_buf *b, const char *s, size_t n)
{
	if (b->overflow || n > b->size - b->n) {
		b->overflow = true;
		return;
	}
	if (n > 0)
		memcpy(b->s + b->n, s, n);
	b->n += n;
}

void
buf_add(struct text_buf *b, const char *s)
{
	buf_bytes(b, s, strlen(s));
}

void
buf_num(struct text_buf *b, uint32_t v)
{
	char	digits[10];
	size_t	n = sizeof digits;

	do {
		digits[--n] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	buf_bytes(b, digits + n, sizeof digits - n);
}

void
buf_hex(struct text_buf *b, const uint8_t *bytes, size_t n)
{
	static const char	digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		const char	two[] = { digits[bytes[i] >> 4], digits[bytes[i] & 15] };

		buf_bytes(b, two, sizeof two);
	}
}

void
buf_span(struct text_buf *b, struct span s)
{
	char	*p = b->s + b->n;

	buf_bytes(b, s.s, s.n);
	if (b->overflow || (memchr(p, '\n', s.n) == NULL && memchr(p, '\r', s.n) == NULL && memchr(p, '\0', s.n) == NULL))
		return;
	for (; p < b->s + b->n; p++)
		if (*p == '\r' || *p == '\n' || *p == '\0')
			*p = ' ';
}

/* libsofia put n bytes behind the text; negative, or as many as there was room for: it did not fit. */
static void
written(struct text_buf *b, issize_t n)
{
	if (n < 0 || (size_t)n >= b->size - b->n)
		b->overflow = true;
	else
		b->n += (size_t)n;
}

void
buf_line(struct text_buf *b, const msg_header_t *h)
{
	if (!b->overflow)
		written(b, msg_header_e(b->s + b->n, (isize_t)(b->size - b->n), h, 0));
}

void
buf_url(struct text_buf *b, const url_t *u)
{
	if (!b->overflow)
		written(b, url_e(b->s + b->n, (isize_t)(b->size - b->n), u));
}

void
buf_value(struct text_buf *b, const msg_header_t *h)
{
	if (!b->overflow)
		written(b, msg_header_field_e(b->s + b->n, (isize_t)(b->size - b->n), h, 0));
}

void
buf_header(struct text_buf *b, const char *name, const msg_common_t *h)
{
	const char	*line = h->h_data, *colon = line == NULL ? NULL : memchr(line, ':', h->h_len);
	size_t		 n;

	buf_add(b, name);
	if (colon != NULL) {
		n = h->h_len - (size_t)(colon + 1 - line);
		while (n > 0 && strchr("\r\n \t", colon[n]) != NULL)
			n--;
		buf_span(b, (struct span){ .s = colon + 1, .n = n });
		return;
	}
	buf_add(b, " ");
	buf_value(b, (const msg_header_t *)h);
}

/* inet_ntop() goes through printf(): this is in every answer. */
void
buf_ip(struct text_buf *b, const struct addr *a)
{
	char	text[ADDR_TEXT];

	if (a->family != ADDR_IP4) {
		buf_add(b, addr_ip_text(a, text));
		return;
	}
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			buf_add(b, ".");
		buf_num(b, a->ip[i]);
	}
}
