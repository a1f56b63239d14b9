/*
 * Calls through a proxy over UDP: caller and phone are both here.  Caller i calls phone i: INVITE with credentials where it is asked for
 * them, 180, 200, ACK, BYE at once, 200; in a closed loop (-w calls at a time) or an open one (-r calls a second), and the CPU that the
 * server's processes took meanwhile.  Prints one JSON line.
 *
 *	call_blast -p 5060 -P 4711,4712 [-d bench.example] [-n USERS] [-w WINDOW | -r RATE] [-t SECONDS] [-b PHONES_PORT] [-a md5|sha256] [-l LABEL]
 * Callers are u000000 on; phones the next USERS, registered before at 127.0.0.1:PHONES_PORT.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/socket.h>

#include "tests/bench/lib/cpu.h"
#include "tests/bench/lib/digest.h"
#include "tests/bench/lib/latency.h"

enum { PACKET = 3000, ROUTES = 1000, TAG = 64, BATCH = 64 };
enum { AGAIN_NS = 500000000 };

enum step { IDLE, INVITED, TALKING, ENDING };

static const char	sdp[] = "v=0\r\no=a 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n";

/* One caller with its phone, and their call.  What each sent last is sent again until it is answered. */
struct pair {
	enum step		step;
	struct digest_nonce	nonce;
	uint32_t		call, cseq;		/* call: tells late packets of an earlier one */
	uint64_t		began_ns, asked_ns, sent_ns, answered_ns;
	char			to[160], tag[TAG], contact[160], routes[ROUTES];
	char			packet[PACKET], ok[PACKET];	/* of the caller; the phone's 200 until the ACK */
	size_t			n, n_ok;
};

struct blast {
	struct digest	 digest;
	const char	*label;
	int		 port, phones_port, caller, phone;	/* the last two are sockets */
	uint16_t	 caller_port;
	uint32_t	 n_users, window, busy, next, calls;
	double		 rate, seconds;
	struct pair	*pairs;
	struct cpu	 cpu;
	struct latency	 latency;
	uint64_t	 started, done, challenged, refused, again, failed;
};

static void
put(struct blast *b, int fd, const char *packet, size_t n)
{
	(void)b;
	(void)send(fd, packet, n, 0);		/* what is lost is sent again */
}

/* The value of the header's line after the one at from; false: there is none. */
static bool
header(const char *text, const char *name, char *value, size_t size)
{
	size_t	n = strlen(name);

	for (const char *p = strstr(text, "\r\n"); p != NULL && p[2] != '\r'; p = strstr(p + 2, "\r\n")) {
		if (strncasecmp(p + 2, name, n) != 0 || p[2 + n] != ':')
			continue;
		p += 2 + n + 1;
		p += strspn(p, " ");
		n = strcspn(p, "\r");
		(void)snprintf(value, size, "%.*s", (int)n, p);
		return n < size;
	}
	return false;
}

/* All lines of these names, as they came. */
static size_t
copy_lines(const char *text, const char *const *names, char *out, size_t size)
{
	size_t	at = 0;

	for (const char *p = strstr(text, "\r\n"); p != NULL && p[2] != '\r'; p = strstr(p + 2, "\r\n")) {
		for (const char *const *name = names; *name != NULL; name++) {
			size_t	n = strcspn(p + 2, "\r") + 2;

			if (strncasecmp(p + 2, *name, strlen(*name)) == 0 && at + n < size) {
				memcpy(out + at, p + 2, n);
				at += n;
			}
		}
	}
	out[at] = '\0';
	return at;
}

/* The route set of a caller: Record-Route from the last to the first (RFC 3261 section 12.1.2). */
static void
take_routes(struct pair *p, const char *answer)
{
	static const char *const	names[] = { "Record-Route:", NULL };
	char				lines[ROUTES], *line, *rest = lines, *values[16];
	size_t				n = 0, at = 0;

	(void)copy_lines(answer, names, lines, sizeof lines);
	while ((line = strsep(&rest, "\r\n")) != NULL) {
		for (char *value = strchr(line, ':'), *next; value != NULL && n < 16; value = next) {
			if ((next = strchr(value + 1, ',')) != NULL)
				*next = '\0';
			values[n++] = value + 1;
		}
	}
	p->routes[0] = '\0';
	while (n-- > 0)
		at += (size_t)snprintf(p->routes + at, sizeof p->routes - at, "Route: %s\r\n", values[n] + strspn(values[n], " "));
}

