/* links: sip sipd */
#include "sipd/sip/media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <srtp2/srtp.h>

#include "core/g711.h"

struct rig {
	struct media_pool	*pool;
	struct media_how	 how;
	int			 ear;			/* of the hearer */
	int16_t			 samples[RTP_SAMPLES];
};

/* A socket of the hearer's, and where it is. */
static int
ear_open(struct addr *a)
{
	struct sockaddr_in	in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		n = sizeof in;
	int			fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	assert_int_equal(addr_of_sockaddr(a, (const struct sockaddr *)&in), 0);
	return fd;
}

static int
setup(void **state)
{
	struct rig	*r = calloc(1, sizeof *r);

	assert_non_null(r->pool = media_pool_new());
	r->ear = ear_open(&r->how.to);
	assert_int_equal(addr_parse(&r->how.from, "127.0.0.1"), 0);
	r->how.host = r->how.to;
	r->how.port_first = 20000;
	r->how.port_last = 29999;
	for (size_t i = 0; i < RTP_SAMPLES; i++)
		r->samples[i] = (int16_t)(i * 150);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	struct rig	*r = *state;

	media_pool_free(r->pool);
	close(r->ear);
	free(r);
	return 0;
}

static size_t
heard(int ear, uint8_t packet[512])
{
	struct pollfd	p = { .fd = ear, .events = POLLIN };
	ssize_t		n;

	assert_int_equal(poll(&p, 1, 10000), 1);
	n = recv(ear, packet, 512, 0);
	assert_true(n > 0);
	return (size_t)n;
}

static void
plain(void **state)
{
	struct rig	*r = *state;
	struct media	*m = media_new(r->pool, &r->how);
	uint8_t		 a[512], b[512];

	assert_non_null(m);
	assert_int_equal(media_from(m)->port % 2, 0);
	media_say(m, r->samples, RTP_SAMPLES);
	media_say(m, r->samples, 10);
	assert_int_equal(heard(r->ear, a), RTP_HEADER + RTP_SAMPLES);
	assert_int_equal(heard(r->ear, b), RTP_HEADER + RTP_SAMPLES);
	assert_int_equal(a[0], 0x80);
	assert_int_equal(a[1], 0x80);		/* marker, PCMU */
	assert_int_equal(b[1], 0);
	assert_int_equal((uint16_t)(b[2] << 8 | b[3]), (uint16_t)((a[2] << 8 | a[3]) + 1));
	assert_memory_equal(a + 8, b + 8, 4);
	for (size_t i = 0; i < RTP_SAMPLES; i++) {
		assert_int_equal(a[RTP_HEADER + i], g711_ulaw(r->samples[i]));
		assert_int_equal(b[RTP_HEADER + i], g711_ulaw(i < 10 ? r->samples[i] : 0));
	}
	media_free(m);
}

/* The hearer's end of SRTP is libsrtp2's own, with the key that the answer would tell. */
static void
secure(void **state)
{
	static const enum sdp_suite	 suites[] = { SDP_AES_80, SDP_AES_32 };
	static const int		 tags[] = { 10, 4 };
	struct rig			*r = *state;

	for (size_t i = 0; i < 2; i++) {
		srtp_policy_t	policy = { .ssrc = { .type = ssrc_any_inbound }, .key = r->how.key };
		struct media	*m;
		srtp_t		 srtp;
		uint8_t		 packet[512], again[512];
		int		 n;

		r->how.suite = suites[i];
		r->how.codec = SDP_PCMA;
		r->how.payload_type = 8;
		memset(r->how.key, 'k', sizeof r->how.key);
		assert_non_null(m = media_new(r->pool, &r->how));
		media_say(m, r->samples, RTP_SAMPLES);
		n = (int)heard(r->ear, packet);
		assert_int_equal(n, RTP_HEADER + RTP_SAMPLES + tags[i]);
		assert_int_not_equal(packet[RTP_HEADER + 50], g711_alaw(r->samples[50]));
		srtp_crypto_policy_set_rtp_default(&policy.rtp);
		srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
		if (suites[i] == SDP_AES_32)
			srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
		assert_int_equal(srtp_create(&srtp, &policy), srtp_err_status_ok);
		memcpy(again, packet, sizeof again);
		again[RTP_HEADER] ^= 1;
		assert_int_equal(srtp_unprotect(srtp, again, &n), srtp_err_status_auth_fail);
		n = RTP_HEADER + RTP_SAMPLES + tags[i];
		assert_int_equal(srtp_unprotect(srtp, packet, &n), srtp_err_status_ok);
		assert_int_equal(n, RTP_HEADER + RTP_SAMPLES);
		for (size_t at = 0; at < RTP_SAMPLES; at++)
			assert_int_equal(packet[RTP_HEADER + at], g711_alaw(r->samples[at]));
		assert_int_equal(srtp_dealloc(srtp), srtp_err_status_ok);
		media_free(m);
	}
}

