/*
 * A description is lines; what stands above the first m= holds for all streams.  Lines are looked for where they are needed: an offer is short,
 * and is read once.
 */
#include "core/sdp.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base64.h"
#include "core/err.h"

enum { PORT_MIN = 1024, NUMBER_MAX = 65535 };

/* Takes the next line off text, without its end. */
static bool
next_line(struct span *text, struct span *line)
{
	const char	*end;

	if (text->n == 0)
		return false;
	end = memchr(text->s, '\n', text->n);
	*line = (struct span){ .s = text->s, .n = end == NULL ? text->n : (size_t)(end - text->s) };
	text->s += line->n + (end != NULL);
	text->n -= line->n + (end != NULL);
	if (line->n > 0 && line->s[line->n - 1] == '\r')
		line->n--;
	return true;
}

/* Whether it begins so; rest becomes what follows. */
static bool
begins(struct span s, const char *with, struct span *rest)
{
	size_t	n = strlen(with);

	if (s.n < n || memcmp(s.s, with, n) != 0)
		return false;
	*rest = (struct span){ .s = s.s + n, .n = s.n - n };
	return true;
}

/* What follows on the first line that begins so; NULL where there is none. */
static struct span
find_line(struct span text, const char *with)
{
	struct span	line;

	while (next_line(&text, &line))
		if (begins(line, with, &line))
			return line;
	return (struct span){ NULL, 0 };
}

/* Takes the next word off a line; empty at its end. */
static struct span
word(struct span *line)
{
	struct span	w;

	while (line->n > 0 && *line->s == ' ') {
		line->s++;
		line->n--;
	}
	w = (struct span){ .s = line->s, .n = 0 };
	while (w.n < line->n && w.s[w.n] != ' ')
		w.n++;
	line->s += w.n;
	line->n -= w.n;
	return w;
}

/* Up to 65535; -1: it is no such number. */
static int
number(struct span s)
{
	int	v = 0;

	if (s.n == 0)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] < '0' || s.s[i] > '9' || (v = v * 10 + (s.s[i] - '0')) > NUMBER_MAX)
			return -1;
	}
	return v;
}

/* One stream: its m= line in words, and the lines that belong to it. */
struct stream {
	struct span	media, port, proto, formats;
	struct span	lines;
};

/* Takes the next stream off text, which is what follows the session's lines. */
static bool
next_stream(struct span *text, struct stream *s)
{
	struct span	line, rest;
	const char	*from;

	do
		if (!next_line(text, &line))
			return false;
	while (!begins(line, "m=", &line));
	s->media = word(&line);
	s->port = word(&line);
	s->proto = word(&line);
	s->formats = line;
	from = text->s;
	for (rest = *text; next_line(&rest, &line) && !begins(line, "m=", &line); *text = rest)
		;
	s->lines = (struct span){ .s = from, .n = (size_t)(text->s - from) };
	return true;
}

/* What stands above the first m=. */
static struct span
session_lines(struct span offer)
{
	struct span	line, rest = offer, more;

	while (next_line(&rest, &line))
		if (begins(line, "m=", &more))
			return (struct span){ .s = offer.s, .n = (size_t)(line.s - offer.s) };
	return offer;
}

/* IN IP4 192.0.2.1: one host's, that is. */
static bool
read_connection(struct span c, struct addr *to)
{
	struct span	net = word(&c), type = word(&c), host = word(&c);
	uint8_t		family = span_is(type, "IP4") ? ADDR_IP4 : span_is(type, "IP6") ? ADDR_IP6 : ADDR_NONE;
	char		text[ADDR_TEXT];

	if (!span_is(net, "IN") || !span_get(host, text, sizeof text) || addr_parse(to, text) != 0 || to->family != family || to->port != 0)
		return false;
	return true;
}

/* Neither nobody's nor everybody's. */
static bool
is_one_host(const struct addr *a)
{
	static const uint8_t	zero[sizeof a->ip];

	if (memcmp(a->ip, zero, sizeof zero) == 0)
		return false;
	return a->family == ADDR_IP6 ? a->ip[0] != 0xff : a->ip[0] != 0 && a->ip[0] < 224;
}

enum direction { SENDRECV, RECVONLY, SENDONLY, INACTIVE, UNSAID };

/* What the lines say of it. */
static enum direction
direction_of(struct span lines)
{
	static const char *const	directions[] = {
		[SENDRECV] = "a=sendrecv", [RECVONLY] = "a=recvonly", [SENDONLY] = "a=sendonly", [INACTIVE] = "a=inactive",
	};
	struct span			line;

	while (next_line(&lines, &line))
		for (enum direction d = SENDRECV; d < UNSAID; d++)
			if (span_is(line, directions[d]))
				return d;
	return UNSAID;
}

