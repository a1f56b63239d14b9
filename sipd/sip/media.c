#include "sipd/sip/media.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>
#include <srtp2/srtp.h>

#include "core/g711.h"

enum { HEARD_MAX = 8 /* packets that are looked at for each that is sent */, VERSION_BITS = 0xc0 };

struct media_pool {
	srtp_t		warm;		/* the library unloads its ciphers with its last session */
	uint32_t	next;		/* of the ports, counted from the first */
};

struct media {
	int			fd;
	srtp_t			srtp;		/* NULL: plain RTP */
	struct rtp		rtp;
	enum sdp_codec		codec;
	struct addr		from, host;
	struct sockaddr_storage	to;
	socklen_t		to_n;
};

/* A session that only sends. */
static srtp_t
session_new(enum sdp_suite suite, uint32_t ssrc, const uint8_t key[SDP_KEY])
{
	uint8_t		copy[SDP_KEY];
	srtp_policy_t	policy = { .ssrc = { .type = ssrc_specific, .value = ssrc }, .key = copy };
	srtp_t		srtp = NULL;

	memcpy(copy, key, sizeof copy);
	srtp_crypto_policy_set_rtp_default(&policy.rtp);
	srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
	if (suite == SDP_AES_32)
		srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
	if (srtp_create(&srtp, &policy) != srtp_err_status_ok)
		srtp = NULL;
	sodium_memzero(copy, sizeof copy);
	return srtp;
}

struct media_pool *
media_pool_new(void)
{
	static const uint8_t	 no_key[SDP_KEY];
	struct media_pool	*pool = calloc(1, sizeof *pool);

	if (pool == NULL)
		return NULL;
	if (srtp_init() == srtp_err_status_ok && (pool->warm = session_new(SDP_AES_80, 0, no_key)) != NULL)
		return pool;
	free(pool);
	return NULL;
}

void
media_pool_free(struct media_pool *pool)
{
	if (pool == NULL)
		return;
	(void)srtp_dealloc(pool->warm);
	(void)srtp_shutdown();
	free(pool);
}

static int
socket_new(const struct addr *a)
{
	struct sockaddr_storage	ss;
	socklen_t		n = addr_to_sockaddr(a, &ss);
	int			fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), expedited = IPTOS_DSCP_EF, rc;
	bool			v6 = a->family == ADDR_IP6;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, &expedited, sizeof expedited);
	if (bind(fd, (const struct sockaddr *)&ss, n) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* On the next even port of the range that is free.  The descriptor or -errno. */
static int
socket_in_range(struct media_pool *pool, const struct media_how *how, struct addr *from)
{
	uint32_t	first = how->port_first + how->port_first % 2, pairs = (how->port_last - first) / 2 + 1;
	int		fd = -EADDRINUSE;

	for (uint32_t i = 0; i < pairs && fd == -EADDRINUSE; i++) {
		from->port = (uint16_t)(first + 2 * (pool->next++ % pairs));
		fd = socket_new(from);
	}
	return fd;
}

struct media *
media_new(struct media_pool *pool, const struct media_how *how)
{
	struct media	*m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	m->from = how->from;
	m->host = how->host;
	m->codec = how->codec;
	m->to_n = addr_to_sockaddr(&how->to, &m->to);
	randombytes_buf(&m->rtp, sizeof m->rtp);
	m->rtp.sent = 0;
	m->rtp.sequence &= 0x7fff;	/* the hearer sees no turn of it while it guesses its beginning (RFC 3711 section 3.3.1) */
	m->rtp.payload_type = how->payload_type;
	m->fd = socket_in_range(pool, how, &m->from);
	if (m->fd >= 0 && how->suite != SDP_PLAIN)
		m->srtp = session_new(how->suite, m->rtp.ssrc, how->key);
	if (m->fd >= 0 && (how->suite == SDP_PLAIN || m->srtp != NULL))
		return m;
	media_free(m);
	return NULL;
}

void
media_free(struct media *m)
{
	if (m == NULL)
		return;
	if (m->fd >= 0)
		close(m->fd);
	if (m->srtp != NULL)
		(void)srtp_dealloc(m->srtp);
	free(m);
}

const struct addr *
media_from(const struct media *m)
{
	return &m->from;
}

/* What it says is not listened to: only where it says it from. */
static void
hear(struct media *m)
{
	struct sockaddr_storage	ss;
	struct addr		a;
	uint8_t			head[RTP_HEADER];

	for (int i = 0; i < HEARD_MAX; i++) {
		socklen_t	size = sizeof ss;
		ssize_t		n = recvfrom(m->fd, head, sizeof head, MSG_DONTWAIT, (struct sockaddr *)&ss, &size);

		if (n < 0)
			return;		/* nothing, or that a packet of ours found nobody: that is no reason to stop */
		if (n < (ssize_t)sizeof head || (head[0] & VERSION_BITS) != RTP_VERSION || addr_of_sockaddr(&a, (const struct sockaddr *)&ss) != 0 ||
		    !addr_same_ip(&a, &m->host))
			continue;
		m->to_n = addr_to_sockaddr(&a, &m->to);
	}
}

void
media_say(struct media *m, const int16_t *samples, size_t n)
{
	uint8_t	(*const code)(int16_t) = m->codec == SDP_PCMU ? g711_ulaw : g711_alaw;
	_Alignas(4) uint8_t	packet[RTP_HEADER + RTP_SAMPLES + SRTP_MAX_TRAILER_LEN];
	int		size = RTP_HEADER + RTP_SAMPLES;

	hear(m);
	rtp_header(&m->rtp, RTP_SAMPLES, packet);
	for (size_t i = 0; i < RTP_SAMPLES; i++)
		packet[RTP_HEADER + i] = code(i < n ? samples[i] : 0);
	if (m->srtp != NULL && srtp_protect(m->srtp, packet, &size) != srtp_err_status_ok)
		return;
	(void)sendto(m->fd, packet, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&m->to, m->to_n);
}
