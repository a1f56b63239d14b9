/*
 * The table of the configuration's keys: type, default, bounds and the sentence of the manual, and the checks of those whose value
 * is more than a string or a number.
 */
#include "sipd/config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/argv.h"
#include "core/err.h"
#include "core/log.h"
#include "core/provision.h"
#include "core/url.h"

static int
refuse(char *why, size_t size, const char *text)
{
	snprintf(why, size, "%s", text);
	return ERR_INVALID;
}

/* The length of value, if all of it is letters, digits and others; else 0. */
static size_t
span_of_names(const char *value, const char *others)
{
	size_t	n = 0;

	while (isalnum((unsigned char)value[n]) || (value[n] != '\0' && strchr(others, value[n]) != NULL))
		n++;
	return value[n] == '\0' ? n : 0;
}

static int
check_node(struct config *c, const char *value, char *why, size_t size)
{
	size_t	n = span_of_names(value, "-._");

	if (n == 0 || n >= sizeof c->node)
		return refuse(why, size, "must be 1 to 64 letters, digits or -._");
	memcpy(c->node, value, n + 1);
	return 0;
}

static int
check_domain(struct config *c, const char *value, char *why, size_t size)
{
	size_t	n = span_of_names(value, "-.:[]");

	if (n == 0 || n >= sizeof c->domains[0])
		return refuse(why, size, "is not a host name or an address");
	memcpy(c->domains[c->n_domains++], value, n + 1);
	return 0;
}

static int
check_path(char *to, size_t max, const char *value, char *why, size_t size)
{
	if (value[0] != '/')
		return refuse(why, size, "must start with /");
	if (strlen(value) >= max) {
		snprintf(why, size, "is longer than %zu bytes", max - 1);
		return ERR_INVALID;
	}
	memcpy(to, value, strlen(value) + 1);
	return 0;
}

static int
check_state_dir(struct config *c, const char *value, char *why, size_t size)
{
	return check_path(c->state_dir, sizeof c->state_dir, value, why, size);
}

static int
check_socket(struct config *c, const char *value, char *why, size_t size)
{
	return check_path(c->control.socket, sizeof c->control.socket, value, why, size);
}

static const char *const transports[] = { [TRANSPORT_UDP] = "udp:", [TRANSPORT_TCP] = "tcp:", [TRANSPORT_TLS] = "tls:" };

/* True if the text names a port: port 0, which lets the system choose one, must be written too. */
static bool
has_port(const char *text)
{
	const char	*bracket = strrchr(text, ']');

	return bracket != NULL ? bracket[1] == ':' : strchr(text, ':') != NULL && strchr(text, ':') == strrchr(text, ':');
}

static int
check_listen(struct config *c, const char *value, char *why, size_t size)
{
	struct config_listen	*l = &c->listens[c->n_listens], *other;

	*l = (struct config_listen){ .transport = TRANSPORT_NONE };
	for (uint8_t t = TRANSPORT_UDP; t <= TRANSPORT_TLS; t++)
		if (strncmp(value, transports[t], 4) == 0)
			l->transport = t;
	if (l->transport == TRANSPORT_NONE)
		return refuse(why, size, "must start with udp:, tcp: or tls:");
	if (!has_port(value + 4) || addr_parse(&l->addr, value + 4) != 0)
		return refuse(why, size, "is not TRANSPORT:ADDRESS:PORT, like udp:192.0.2.1:5060 or udp:[2001:db8::1]:5060");
	for (other = c->listens; other < l; other++)
		if (other->transport == l->transport && l->addr.port != 0 && addr_eq(&other->addr, &l->addr))
			return refuse(why, size, "is named twice");
	c->n_listens++;
	return 0;
}

/* ADDRESS:PORT of a service that is off when it is empty. */
static int
check_service(char *to, size_t max, const char *value, char *why, size_t size)
{
	struct addr	addr;

	if (value[0] != '\0' && (!has_port(value) || addr_parse(&addr, value) != 0))
		return refuse(why, size, "is not ADDRESS:PORT");
	snprintf(to, max, "%s", value);
	return 0;
}