static void
send_from(int fd, const struct media *m, const void *bytes, size_t n)
{
	struct sockaddr_storage	ss;
	socklen_t		size = addr_to_sockaddr(media_from(m), &ss);

	assert_int_equal(sendto(fd, bytes, n, 0, (const struct sockaddr *)&ss, size), n);
}

/* Behind a NAT the hearer's packets come from elsewhere than it said: they show where it hears.  Others' show nothing. */
static void
follows_its_hearer(void **state)
{
	static const uint8_t	 rtp[RTP_HEADER + 1] = { 0x80 };
	struct rig		*r = *state;
	struct media		*m = media_new(r->pool, &r->how);
	struct addr		 a;
	int			 other = ear_open(&a);
	uint8_t			 packet[512];

	assert_non_null(m);
	send_from(other, m, "no RTP, but long enough", 23);
	media_say(m, r->samples, RTP_SAMPLES);
	assert_int_equal(heard(r->ear, packet), RTP_HEADER + RTP_SAMPLES);
	send_from(other, m, rtp, sizeof rtp);
	media_say(m, r->samples, RTP_SAMPLES);
	assert_int_equal(heard(other, packet), RTP_HEADER + RTP_SAMPLES);
	media_free(m);
	assert_int_equal(addr_parse(&r->how.host, "127.0.0.9"), 0);
	assert_non_null(m = media_new(r->pool, &r->how));
	send_from(other, m, rtp, sizeof rtp);
	media_say(m, r->samples, RTP_SAMPLES);
	assert_int_equal(heard(r->ear, packet), RTP_HEADER + RTP_SAMPLES);
	close(other);
	media_free(m);
}

/* Nobody hears at that port: each packet comes back as an error, and the next is sent all the same. */
static void
nobody_hears(void **state)
{
	struct rig	*r = *state;
	struct media	*m = media_new(r->pool, &r->how);
	struct addr	 gone = r->how.to;
	uint8_t		 packet[512];

	assert_non_null(m);
	close(r->ear);
	for (int i = 0; i < 20; i++)
		media_say(m, r->samples, RTP_SAMPLES);
	r->ear = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	{
		struct sockaddr_storage	ss;
		socklen_t		n = addr_to_sockaddr(&gone, &ss);

		assert_int_equal(bind(r->ear, (const struct sockaddr *)&ss, n), 0);
	}
	media_say(m, r->samples, RTP_SAMPLES);
	assert_int_equal(heard(r->ear, packet), RTP_HEADER + RTP_SAMPLES);
	media_free(m);
}

/* All of the range is used, and then there is none; a port that is given back is taken again. */
static void
range_is_kept(void **state)
{
	struct rig	*r = *state;
	struct media	*all[50];
	size_t		 n = 0;

	r->how.port_first = 30001;
	r->how.port_last = 30020;
	while (n < 50 && (all[n] = media_new(r->pool, &r->how)) != NULL) {
		uint16_t	port = media_from(all[n])->port;

		assert_true(port >= 30002 && port <= 30020 && port % 2 == 0);
		for (size_t i = 0; i < n; i++)
			assert_int_not_equal(media_from(all[i])->port, port);
		n++;
	}
	assert_true(n >= 1 && n <= 10);
	media_free(all[0]);
	assert_non_null(all[0] = media_new(r->pool, &r->how));
	while (n > 0)
		media_free(all[--n]);
}

static void
over_ip6(void **state)
{
	struct rig		*r = *state;
	struct sockaddr_in6	 in = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t		 n = sizeof in;
	int			 ear = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct media		*m;
	uint8_t			 packet[512];

	if (ear < 0 || bind(ear, (const struct sockaddr *)&in, sizeof in) != 0)
		skip();
	assert_int_equal(getsockname(ear, (struct sockaddr *)&in, &n), 0);
	assert_int_equal(addr_of_sockaddr(&r->how.to, (const struct sockaddr *)&in), 0);
	assert_int_equal(addr_parse(&r->how.from, "::1"), 0);
	assert_non_null(m = media_new(r->pool, &r->how));
	media_say(m, r->samples, RTP_SAMPLES);
	assert_int_equal(heard(ear, packet), RTP_HEADER + RTP_SAMPLES);
	media_free(m);
	close(ear);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(plain, setup, teardown),
		cmocka_unit_test_setup_teardown(secure, setup, teardown),
		cmocka_unit_test_setup_teardown(follows_its_hearer, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_hears, setup, teardown),
		cmocka_unit_test_setup_teardown(range_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(over_ip6, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
