/*
 * Each kind of client is a row: how a value is written there, and what writes the whole.  What a client needs to register stands in
 * tables of the same {names} as the operator's own parameters, which go before ours.
 */
#include "core/provision.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"
#include "core/text.h"

#define TEXT(member, text)	{ .name = #member, .help = text, .offset = offsetof(struct provision, member) }

const struct provision_variable	provision_variables[] = {
	TEXT(username, "the account's"), TEXT(password, "one that was made for this download; empty where it is not told"),
	TEXT(domain, "the SIP domain"), TEXT(owner, "the account's"), TEXT(caller_id, "the account's"), TEXT(caller_id_2, "the account's"),
	TEXT(email, "the account's"), TEXT(server, "where the client finds this server: a name or an address"),
	TEXT(port, "of that; empty where its DNS records say"), TEXT(transport, "udp, tcp or tls"),
	TEXT(expires, "seconds that a registration is to last"),
	{ "address", "server and port as a SIP address has them", offsetof(struct provision, address), true },
	{ "display", NULL, offsetof(struct provision, display), true },
};
const size_t			n_provision_variables = sizeof provision_variables / sizeof provision_variables[0];

/* A line of parameters, or a row of what every client of a kind needs. */
struct entry {
	struct span	section, name, value;	/* value with its {names} */
};

struct row {
	const char	*section, *name, *value;
};

/* Where the text goes.  It keeps its first error; what comes after that is left out. */
struct out {
	const struct profile	*profile;
	const struct provision	*values;
	void			(*escape)(struct out *, const char *, size_t);
	char			*s;
	size_t			 n;
	int			 rc;
	char			*why;
	size_t			 size;
};

static void fail(struct out *, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void
fail(struct out *o, int rc, const char *fmt, ...)
{
	va_list	ap;

	if (o->rc != 0)
		return;
	o->rc = rc;
	va_start(ap, fmt);
	(void)vsnprintf(o->why, o->size, fmt, ap);
	va_end(ap);
}

static void
put(struct out *o, const char *s, size_t n)
{
	if (o->n + n >= PROVISION_MAX)
		fail(o, ERR_TOO_LARGE, "it comes to more than %d bytes", PROVISION_MAX - 1);
	if (o->rc != 0)
		return;
	memcpy(o->s + o->n, s, n);
	o->n += n;
}

static void
put_text(struct out *o, const char *s)
{
	put(o, s, strlen(s));
}

/* Characters that XML 1.0 does not have become U+FFFD. */
static void
escape_xml(struct out *o, const char *s, size_t n)
{
	static const char *const	names[0x80] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&apos;",
		['\t'] = "&#9;", ['\n'] = "&#10;", ['\r'] = "&#13;",
	};

	for (size_t i = 0, step; i < n; i += step) {
		uint32_t	code = 0;

		step = text_decode(s + i, n - i, &code);
		if (step == 1 && code < 0x80 && names[code] != NULL)
			put_text(o, names[code]);
		else if (step == 0 || code < ' ' || code == 0xfffe || code == 0xffff)
			put_text(o, "\xef\xbf\xbd");
		else
			put(o, s + i, step);
		step += step == 0;
	}
}

/* Inside quotes, which know no escape. */
static void
escape_baresip(struct out *o, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == '"' || (unsigned char)s[i] < ' ' || s[i] == 0x7f)
			fail(o, ERR_INVALID, "a quotation mark, a line's end or a control character can't stand in a value of baresip's");
	put(o, s, n);
}

/* The operator's template knows what it is. */
static void
escape_none(struct out *o, const char *s, size_t n)
{
	put(o, s, n);
}

/* The {name} that s begins with: its length with the braces, else 0. */
static size_t
name_length(const char *s, size_t n)
{
	size_t	i = 1;

	while (i < n && (islower((unsigned char)s[i]) || isdigit((unsigned char)s[i]) || s[i] == '_'))
		i++;
	return n > 0 && s[0] == '{' && i > 1 && i < n && s[i] == '}' ? i + 1 : 0;
}

static const struct provision_variable *
variable_find(const char *name, size_t n, bool ours)
{
	for (size_t i = 0; i < n_provision_variables; i++) {
		const struct provision_variable	*v = &provision_variables[i];

		if (strlen(v->name) == n && memcmp(v->name, name, n) == 0 && (ours || v->help != NULL))
			return v;
	}
	return NULL;
}