static int
check_http_listen(struct config *c, const char *value, char *why, size_t size)
{
	return check_service(c->http.listen, sizeof c->http.listen, value, why, size);
}

static int
check_colour(struct config *c, const char *value, char *why, size_t size)
{
	if (value[0] != '#' || strlen(value) != 7 || strspn(value + 1, "0123456789abcdefABCDEF") != 6)
		return refuse(why, size, "is not #RRGGBB, like #1a6b54");
	memcpy(c->http.colour, value, sizeof c->http.colour);
	return 0;
}

static int
check_templates(struct config *c, const char *value, char *why, size_t size)
{
	return value[0] == '\0' ? 0 : check_path(c->http.templates, sizeof c->http.templates, value, why, size);
}

static int
check_public_url(struct config *c, const char *value, char *why, size_t size)
{
	size_t		n = strlen(value);
	struct url	url;

	if (n > 0 && (url_parse(&url, value, why, size) != 0 || !url.https || url.path[0] != '/' || url.path[1] != '\0'))
		return refuse(why, size, "is not https://NAME or https://NAME:PORT");
	snprintf(c->http.public_url, sizeof c->http.public_url, "%.*s", (int)(n - (n > 0 && value[n - 1] == '/')), value);
	return 0;
}

static int
check_metrics_listen(struct config *c, const char *value, char *why, size_t size)
{
	return check_service(c->metrics.listen, sizeof c->metrics.listen, value, why, size);
}

static int
check_public(struct config *c, const char *value, char *why, size_t size)
{
	struct provision_where	where;

	if (value[0] != '\0' && provision_where_parse(&where, span_of(value)) != 0)
		return refuse(why, size, "is not TRANSPORT:HOST or TRANSPORT:HOST:PORT, like tls:pbx.example.com:5061");
	snprintf(c->sip.public, sizeof c->sip.public, "%s", value);
	return 0;
}

/* Without its link a message would be of no use. */
static int
check_message(char *at, size_t at_size, const char *value, char *why, size_t size)
{
	if (strlen(value) >= at_size)
		return refuse(why, size, "is longer than 511 bytes");
	if (strstr(value, "{link}") == NULL)
		return refuse(why, size, "must hold {link}");
	memcpy(at, value, strlen(value) + 1);
	return 0;
}

static int
check_install_text(struct config *c, const char *value, char *why, size_t size)
{
	return check_message(c->sms.install_text, sizeof c->sms.install_text, value, why, size);
}

static int
check_activate_text(struct config *c, const char *value, char *why, size_t size)
{
	return check_message(c->sms.activate_text, sizeof c->sms.activate_text, value, why, size);
}

static int
check_sms_url(struct config *c, const char *value, char *why, size_t size)
{
	size_t	n = strlen(value);

	if (n >= sizeof c->sms.url)
		return refuse(why, size, "is longer than 1023 bytes");
	if (n > 0 && strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0)
		return refuse(why, size, "must start with http:// or https://");
	if (n > 0 && strcspn(value, " \"<>\\^`|") != n)
		return refuse(why, size, "holds a character that must be percent-encoded in a URL");
	if (n > 0 && (strstr(value, "{number}") == NULL || strstr(value, "{text}") == NULL))
		return refuse(why, size, "must hold {number} and {text}");
	memcpy(c->sms.url, value, n + 1);
	return 0;
}

static int
check_sms_command(struct config *c, const char *value, char *why, size_t size)
{
	struct argv	argv;
	bool		number = value[0] == '\0';

	_Static_assert(sizeof argv.text <= sizeof c->sms.command, "what can be split has room");
	if (argv_split(&argv, value, why, size) != 0)
		return ERR_INVALID;
	if (value[0] != '\0' && (argv.words[0] == NULL || argv.words[0][0] != '/'))
		return refuse(why, size, "must start with the program's whole path: there is no shell that looks for it");
	for (size_t i = 1; value[0] != '\0' && argv.words[i] != NULL; i++)
		number |= strstr(argv.words[i], "{number}") != NULL;
	if (!number)
		return refuse(why, size, "must hold {number} after the program");
	memcpy(c->sms.command, value, strlen(value) + 1);
	return 0;
}