static void
ask(struct blast *b, uint32_t at, const char *method, const char *uri, const char *more, const char *body)
{
	struct pair	*p = &b->pairs[at];
	int		 n;

	n = snprintf(p->packet, sizeof p->packet,
	    "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%x.%x.%x;rport\r\n%sMax-Forwards: 70\r\n"
	    "From: <sip:u%06u@%s>;tag=%x\r\nTo: <%s>%s%s\r\nCall-ID: %x.%x@bench\r\nCSeq: %u %s\r\nContact: <sip:u%06u@127.0.0.1:%u>\r\n"
	    "%s%s%sContent-Length: %zu\r\n\r\n%s",
	    method, uri, b->caller_port, at, p->call, p->cseq, p->routes, at, b->digest.domain, p->call, p->to, p->tag[0] == '\0' ? "" : ";tag=",
	    p->tag, at, p->call, p->cseq, method, at, b->caller_port, more, body[0] == '\0' ? "" : "Content-Type: application/sdp\r\n",
	    "User-Agent: Yealink SIP-T46S 66.86.0.15\r\n", strlen(body), body);
	p->n = n < (int)sizeof p->packet ? (size_t)n : sizeof p->packet;
	p->sent_ns = now_ns();
	put(b, b->caller, p->packet, p->n);
}

static void
invite(struct blast *b, uint32_t at)
{
	struct pair	*p = &b->pairs[at];
	char		 line[DIGEST_LINE] = "", name[16];

	(void)snprintf(name, sizeof name, "u%06u", at);
	if (p->nonce.nonce[0] != '\0')
		digest_line(&b->digest, &p->nonce, name, "INVITE", p->to, line);
	p->cseq++;
	p->asked_ns = now_ns();
	ask(b, at, "INVITE", p->to, line, sdp);
}

static void
begin(struct blast *b)
{
	uint32_t	 at = b->next;
	struct pair	*p;

	while (b->pairs[at].step != IDLE)
		at = (at + 1) % b->n_users;
	b->next = (at + 1) % b->n_users;
	p = &b->pairs[at];
	p->step = INVITED;
	p->call = ++b->calls;
	p->cseq = 0;
	p->tag[0] = p->routes[0] = p->contact[0] = '\0';
	p->n_ok = 0;
	p->began_ns = now_ns();
	(void)snprintf(p->to, sizeof p->to, "sip:u%06u@%s", b->n_users + at, b->digest.domain);
	b->busy++;
	b->started++;
	invite(b, at);
}

static void
end(struct blast *b, struct pair *p, uint64_t *counter)
{
	p->step = IDLE;
	p->n_ok = 0;
	b->busy--;
	(*counter)++;
}

/* Acknowledges what is not a 2xx: in the INVITE's own transaction (RFC 3261 section 17.1.1.3). */
static void
acknowledge_refusal(struct blast *b, uint32_t at, const char *answer)
{
	struct pair	*p = &b->pairs[at];
	char		 to[256], out[PACKET];
	int		 n;

	if (!header(answer, "To", to, sizeof to))
		return;
	n = snprintf(out, sizeof out, "ACK %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%x.%x.%x;rport\r\nMax-Forwards: 70\r\n"
	    "From: <sip:u%06u@%s>;tag=%x\r\nTo: %s\r\nCall-ID: %x.%x@bench\r\nCSeq: %u ACK\r\nContent-Length: 0\r\n\r\n", p->to, b->caller_port, at,
	    p->call, p->cseq, at, b->digest.domain, p->call, to, at, p->call, p->cseq);
	put(b, b->caller, out, (size_t)n);
}

static void
answered(struct blast *b, uint32_t at, const char *answer)
{
	struct pair	*p = &b->pairs[at];
	char		 to[256], contact[256];
	const char	*tag;

	if (!header(answer, "To", to, sizeof to) || (tag = strstr(to, ";tag=")) == NULL || !header(answer, "Contact", contact, sizeof contact))
		return;
	latency_add(&b->latency, now_ns() - p->asked_ns);
	(void)snprintf(p->tag, sizeof p->tag, "%s", tag + strlen(";tag="));
	(void)snprintf(p->contact, sizeof p->contact, "%.*s", (int)strcspn(contact + 1, ">"), contact + 1);
	take_routes(p, answer);
	ask(b, at, "ACK", p->contact, "", "");
	p->cseq++;
	p->step = ENDING;
	ask(b, at, "BYE", p->contact, "", "");
}