static const char *
value_of(const struct provision *p, const struct provision_variable *v)
{
	const char	*at = (const char *)p + v->offset;

	return v->is_array ? at : *(const char *const *)(const void *)at;
}

/* Each {name} becomes its value; braces around anything else stay. */
static void
expand(struct out *o, struct span t)
{
	for (size_t i = 0, step; i < t.n; i += step) {
		const struct provision_variable	*v = NULL;
		size_t				 n = name_length(t.s + i, t.n - i);

		if (n > 0 && (v = variable_find(t.s + i + 1, n - 2, true)) == NULL)
			fail(o, ERR_INVALID, "there is no {%.*s}", (int)(n > 40 ? 40 : n - 2), t.s + i + 1);
		if (v != NULL) {
			const char	*value = value_of(o->values, v);

			o->escape(o, value, strlen(value));
			step = n;
			continue;
		}
		step = 1;
		while (i + step < t.n && t.s[i + step] != '{')
			step++;
		o->escape(o, t.s + i, step);
	}
}

static bool
next_line(struct span *rest, struct span *line)
{
	const char	*end;

	if (rest->n == 0)
		return false;
	end = memchr(rest->s, '\n', rest->n);
	*line = (struct span){ rest->s, end == NULL ? rest->n : (size_t)(end - rest->s) };
	rest->s += line->n + (end != NULL);
	rest->n -= line->n + (end != NULL);
	return true;
}

/* The next "key=value" or "section/key=value"; those without a section are the account's own. */
static bool
next_entry(struct span *rest, const char *own, struct entry *e)
{
	struct span	line;

	while (next_line(rest, &line)) {
		const char	*equals = line.n == 0 || line.s[0] == '#' ? NULL : memchr(line.s, '=', line.n), *slash;

		if (equals == NULL)
			continue;
		slash = memchr(line.s, '/', (size_t)(equals - line.s));
		e->section = slash == NULL ? span_of(own) : (struct span){ line.s, (size_t)(slash - line.s) };
		e->name.s = slash == NULL ? line.s : slash + 1;
		e->name.n = (size_t)(equals - e->name.s);
		e->value = (struct span){ equals + 1, line.n - (size_t)(equals + 1 - line.s) };
		return true;
	}
	return false;
}

static struct entry
entry_of(const struct row *r)
{
	return (struct entry){ span_of(r->section), span_of(r->name), span_of(r->value) };
}

/* Whether the operator's parameters say something of their own there, after a place in them. */
static bool
is_said(struct span rest, const char *own, const struct entry *what)
{
	struct entry	e;

	while (next_entry(&rest, own, &e))
		if (span_eq(e.section, what->section) && span_eq(e.name, what->name))
			return true;
	return false;
}

static const char		linphone_own[] = "proxy_0", linphone_auth[] = "auth_info_0";

/* Rows of a section stand together. */
static const struct row		linphone_rows[] = {
	{ "sip", "default_proxy", "0" },
	{ linphone_own, "reg_proxy", "<sip:{address};transport={transport}>" },
	{ linphone_own, "reg_route", "<sip:{address};transport={transport};lr>" },
	{ linphone_own, "reg_identity", "{display}<sip:{username}@{domain}>" },
	{ linphone_own, "reg_expires", "{expires}" },
	{ linphone_own, "reg_sendregister", "1" },
	{ linphone_own, "publish", "0" },
	{ linphone_auth, "username", "{username}" },
	{ linphone_auth, "realm", "{domain}" },
	{ linphone_auth, "domain", "{domain}" },
	{ linphone_auth, "passwd", "{password}" },
};
enum { LINPHONE_ROWS = sizeof linphone_rows / sizeof linphone_rows[0] };

/* Without overwrite a client keeps what it has. */
static void
linphone_entry(struct out *o, const struct entry *e)
{
	put_text(o, "    <entry name=\"");
	escape_xml(o, e->name.s, e->name.n);
	put_text(o, "\" overwrite=\"true\">");
	expand(o, e->value);
	put_text(o, "</entry>\n");
}