static int
check_server(struct config *c, const char *value, char *why, size_t size)
{
	if (addr_parse(&c->resolver.servers[c->resolver.n_servers], value) != 0)
		return refuse(why, size, "is not ADDRESS or ADDRESS:PORT");
	c->resolver.n_servers++;
	return 0;
}

static int
check_overflow(struct config *c, const char *value, char *why, size_t size)
{
	if (strcmp(value, "refuse") == 0)
		c->reg.overflow = OVERFLOW_REFUSE;
	else if (strcmp(value, "replace") == 0)
		c->reg.overflow = OVERFLOW_REPLACE;
	else
		return refuse(why, size, "must be \"refuse\" or \"replace\"");
	return 0;
}

static int
check_algorithm(struct config *c, const char *value, char *why, size_t size)
{
	if (strcmp(value, "SHA-256") == 0)
		c->auth.algorithms |= AUTH_SHA256;
	else if (strcmp(value, "MD5") == 0)
		c->auth.algorithms |= AUTH_MD5;
	else
		return refuse(why, size, "must be \"SHA-256\" or \"MD5\"");
	return 0;
}

static int
check_level(struct config *c, const char *value, char *why, size_t size)
{
	int	level = log_level_of(value);

	if (level < 0)
		return refuse(why, size, "must be \"error\", \"warning\", \"notice\", \"info\" or \"debug\"");
	c->log.level = (uint32_t)level;
	return 0;
}

static int
check_debug(struct config *c, const char *value, char *why, size_t size)
{
	size_t	n;

	for (int i = 0; i < SUB_COUNT; i++) {
		if (strcmp(log_subsystem_name((enum log_subsystem)i), value) == 0) {
			c->log.debug |= 1u << i;
			return 0;
		}
	}
	n = (size_t)snprintf(why, size, "must be one of");
	for (int i = 0; i < SUB_COUNT && n < size; i++)
		n += (size_t)snprintf(why + n, size - n, " %s", log_subsystem_name((enum log_subsystem)i));
	return ERR_INVALID;
}

/* FIRST-LAST; a sender of RTP takes the even ones. */
static int
check_ports(struct config *c, const char *value, char *why, size_t size)
{
	unsigned	first, last;
	int		end = 0;

	if (sscanf(value, "%5u-%5u%n", &first, &last, &end) != 2 || value[end] != '\0')
		return refuse(why, size, "is not FIRST-LAST, like 40000-40999");
	if (first < 1024 || last > 65535 || last < first + 1)
		return refuse(why, size, "must be a range of ports from 1024 to 65535, of two at least");
	c->announce.port_first = first;
	c->announce.port_last = last;
	return 0;
}

static int
check_language(struct config *c, const char *value, char *why, size_t size)
{
	if (!language_is_tag(value))
		return refuse(why, size, "is not a language like en or it-CH");
	snprintf(c->announce.language, sizeof c->announce.language, "%s", value);
	return 0;
}

static int
check_directory(struct config *c, const char *value, char *why, size_t size)
{
	return value[0] == '\0' ? 0 : check_path(c->announce.directory, sizeof c->announce.directory, value, why, size);
}

/* It stands between < and > in a header. */
static int
check_error_info(struct config *c, const char *value, char *why, size_t size)
{
	if (strlen(value) >= sizeof c->announce.error_info)
		return refuse(why, size, "is longer than 255 bytes");
	for (const char *p = value; *p != '\0'; p++)
		if (!isgraph((unsigned char)*p) || strchr("<>\"", *p) != NULL)
			return refuse(why, size, "is not a URL: no blanks, <, > and quotes");
	if (value[0] != '\0' && strchr(value, ':') == NULL)
		return refuse(why, size, "is not a URL, like https://sip.example.com/prompts/{language}/{prompt}.wav");
	memcpy(c->announce.error_info, value, strlen(value) + 1);
	return 0;
}