static void
on_answer(struct blast *b, char *text)
{
	char		 call_id[64], cseq[40];
	unsigned	 at, call, seq;
	struct pair	*p;
	int		 code = atoi(text + strlen("SIP/2.0 "));

	if (code < 200 || !header(text, "Call-ID", call_id, sizeof call_id) || sscanf(call_id, "%x.%x", &at, &call) != 2 || at >= b->n_users ||
	    !header(text, "CSeq", cseq, sizeof cseq) || (seq = (unsigned)atoi(cseq)) == 0)
		return;
	p = &b->pairs[at];
	if (p->call != call || p->cseq != seq)
		return;
	if (p->step == ENDING && strstr(cseq, "BYE") != NULL) {
		end(b, p, code == 200 ? &b->done : &b->refused);
	} else if (p->step == INVITED && code == 200) {
		answered(b, at, text);
	} else if (p->step == INVITED) {
		acknowledge_refusal(b, at, text);
		if (code == 407 && seq < 3 && digest_challenged(&b->digest, &p->nonce, text)) {
			b->challenged++;
			invite(b, at);
		} else
			end(b, p, &b->refused);
	}
}

/* The phone rings and answers at once. */
static void
on_request(struct blast *b, char *text)
{
	static const char *const	echoed[] = { "Via:", "Record-Route:", "From:", "Call-ID:", "CSeq:", NULL };
	char				call_id[64], to[256], lines[PACKET - 600], out[PACKET];
	unsigned			at, call;
	struct pair			*p;
	int				n;

	if (!header(text, "Call-ID", call_id, sizeof call_id) || sscanf(call_id, "%x.%x", &at, &call) != 2 || at >= b->n_users)
		return;
	p = &b->pairs[at];
	if (strncmp(text, "ACK ", 4) == 0) {
		if (p->call == call)
			p->n_ok = 0;
		return;
	}
	if (!header(text, "To", to, sizeof to))
		return;
	(void)copy_lines(text, echoed, lines, sizeof lines);
	if (strncmp(text, "INVITE ", 7) != 0) {
		n = snprintf(out, sizeof out, "SIP/2.0 200 OK\r\n%sTo: %s\r\nContent-Length: 0\r\n\r\n", lines, to);
		put(b, b->phone, out, (size_t)n);
		return;
	}
	n = snprintf(out, sizeof out, "SIP/2.0 180 Ringing\r\n%sTo: %s;tag=p%x\r\nContact: <sip:u%06u@127.0.0.1:%d>\r\nContent-Length: 0\r\n\r\n",
	    lines, to, call, b->n_users + at, b->phones_port);
	put(b, b->phone, out, (size_t)n);
	n = snprintf(p->ok, sizeof p->ok, "SIP/2.0 200 OK\r\n%sTo: %s;tag=p%x\r\nContact: <sip:u%06u@127.0.0.1:%d>\r\n"
	    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s", lines, to, call, b->n_users + at, b->phones_port,
	    strlen(sdp), sdp);
	p->n_ok = p->call == call ? (size_t)n : 0;
	p->answered_ns = now_ns();
	put(b, b->phone, p->ok, (size_t)n);
}

static void
drain(struct blast *b, int fd)
{
	static char		bufs[BATCH][PACKET];
	static struct mmsghdr	m[BATCH];
	static struct iovec	v[BATCH];
	int			n;

	do {
		for (int i = 0; i < BATCH; i++) {
			v[i] = (struct iovec){ .iov_base = bufs[i], .iov_len = sizeof bufs[i] - 1 };
			m[i].msg_hdr = (struct msghdr){ .msg_iov = &v[i], .msg_iovlen = 1 };
		}
		n = recvmmsg(fd, m, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++) {
			bufs[i][m[i].msg_len] = '\0';
			if (strncmp(bufs[i], "SIP/2.0 ", 8) == 0)
				on_answer(b, bufs[i]);
			else
				on_request(b, bufs[i]);
		}
	} while (n == BATCH);
}

static void
send_again(struct blast *b)
{
	uint64_t	t = now_ns();

	for (uint32_t i = 0; i < b->n_users; i++) {
		struct pair	*p = &b->pairs[i];

		if (p->step == IDLE)
			continue;
		if (t - p->began_ns > 32000000000u) {
			end(b, p, &b->failed);
			continue;
		}
		if (t - p->sent_ns > AGAIN_NS) {
			b->again++;
			p->sent_ns = t;
			put(b, b->caller, p->packet, p->n);
		}
		if (p->n_ok > 0 && t - p->answered_ns > AGAIN_NS) {
			b->again++;
			p->answered_ns = t;
			put(b, b->phone, p->ok, p->n_ok);
		}
	}
}

