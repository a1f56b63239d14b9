#include "sipd/keeper/gateway.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/text.h"

enum { WORDS = 512, REFUSED_FROM = 4 };

static const char	number_mark[] = "{number}", text_mark[] = "{text}";

/* RFC 3986 section 2.3: all others are encoded, so that no value can end its place. */
static size_t
encode(const char *s, char *out, size_t size)
{
	static const char	hex[] = "0123456789ABCDEF";
	size_t			n = 0;

	for (; *s != '\0' && n + 3 < size; s++) {
		unsigned char	c = (unsigned char)*s;

		if (c < 0x80 && (isalnum(c) || strchr("-._~", c) != NULL)) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '%';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	out[n] = '\0';
	return *s == '\0' ? n : size;
}

int
gateway_url(const char *pattern, const char *number, const char *text, char *url, size_t size)
{
	size_t	n = 0;

	while (*pattern != '\0' && n + 1 < size) {
		bool	is_number = strncmp(pattern, number_mark, sizeof number_mark - 1) == 0;
		bool	is_text = strncmp(pattern, text_mark, sizeof text_mark - 1) == 0;

		if (is_number || is_text) {
			n += encode(is_number ? number : text, url + n, size - n);
			pattern += is_number ? sizeof number_mark - 1 : sizeof text_mark - 1;
		} else {
			url[n++] = *pattern++;
		}
	}
	if (n >= size || *pattern != '\0')
		return ERR_TOO_LARGE;
	url[n] = '\0';
	return 0;
}

/* Tags and line ends become blanks, and several blanks one. */
static void
flatten(struct span in, char *out, size_t size)
{
	bool	tag = false;
	size_t	n = 0;

	for (size_t i = 0; i < in.n && n + 1 < size; i++) {
		char	c = in.s[i];

		tag |= c == '<' && i + 1 < in.n && (isalpha((unsigned char)in.s[i + 1]) || strchr("/!?", in.s[i + 1]) != NULL);
		if (!tag && !isspace((unsigned char)c))
			out[n++] = c;
		else if (n > 0 && out[n - 1] != ' ')
			out[n++] = ' ';
		tag &= c != '>';
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

static void
hide_bytes(char *text, const char *secret, size_t n)
{
	for (char *at = text; n > 0 && (at = memmem(at, strlen(at), secret, n)) != NULL; at += n)
		memset(at, '*', n);
}

static int
hex_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : tolower((unsigned char)c) >= 'a' && tolower((unsigned char)c) <= 'f' ?
	    tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* As it stands in the URL, and as it is meant. */
static void
hide(char *text, const char *secret, size_t n)
{
	char	plain[sizeof(((struct config *)NULL)->sms.url)];
	size_t	m = 0;

	hide_bytes(text, secret, n);
	for (size_t i = 0; i < n && m < sizeof plain; m++) {
		bool	escaped = secret[i] == '%' && i + 2 < n && hex_of(secret[i + 1]) >= 0 && hex_of(secret[i + 2]) >= 0;

		plain[m] = escaped ? (char)(16 * hex_of(secret[i + 1]) + hex_of(secret[i + 2])) : secret[i] == '+' ? ' ' : secret[i];
		i += escaped ? 3 : 1;
	}
	hide_bytes(text, plain, m);
}

/* The user and password before the host, and every value of the query that is not a place of ours: which is a secret, nobody knows. */
static void
hide_secrets(const char *url, char *text)
{
	const char	*host = strstr(url, "://"), *query = strchr(url, '?'), *end, *at;

	if (host != NULL && (end = strpbrk(host + 3, "/?#")) != NULL && (at = memrchr(host, '@', (size_t)(end - host))) != NULL) {
		const char	*colon = memchr(host + 3, ':', (size_t)(at - host - 3));

		if (colon != NULL)
			hide(text, colon + 1, (size_t)(at - colon - 1));
	}
	for (; query != NULL; query = strchr(query + 1, '&')) {
		const char	*value = query + strcspn(query, "=");
		size_t		 n;

		if (*value == '\0')
			break;
		n = strcspn(++value, "&#");
		if (n >= 4 && value[0] != '{')
			hide(text, value, n);
	}
}

/* A gateway may say back what it was sent; the link is as good as a password. */
static void
hide_links(char *text)
{
	for (char *at = text; (at = strstr(at, "://")) != NULL; at += strcspn(at, " "))
		for (char *p = at; *p != '\0' && *p != ' '; p++)
			*p = '*';
	for (char *at = text; (at = strcasestr(at, "%3A%2F%2F")) != NULL; at += strcspn(at, " "))
		for (char *p = at; *p != '\0' && *p != ' '; p++)
			*p = '*';
}

/* What it said, made harmless. */
static void
words_of(const struct config *c, struct span body, char *out, size_t size)
{
	char	flat[WORDS + 1];

	flatten(body, flat, sizeof flat);
	hide_secrets(c->sms.url, flat);
	hide_links(flat);
	(void)text_safe(flat, strlen(flat), out, size, false);
}

static bool
holds(struct span body, const char *text)
{
	return memmem(body.s, body.n, text, strlen(text)) != NULL;
}

enum gateway_end
gateway_judge(const struct config *c, const struct wire_fetched *f, char answer[SMS_ANSWER])
{
	bool	refused = f->code >= 400 && f->code < 500 && f->code != 408 && f->code != 429;
	char	words[SMS_ANSWER];

	words_of(c, f->code == 0 ? f->error : f->body, words, sizeof words);
	if (f->code == 0) {
		(void)snprintf(answer, SMS_ANSWER, "%.*s", SMS_ANSWER - 1, words[0] == '\0' ? "no answer" : words);
		return GATEWAY_FAILED;
	}
	if (f->code >= 300 && f->code < 400) {
		(void)snprintf(answer, SMS_ANSWER, "%u, a redirect: put the address that it leads to into sms.url", (unsigned)f->code);
		return GATEWAY_REFUSED;
	}
	if (f->code / 100 == 2 && c->sms.accept[0] != '\0' && !holds(f->body, c->sms.accept)) {
		(void)snprintf(answer, SMS_ANSWER, "%u without what sms.accept asks for: %.*s", (unsigned)f->code, SMS_ANSWER - 64, words);
		return GATEWAY_REFUSED;
	}
	(void)snprintf(answer, SMS_ANSWER, "%u%s%.*s", (unsigned)f->code, words[0] == '\0' ? "" : " ", SMS_ANSWER - 16, words);
	return f->code / 100 == 2 ? GATEWAY_SENT : refused ? GATEWAY_REFUSED : GATEWAY_FAILED;
}

enum gateway_end
gateway_judge_program(int status, const char *line, char answer[SMS_ANSWER])
{
	char	flat[WORDS + 1], words[SMS_ANSWER];

	flatten(span_of(line), flat, sizeof flat);
	hide_links(flat);
	(void)text_safe(flat, strlen(flat), words, sizeof words, false);
	if (status == 0)
		(void)snprintf(answer, SMS_ANSWER, "exit 0");
	else if (status > 0)
		(void)snprintf(answer, SMS_ANSWER, "exit %d%s%.*s", status, words[0] == '\0' ? "" : ": ", SMS_ANSWER - 32, words);
	else
		(void)snprintf(answer, SMS_ANSWER, "%.*s", SMS_ANSWER - 1, words[0] == '\0' ? "the program had no end" : words);
	return status == 0 ? GATEWAY_SENT : GATEWAY_FAILED;
}

int64_t
gateway_delay_ms(const struct config *c, uint32_t tries, enum gateway_end end)
{
	static const uint32_t	times[] = { 1, 3, 6, 30, 90 };
	const uint32_t		n = sizeof times / sizeof times[0];
	uint32_t		at = end == GATEWAY_REFUSED && tries < REFUSED_FROM ? REFUSED_FROM : tries;

	at = at == 0 ? 1 : at > n ? n : at;
	return (int64_t)c->sms.retry * 1000 * times[at - 1];
}