/* All of a section: our rows that the operator's parameters leave as they are, then those; of two the last. */
static void
linphone_section(struct out *o, struct span section)
{
	struct span	rest = span_of(o->profile->parameters);
	struct entry	e;

	put_text(o, "  <section name=\"");
	escape_xml(o, section.s, section.n);
	put_text(o, "\">\n");
	for (size_t i = 0; i < LINPHONE_ROWS; i++) {
		e = entry_of(&linphone_rows[i]);
		if (span_eq(e.section, section) && !is_said(rest, linphone_own, &e))
			linphone_entry(o, &e);
	}
	while (next_entry(&rest, linphone_own, &e))
		if (span_eq(e.section, section) && !is_said(rest, linphone_own, &e))
			linphone_entry(o, &e);
	put_text(o, "  </section>\n");
}

static bool
linphone_has(struct span section)
{
	for (size_t i = 0; i < LINPHONE_ROWS; i++)
		if (span_is(section, linphone_rows[i].section))
			return true;
	return false;
}

/* Whether a section stands in the parameters before a place in them. */
static bool
linphone_is_begun(const struct out *o, struct span section, const char *before)
{
	struct span	rest = { o->profile->parameters, (size_t)(before - o->profile->parameters) };
	struct entry	e;

	while (next_entry(&rest, linphone_own, &e))
		if (span_eq(e.section, section))
			return true;
	return false;
}

static void
linphone_make(struct out *o)
{
	struct span	rest = span_of(o->profile->parameters);
	const char	*before = rest.s, *section = NULL;
	struct entry	e;

	put_text(o, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<config xmlns=\"http://www.linphone.org/xsds/lpconfig.xsd\">\n");
	for (size_t i = 0; i < LINPHONE_ROWS; i++) {
		if (linphone_rows[i].section == section)
			continue;
		section = linphone_rows[i].section;
		if (section != linphone_auth || o->values->password[0] != '\0')
			linphone_section(o, span_of(section));	/* else the client keeps what it was told before */
	}
	for (; next_entry(&rest, linphone_own, &e); before = rest.s)
		if (!linphone_has(e.section) && !linphone_is_begun(o, e.section, before))
			linphone_section(o, e.section);
	put_text(o, "</config>\n");
}

static const struct row		baresip_rows[] = {
	{ "", "outbound", "sip:{address};transport={transport}" }, { "", "regint", "{expires}" }, { "", "auth_pass", "{password}" },
};

/* All values are in quotes; one that was written so is taken out of them first. */
static void
baresip_entry(struct out *o, const struct entry *e)
{
	struct span	value = e->value;

	if (value.n >= 2 && value.s[0] == '"' && value.s[value.n - 1] == '"')
		value = (struct span){ value.s + 1, value.n - 2 };
	put_text(o, ";");
	put(o, e->name.s, e->name.n);
	put_text(o, "=\"");
	expand(o, value);
	put_text(o, "\"");
}

static void
baresip_make(struct out *o)
{
	static const struct row	address = { "", "", "{display}<sip:{username}@{domain};transport={transport}>" };
	struct span		rest = span_of(o->profile->parameters);
	struct entry		e = entry_of(&address);

	o->escape = escape_none;	/* all of it is clean, and the display name has its quotes */
	expand(o, e.value);
	o->escape = escape_baresip;
	for (size_t i = 0; i < sizeof baresip_rows / sizeof baresip_rows[0]; i++) {
		e = entry_of(&baresip_rows[i]);
		if (!is_said(rest, "", &e) && (o->values->password[0] != '\0' || !span_is(e.name, "auth_pass")))
			baresip_entry(o, &e);
	}
	while (next_entry(&rest, "", &e))
		if (!is_said(rest, "", &e))
			baresip_entry(o, &e);
	put_text(o, "\n");
}

static void
text_make(struct out *o)
{
	expand(o, span_of(o->profile->parameters));
}

static const struct {
	const char	*type, *suffix;
	void		(*escape)(struct out *, const char *, size_t);
	void		(*make)(struct out *);
} clients[] = {
	[CLIENT_LINPHONE] = { "application/xml", ".xml", escape_xml, linphone_make },
	[CLIENT_BARESIP] = { "text/plain; charset=utf-8", "", escape_baresip, baresip_make },
	[CLIENT_TEXT] = { "text/plain; charset=utf-8", ".txt", escape_none, text_make },
};
enum { CLIENTS = sizeof clients / sizeof clients[0] };

static size_t
client_of(const struct profile *p)
{
	return p->client < CLIENTS ? p->client : CLIENT_TEXT;
}