static const struct {
	const char	*name, *with_channels;
	uint8_t		 payload_type;		/* where no a=rtpmap says otherwise (RFC 3551) */
} codecs[] = {
	[SDP_PCMU] = { "PCMU/8000", "PCMU/8000/1", 0 }, [SDP_PCMA] = { "PCMA/8000", "PCMA/8000/1", 8 },
};

/* The encoding that an a=rtpmap gives to a payload type; empty: none does. */
static struct span
mapped(struct span lines, int payload_type)
{
	struct span	line;

	while (next_line(&lines, &line))
		if (begins(line, "a=rtpmap:", &line) && number(word(&line)) == payload_type)
			return word(&line);
	return (struct span){ NULL, 0 };
}

static bool
is_codec(struct span lines, int payload_type, enum sdp_codec c)
{
	struct span	name = mapped(lines, payload_type);

	if (name.n == 0)
		return payload_type == codecs[c].payload_type;
	return span_is_nocase(name, codecs[c].name) || span_is_nocase(name, codecs[c].with_channels);
}

/* The first format that is one of ours. */
static bool
choose_codec(const struct stream *s, struct sdp_choice *c)
{
	struct span	formats = s->formats, w;

	while ((w = word(&formats)).n > 0) {
		int	payload_type = number(w);

		if (payload_type < 0 || payload_type > 127)
			continue;
		for (c->codec = SDP_PCMU; c->codec <= SDP_PCMA; c->codec++) {
			c->payload_type = (uint8_t)payload_type;
			if (is_codec(s->lines, payload_type, c->codec))
				return true;
		}
	}
	return false;
}

static const char *const	suites[] = { [SDP_AES_80] = "AES_CM_128_HMAC_SHA1_80", [SDP_AES_32] = "AES_CM_128_HMAC_SHA1_32" };

/* Key and salt of the right size: theirs is not needed, but one who can't write his own will not read ours. */
static bool
is_key(struct span parameter)
{
	const char	*bar;
	uint8_t		 key[SDP_KEY];

	if (!begins(parameter, "inline:", &parameter))
		return false;
	if (parameter.n > 0 && (bar = memchr(parameter.s, '|', parameter.n)) != NULL)
		parameter.n = (size_t)(bar - parameter.s);
	return parameter.n == BASE64_TEXT(SDP_KEY) && base64_decode(parameter.s, parameter.n, key) == SDP_KEY;
}

/* <tag> <suite> inline:<key> [parameters]: those but WSH, which is a hint, would change how it is to be spoken. */
static bool
read_crypto(struct span line, struct sdp_choice *c)
{
	struct span	tag = word(&line), suite = word(&line), key = word(&line), more;

	c->suite = span_is(suite, suites[SDP_AES_80]) ? SDP_AES_80 : span_is(suite, suites[SDP_AES_32]) ? SDP_AES_32 : SDP_PLAIN;
	if (c->suite == SDP_PLAIN || number(tag) < 0 || !span_get(tag, c->crypto_tag, sizeof c->crypto_tag) || !is_key(key))
		return false;
	while ((more = word(&line)).n > 0)
		if (!begins(more, "WSH=", &more))
			return false;
	return true;
}

static bool
choose_crypto(const struct stream *s, struct sdp_choice *c)
{
	struct span	lines = s->lines, line;

	while (next_line(&lines, &line))
		if (begins(line, "a=crypto:", &line) && read_crypto(line, c))
			return true;
	c->suite = SDP_PLAIN;
	return false;
}

/* By what it is spoken.  Keys may also stand beside plain RTP: then both will do (RFC 8643), and SRTP is the better. */
static bool
choose_protocol(const struct stream *s, struct sdp_choice *c)
{
	bool	secure = span_is(s->proto, "RTP/SAVP") || span_is(s->proto, "RTP/SAVPF");

	if (!secure && !span_is(s->proto, "RTP/AVP") && !span_is(s->proto, "RTP/AVPF"))
		return false;
	return choose_crypto(s, c) || !secure;
}