static void
run(struct blast *b, double seconds, bool print)
{
	struct pollfd	pf[] = { { .fd = b->caller, .events = POLLIN }, { .fd = b->phone, .events = POLLIN } };
	bool		open_loop = b->rate > 0 && print;
	uint64_t	began = now_ns(), until = began + (uint64_t)(seconds * 1e9), again = began, cpu = cpu_ns(&b->cpu), t;
	double		took;

	latency_clear(&b->latency);
	b->started = b->done = b->challenged = b->refused = b->again = b->failed = 0;
	while ((t = now_ns()) < until || b->busy > 0) {
		uint64_t	due = open_loop ? (uint64_t)((double)(t - began) / 1e9 * b->rate) : UINT64_MAX;

		while (t < until && b->busy < (open_loop ? b->n_users : b->window) && b->started < due)
			begin(b);
		(void)ppoll(pf, 2, &(struct timespec){ .tv_nsec = open_loop ? 50000 : 10000000 }, NULL);
		drain(b, b->phone);
		drain(b, b->caller);
		if (now_ns() - again > AGAIN_NS / 5) {
			again = now_ns();
			send_again(b);
		}
	}
	took = (double)(now_ns() - began) / 1e9;
	cpu = cpu_ns(&b->cpu) - cpu;
	if (print)
		printf("{\"label\":\"%s\",\"secs\":%.2f,\"calls\":%lu,\"calls_s\":%.0f,\"n407\":%lu,\"refused\":%lu,\"again\":%lu,\"fail\":%lu,"
		    "\"p50us\":%.0f,\"p99us\":%.0f,\"maxus\":%.0f,\"cpu_us_call\":%.2f,\"cpu_pct\":%.0f}\n", b->label, took, b->done,
		    (double)b->done / took, b->challenged, b->refused, b->again, b->failed, latency_us(&b->latency, 0.5),
		    latency_us(&b->latency, 0.99), (double)b->latency.max_ns / 1e3, b->done == 0 ? 0 : (double)cpu / 1e3 / (double)b->done,
		    (double)cpu / 1e7 / took);
}

static int
socket_open(const struct blast *b, int own, uint16_t *port)
{
	struct sockaddr_in	me = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)own) };
	struct sockaddr_in	to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)b->port) };
	socklen_t		n = sizeof me;
	int			fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), size = 8 << 20;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&me, sizeof me) != 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
		perror("call_blast: socket");
		exit(1);
	}
	(void)getsockname(fd, (struct sockaddr *)&me, &n);
	*port = ntohs(me.sin_port);
	return fd;
}

int
main(int argc, char **argv)
{
	static struct blast	b = { .digest = { .domain = "bench.example", .password = "secretsecret" }, .label = "calls", .port = 5060,
		.phones_port = 43100, .n_users = 2000, .window = 64, .seconds = 10 };
	uint16_t		port;
	int			c;

	while ((c = getopt(argc, argv, "p:P:d:n:w:r:t:b:a:l:")) != -1) {
		switch (c) {
		case 'p': b.port = atoi(optarg); break;
		case 'P': cpu_pids(&b.cpu, optarg); break;
		case 'd': b.digest.domain = optarg; break;
		case 'n': b.n_users = (uint32_t)atoi(optarg); break;
		case 'w': b.window = (uint32_t)atoi(optarg); break;
		case 'r': b.rate = atof(optarg); break;
		case 't': b.seconds = atof(optarg); break;
		case 'b': b.phones_port = atoi(optarg); break;
		case 'a': b.digest.sha256 = strcasecmp(optarg, "md5") != 0; break;
		case 'l': b.label = optarg; break;
		default:
			fprintf(stderr, "usage: call_blast -p PORT [-P PID,PID] [-d DOMAIN] [-n USERS] [-w WINDOW | -r RATE] [-t SECONDS]\n"
			    "    [-b PHONES_PORT] [-a md5|sha256] [-l LABEL]\n");
			return 2;
		}
	}
	if (b.n_users < 1 || b.window < 1 || b.window > b.n_users || (b.pairs = calloc(b.n_users, sizeof *b.pairs)) == NULL) {
		fprintf(stderr, "call_blast: -n or -w out of range\n");
		return 2;
	}
	b.caller = socket_open(&b, 0, &b.caller_port);
	b.phone = socket_open(&b, b.phones_port, &port);
	run(&b, 1, false);		/* callers get their nonces */
	run(&b, b.seconds, true);
	return b.failed == 0 && b.refused == 0 ? 0 : 1;
}