int
provision_check(const struct profile *p, char *why, size_t size)
{
	struct span	rest = span_of(p->parameters), line;

	for (size_t at = 1; next_line(&rest, &line); at++) {
		if (p->client != CLIENT_TEXT && line.n > 0 && line.s[0] == '#')
			continue;
		for (size_t i = 0, n; i < line.n; i++) {
			n = name_length(line.s + i, line.n - i);
			if (n == 0 || variable_find(line.s + i + 1, n - 2, false) != NULL)
				continue;
			(void)snprintf(why, size, "line %zu: there is no {%.*s}; wirechief-fields(5) lists those that there are", at,
			    (int)(n > 40 ? 40 : n - 2), line.s + i + 1);
			return ERR_INVALID;
		}
	}
	return 0;
}

/* The owner as a quoted string, which has to do without what would end it. */
static void
display_make(struct provision *v)
{
	size_t	n = 0;

	v->display[n++] = '"';
	for (const char *s = v->owner; *s != '\0' && n < sizeof v->display - 3; s++)
		if (strchr("\"\\<>", *s) == NULL && (unsigned char)*s >= ' ' && *s != 0x7f)
			v->display[n++] = *s;
	memcpy(v->display + n, "\" ", 3);
	if (n == 1)
		v->display[0] = '\0';
}

static void
address_make(struct provision *v)
{
	bool	bare6 = strchr(v->server, ':') != NULL && v->server[0] != '[';

	(void)snprintf(v->address, sizeof v->address, "%s%.255s%s%s%.5s", bare6 ? "[" : "", v->server, bare6 ? "]" : "",
	    v->port[0] == '\0' ? "" : ":", v->port);
}

int
provision_make(const struct profile *p, struct provision *values, char out[PROVISION_MAX], char *why, size_t size)
{
	struct out	o = { .profile = p, .values = values, .escape = clients[client_of(p)].escape, .s = out, .why = why, .size = size };

	address_make(values);
	display_make(values);
	clients[client_of(p)].make(&o);
	out[o.n] = '\0';
	return o.rc == 0 ? (int)o.n : o.rc;
}

static bool
server_is_valid(const char *s)
{
	struct addr	addr;

	if (strchr(s, ':') != NULL)
		return addr_parse(&addr, s) == 0;
	for (const char *p = s; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("-._", *p) == NULL)
			return false;
	return s[0] != '\0' && s[0] != '-' && s[0] != '.';
}

static bool
port_is_valid(const char *s)
{
	return s[0] != '\0' && strspn(s, "0123456789") == strlen(s) && strlen(s) <= 5 && atoi(s) >= 1 && atoi(s) <= 65535;
}

int
provision_where_parse(struct provision_where *w, struct span text)
{
	static const char	transports[][5] = { "udp:", "tcp:", "tls:" };
	char			host[sizeof w->server + sizeof w->port + 2], *port;
	bool			known = false, brackets;

	for (size_t i = 0; i < sizeof transports / sizeof transports[0]; i++)
		known = known || (text.n > 4 && strncasecmp(text.s, transports[i], 4) == 0);
	if (!known || !span_get((struct span){ text.s + 4, text.n - 4 }, host, sizeof host))
		return ERR_INVALID;
	for (int i = 0; i < 3; i++)
		w->transport[i] = (char)tolower((unsigned char)text.s[i]);
	w->transport[3] = '\0';
	brackets = host[0] == '[';
	if ((port = strchr(host, brackets ? ']' : ':')) == NULL && brackets)
		return ERR_INVALID;
	if (port != NULL)
		*port++ = '\0';
	if (brackets && *port == '\0')
		port = NULL;
	else if (brackets && *port++ != ':')
		return ERR_INVALID;
	if (port != NULL && !port_is_valid(port))
		return ERR_INVALID;
	(void)snprintf(w->port, sizeof w->port, "%.5s", port == NULL ? "" : port);
	if (strlen(host + brackets) >= sizeof w->server || !server_is_valid(host + brackets))
		return ERR_INVALID;
	(void)snprintf(w->server, sizeof w->server, "%.255s", host + brackets);
	return 0;
}

const char *
provision_type(const struct profile *p)
{
	return clients[client_of(p)].type;
}

const char *
provision_suffix(const struct profile *p)
{
	return clients[client_of(p)].suffix;
}