/* NULL, or what is the matter with it. */
static const char *
choose_stream(struct span session, const struct stream *s, struct sdp_choice *c)
{
	struct span	port = s->port, at = find_line(s->lines, "c=");
	const char	*slash = port.n == 0 ? NULL : memchr(port.s, '/', port.n);
	enum direction	direction = direction_of(s->lines);
	int		n;

	if (!span_is(s->media, "audio"))
		return "it offers no audio";
	if (slash != NULL)
		port.n = (size_t)(slash - port.s);
	if ((n = number(port)) < PORT_MIN)
		return "its port is none that a phone hears at";
	if (at.s == NULL)
		at = find_line(session, "c=");
	if (at.s == NULL || !read_connection(at, &c->to) || !is_one_host(&c->to))
		return "its address is no host's";
	c->to.port = (uint16_t)n;
	if (direction == UNSAID)
		direction = direction_of(session);
	if (direction == SENDONLY || direction == INACTIVE)
		return "it does not want to hear";
	c->hears_only = direction == RECVONLY;
	if (!choose_protocol(s, c))
		return "it offers neither RTP nor SRTP with its keys";
	return choose_codec(s, c) ? NULL : "it offers no G.711";
}

static bool
is_text(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.s[i] < ' ' || s.s[i] == 0x7f)
			return false;
	return true;
}

const char *
sdp_choose(struct span offer, struct sdp_choice *c)
{
	struct span	session = session_lines(offer), rest = { .s = offer.s + session.n, .n = offer.n - session.n };
	struct stream	s;
	const char	*why = "it describes no media", *fault;
	bool		chosen = false;

	for (size_t i = 0; next_stream(&rest, &s); i++) {
		struct sdp_choice	one = { .stream = i };
		struct span		formats = s.formats;

		if (i == SDP_STREAMS || word(&formats).n == 0 || !is_text(s.media) || !is_text(s.proto) || !is_text(s.formats))
			return "its streams can't be answered";
		if (chosen)
			continue;
		if ((fault = choose_stream(session, &s, &one)) == NULL) {
			*c = one;
			chosen = true;
		} else if (i == 0 || span_is(s.media, "audio"))
			why = fault;
	}
	return chosen ? NULL : why;
}

struct out {
	char	*s;
	size_t	 n, size;
};

static void __attribute__((format(printf, 2, 3)))
put(struct out *o, const char *fmt, ...)
{
	va_list	ap;
	int	n;

	va_start(ap, fmt);
	n = o->n < o->size ? vsnprintf(o->s + o->n, o->size - o->n, fmt, ap) : 0;
	va_end(ap);
	o->n = n < 0 || (size_t)n >= o->size - o->n ? o->size : o->n + (size_t)n;
}

/* The stream that is spoken on. */
static void
put_chosen(struct out *o, const struct stream *s, const struct sdp_choice *c, uint16_t port, const uint8_t key[SDP_KEY])
{
	char	text[BASE64_TEXT(SDP_KEY)];

	put(o, "m=audio %u %.*s %u\r\na=rtpmap:%u %s\r\na=ptime:20\r\na=%s\r\n", port, (int)s->proto.n, s->proto.s, c->payload_type,
	    c->payload_type, codecs[c->codec].name, c->hears_only ? "sendonly" : "sendrecv");
	if (c->suite == SDP_PLAIN)
		return;
	put(o, "a=crypto:%s %s inline:%.*s\r\n", c->crypto_tag, suites[c->suite], (int)base64_encode(key, SDP_KEY, text), text);
}

int
sdp_answer(struct span offer, const struct sdp_choice *c, const struct addr *from, const uint8_t key[SDP_KEY], uint64_t session, char *out,
    size_t size)
{
	struct span	lines = session_lines(offer), rest = { .s = offer.s + lines.n, .n = offer.n - lines.n }, t = find_line(lines, "t=");
	struct out	o = { .s = out, .size = size };
	const char	*family = from->family == ADDR_IP6 ? "IP6" : "IP4";
	char		ip[ADDR_TEXT];
	struct stream	s;

	(void)addr_ip_text(from, ip);
	if (t.n == 0 || !is_text(t))
		t = span_of("0 0");
	put(&o, "v=0\r\no=wirechief %" PRIu64 " 1 IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=%.*s\r\n", session, family, ip, family, ip, (int)t.n, t.s);
	for (size_t i = 0; next_stream(&rest, &s); i++) {
		if (i == c->stream)
			put_chosen(&o, &s, c, from->port, key);
		else
			put(&o, "m=%.*s 0 %.*s%.*s\r\n", (int)s.media.n, s.media.s, (int)s.proto.n, s.proto.s, (int)s.formats.n, s.formats.s);
	}
	return o.n >= o.size ? ERR_TOO_LARGE : (int)o.n;
}