#define AT_CONFIG(m)	.offset = offsetof(struct config, m), .size = sizeof(((struct config *)NULL)->m)
#define STRING(m)	.type = "string", AT_CONFIG(m)
#define NUMBER(m)	.type = "number", AT_CONFIG(m)
#define CHECKED(f)	.type = "string", .check = (f)
#define LIST(n, f)	.type = "list", AT_CONFIG(n), .check = (f)

enum { DAY = 24 * 3600 };

/* Keys of one section stand together. */
const struct config_option	config_options[] = {
	{ .name = "node", CHECKED(check_node), .dflt = "\"a\"",
	  .help = "Name of this daemon, for the server field of accounts." },
	{ .name = "domain", LIST(n_domains, check_domain), .dflt = "{ \"localhost\" }", .min = 1, .max = CONFIG_DOMAINS,
	  .help = "SIP domains that are served. The first is the realm that passwords are bound to: choose it before the first account." },
	{ .name = "state_dir", CHECKED(check_state_dir), .dflt = "\"/var/lib/wirechief\"",
	  .help = "Folder of the store and of its keys." },
	{ .name = "listen", LIST(n_listens, check_listen), .dflt = "{ \"udp:127.0.0.1:5060\", \"tcp:127.0.0.1:5060\" }",
	  .min = 1, .max = CONFIG_LISTENS,
	  .help = "Where SIP is heard: TRANSPORT:ADDRESS:PORT. Port 0 lets the system choose. A change takes a restart." },
	{ .section = "tls", .name = "certificate", STRING(tls.certificate), .dflt = "\"\"",
	  .help = "PEM file of the certificate and its chain for the tls: listeners. Read again at SIGHUP." },
	{ .section = "tls", .name = "key", STRING(tls.key), .dflt = "\"\"",
	  .help = "PEM file of the certificate's private key." },
	{ .section = "tls", .name = "client_ca", STRING(tls.client_ca), .dflt = "\"\"",
	  .help = "PEM file of authorities; where it is given, a TLS client must show a certificate of theirs." },
	{ .section = "resolver", .name = "servers", LIST(resolver.n_servers, check_server), .dflt = "{}", .max = CONFIG_SERVERS,
	  .help = "Name servers that trunks are looked up at, ADDRESS or ADDRESS:PORT. Those of /etc/resolv.conf when empty. It and "
		  "/etc/hosts, whose names go before the servers', are read again at SIGHUP." },
	{ .section = "trunks", .name = "ca", STRING(trunks.ca), .dflt = "\"\"",
	  .help = "PEM file of the authorities that a TLS trunk's certificate must be of. The system's, "
		  "/etc/ssl/certs/ca-certificates.crt, when empty. Read again at SIGHUP." },
	{ .section = "control", .name = "socket", CHECKED(check_socket), .dflt = "\"/run/wirechief/control.sock\"",
	  .help = "Socket that wirechief(1) talks to." },
	{ .section = "control", .name = "operators", STRING(control.operators), .dflt = "\"wirechief\"",
	  .help = "UNIX group whose members may change things. root and the daemon's own user always may." },
	{ .section = "control", .name = "viewers", STRING(control.viewers), .dflt = "\"wirechief-view\"",
	  .help = "UNIX group whose members may look." },
	{ .section = "http", .name = "listen", CHECKED(check_http_listen), .dflt = "\"\"",
	  .help = "ADDRESS:PORT of the HTTPS service of install and activation pages. Off when empty. A change takes a restart." },
	{ .section = "http", .name = "public_url", CHECKED(check_public_url), .dflt = "\"\"",
	  .help = "What phones reach that service by: https://NAME or https://NAME:PORT." },
	{ .section = "http", .name = "certificate", STRING(http.certificate), .dflt = "\"\"",
	  .help = "PEM file of that service's certificate and its chain. Read again at SIGHUP." },
	{ .section = "http", .name = "key", STRING(http.key), .dflt = "\"\"",
	  .help = "PEM file of that certificate's private key." },
	{ .section = "http", .name = "ca", STRING(http.ca), .dflt = "\"\"",
	  .help = "PEM file of the authorities that the certificate of an SMS gateway must be of, and our own when the public name "
		  "is checked. The system's, /etc/ssl/certs/ca-certificates.crt, when empty. Read again at SIGHUP." },
	{ .section = "http", .name = "brand", STRING(http.brand), .dflt = "\"\"",
	  .help = "The name that pages bear. The first domain when empty." },
	{ .section = "http", .name = "colour", CHECKED(check_colour), .dflt = "\"#1a5fb4\"",
	  .help = "Colour of the pages' buttons: #RRGGBB. What is written on them is black or white, whichever is easier to read." },
	{ .section = "http", .name = "text", STRING(http.text), .dflt = "\"\"",
	  .help = "A sentence at the foot of each page: whom to call for help." },
	{ .section = "http", .name = "templates", CHECKED(check_templates), .dflt = "\"\"",
	  .help = "Folder of the pages' templates, NAME.html, read again at SIGHUP. The installed ones when empty." },
	{ .section = "metrics", .name = "listen", CHECKED(check_metrics_listen), .dflt = "\"\"",
	  .help = "ADDRESS:PORT of the metrics for Prometheus. This version has none, and nothing is heard there." },
	{ .section = "sms", .name = "url", CHECKED(check_sms_url), .dflt = "\"\"", .secret = true,
	  .help = "URL that sends an SMS when it is fetched; {number} and {text} are replaced, percent-encoded, the text in UTF-8." },
	{ .section = "sms", .name = "command", CHECKED(check_sms_command), .dflt = "\"\"", .secret = true,
	  .help = "Program that sends an SMS, instead of a URL: its path and its arguments, without a shell; {number} and {text} are "
		  "replaced, and without {text} the text is its standard input." },
	{ .section = "sms", .name = "accept", STRING(sms.accept), .dflt = "\"\"",
	  .help = "Text that a gateway's answer must hold besides its status 2xx, where that says nothing. Empty: the status is enough." },
	{ .section = "sms", .name = "timeout", NUMBER(sms.timeout), .dflt = "15", .min = 1, .max = 60,
	  .help = "Seconds that the gateway, or the program, has for an SMS." },
	{ .section = "sms", .name = "tries", NUMBER(sms.tries), .dflt = "5", .min = 1, .max = 20,
	  .help = "How often an SMS is tried before it is given up." },
	{ .section = "sms", .name = "retry", NUMBER(sms.retry), .dflt = "10", .min = 1, .max = 3600,
	  .help = "Seconds until the second try; the next ones wait 3, 6, 30 and 90 times as long, and so does one that the gateway refused." },
	{ .section = "sms", .name = "install_text", CHECKED(check_install_text), .dflt = "\"Your phone number is {number}. Get the app here: {link}\"",
	  .help = "The first SMS of an activation: {link} is replaced, and {number}, {username} and {owner}." },
	{ .section = "sms", .name = "activate_text", CHECKED(check_activate_text),
	  .dflt = "\"Open this link on your phone to set up and activate {number}: {link}\"",
	  .help = "The second SMS: the same are replaced." },
	{ .section = "qualify", .name = "interval", NUMBER(qualify.interval), .dflt = "60", .min = 5, .max = DAY,
	  .help = "Seconds between two probes of a device." },
	{ .section = "qualify", .name = "retry", NUMBER(qualify.retry), .dflt = "10", .min = 1, .max = DAY,
	  .help = "Seconds until a device that did not answer is probed again." },
	{ .section = "qualify", .name = "timeout", NUMBER(qualify.timeout), .dflt = "5", .min = 1, .max = 60,
	  .help = "Seconds that a device or a trunk has for its answer, where twice lagged_ms is more; one with a threshold of its own "
		  "has twice that. A trunk has as many to take a connection." },
	{ .section = "qualify", .name = "lagged_ms", NUMBER(qualify.lagged_ms), .dflt = "2000", .min = 1, .max = 60000,
	  .help = "Milliseconds from which on an answer is late: LAGGED." },
	{ .section = "qualify", .name = "unknown_after", NUMBER(qualify.unknown_after), .dflt = "3600", .min = 1, .max = 30 * DAY,
	  .help = "Seconds without an answer after which a device is UNKNOWN." },
	{ .section = "qualify", .name = "rate", NUMBER(qualify.rate), .dflt = "5000", .min = 1, .max = 100000,
	  .help = "Devices that are probed in a second, at most." },
	{ .section = "register", .name = "min_expires", NUMBER(reg.min_expires), .dflt = "60", .min = 1, .max = DAY,
	  .help = "Shortest registration in seconds; a shorter wish is answered 423." },
	{ .section = "register", .name = "default_expires", NUMBER(reg.default_expires), .dflt = "3600", .min = 1, .max = 30 * DAY,
	  .help = "Seconds that a registration lasts whose phone names none." },
	{ .section = "register", .name = "max_expires", NUMBER(reg.max_expires), .dflt = "7200", .min = 1, .max = 30 * DAY,
	  .help = "Longest registration in seconds; a longer wish is cut to it." },
	{ .section = "register", .name = "overflow", CHECKED(check_overflow), .dflt = "\"refuse\"",
	  .help = "What a device over the account's max_contacts meets: \"refuse\" (403) or \"replace\" (the oldest goes)." },
	{ .section = "queue", .name = "expires", NUMBER(queue.expires), .dflt = "259200", .min = 60, .max = 365 * DAY,
	  .help = "Seconds that a message waits for its recipient." },
	{ .section = "queue", .name = "tries", NUMBER(queue.tries), .dflt = "5", .min = 1, .max = 1000,
	  .help = "Deliveries that are tried while the recipient is registered." },
	{ .section = "queue", .name = "retry", NUMBER(queue.retry), .dflt = "30", .min = 1, .max = DAY,
	  .help = "Seconds between two tries." },
	{ .section = "queue", .name = "max_size", NUMBER(queue.max_size), .dflt = "65536", .min = 1, .max = 65536,
	  .help = "Bytes of the largest message." },
	{ .section = "queue", .name = "per_account", NUMBER(queue.per_account), .dflt = "1000", .min = 1, .max = 1000000,
	  .help = "Messages that may wait for one account." },
	{ .section = "calls", .name = "per_account", NUMBER(calls.per_account), .dflt = "10", .min = 0, .max = 10000,
	  .help = "Calls that an account may place at once; 0 is no limit." },
	{ .section = "calls", .name = "per_trunk", NUMBER(calls.per_trunk), .dflt = "0", .min = 0, .max = 100000,
	  .help = "Calls that may go through a trunk at once; 0 is no limit." },
	{ .section = "calls", .name = "outside", NUMBER(calls.outside), .dflt = "60", .min = 0, .max = 100000,
	  .help = "Calls through trunks that an account may place within ten minutes: a stolen password costs no more; 0 is no limit." },
	{ .section = "calls", .name = "longest", NUMBER(calls.longest), .dflt = "86400", .min = 0, .max = 30 * DAY,
	  .help = "Seconds after which a call is ended that nobody ended; 0 is no limit." },
	{ .section = "calls", .name = "gone", NUMBER(calls.gone), .dflt = "300", .min = 1, .max = DAY,
	  .help = "Seconds after which a call is ended when neither side's devices can be reached any more." },
	{ .section = "announce", .name = "directory", CHECKED(check_directory), .dflt = "\"\"",
	  .help = "Folder of the announcements: LANGUAGE/disabled.wav for who calls from a disabled account, LANGUAGE/called.wav for who calls one. "
		  "Those that were installed with the program when empty. Read again at SIGHUP." },
	{ .section = "announce", .name = "language", CHECKED(check_language), .dflt = "\"en\"",
	  .help = "Language of those whose phone names none in Accept-Language, or one that there is no announcement in." },
	{ .section = "announce", .name = "ports", CHECKED(check_ports), .dflt = "\"40000-40999\"",
	  .help = "UDP ports that announcements are spoken from, FIRST-LAST." },
	{ .section = "announce", .name = "most", NUMBER(announce.most), .dflt = "100", .min = 0, .max = 1000,
	  .help = "Announcements at once; a caller beyond that is refused without one. 0: nobody hears any." },
	{ .section = "announce", .name = "error_info", CHECKED(check_error_info), .dflt = "\"\"",
	  .help = "URL of the announcement, which the refusal names in Error-Info; {language} and {prompt} are replaced. None when empty." },
	{ .section = "auth", .name = "algorithms", LIST(auth.algorithms, check_algorithm), .dflt = "{ \"SHA-256\", \"MD5\" }",
	  .min = 1, .max = 2,
	  .help = "Digest algorithms that are offered: \"SHA-256\", \"MD5\"." },
	{ .section = "auth", .name = "nonce_life", NUMBER(auth.nonce_life), .dflt = "300", .min = 10, .max = 3600,
	  .help = "Seconds that a nonce may be used." },
	{ .section = "limits", .name = "auth_failures", NUMBER(limits.auth_failures), .dflt = "10", .max = 1000000,
	  .help = "Wrong passwords of one source address in auth_window, before its credentials are not looked at. 0: no limit." },
	{ .section = "limits", .name = "auth_window", NUMBER(limits.auth_window), .dflt = "60", .min = 1, .max = DAY,
	  .help = "Seconds in which they are counted." },
	{ .section = "limits", .name = "requests_per_second", NUMBER(limits.requests_per_second), .dflt = "30", .max = 1000000,
	  .help = "Requests a second of one source address, before authentication; a trunk's may send a hundred times as many. 0: no limit." },
	{ .section = "limits", .name = "burst", NUMBER(limits.burst), .dflt = "60", .min = 1, .max = 1000000,
	  .help = "Requests that a source address may send at once." },
	{ .section = "limits", .name = "connections", NUMBER(limits.connections), .dflt = "100", .max = 1000000,
	  .help = "TCP and TLS connections of one source address. 0: no limit." },
	{ .section = "limits", .name = "idle", NUMBER(limits.idle), .dflt = "3600", .max = 30 * DAY,
	  .help = "Seconds after which a silent connection is closed. 0: never." },
	{ .section = "sip", .name = "workers", NUMBER(sip.workers), .dflt = "1", .min = 1, .max = 1,
	  .help = "SIP front processes. This version runs one." },
	{ .section = "sip", .name = "public", CHECKED(check_public), .dflt = "\"\"",
	  .help = "Where phones find it, as their provisioning tells them: TRANSPORT:HOST:PORT, like tls:pbx.example.com:5061; without a port "
		  "they look it up in DNS. When empty: the first of a tls:, a tcp: or a udp: listener, at the name in http public_url." },
	{ .section = "log", .name = "level", CHECKED(check_level), .dflt = "\"info\"",
	  .help = "What is logged: \"error\", \"warning\", \"notice\", \"info\" or \"debug\", each with those before it." },
	{ .section = "log", .name = "debug", LIST(log.debug, check_debug), .dflt = "{}", .max = SUB_COUNT,
	  .help = "Subsystems that log everything, at whatever level." },
};
const size_t			n_config_options = sizeof config_options / sizeof config_options[0];
