#include "core/sdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"

#define HEAD	"v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"
#define KEY	"inline:a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"	/* thirty k */

/* In memory of exactly its size: reading beyond is seen. */
static const char *
choose(const char *offer, struct sdp_choice *c)
{
	size_t		 n = strlen(offer);
	char		*copy = malloc(n);
	const char	*why;

	memcpy(copy, offer, n);
	why = sdp_choose((struct span){ .s = copy, .n = n }, c);
	free(copy);
	return why;
}

static struct sdp_choice
chosen(const char *offer)
{
	struct sdp_choice	c;
	const char		*why = choose(offer, &c);

	if (why != NULL)
		fail_msg("%s", why);
	return c;
}

static void
refused(const char *offer, const char *what)
{
	struct sdp_choice	c;
	const char		*why = choose(offer, &c);

	if (why == NULL || strstr(why, what) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why == NULL ? "" : why, what);
}

static const char *
answered(const char *offer, const char *from, char text[2048])
{
	struct sdp_choice	c = chosen(offer);
	uint8_t			key[SDP_KEY];
	struct addr		a;
	int			n;

	memset(key, 'k', sizeof key);
	assert_int_equal(addr_parse(&a, from), 0);
	n = sdp_answer(span_of(offer), &c, &a, key, 7, text, 2048);
	assert_true(n > 0);
	assert_int_equal(strlen(text), n);
	return text;
}

static void
codec_is_the_first(void **state)
{
	struct sdp_choice	c = chosen(HEAD "m=audio 40000 RTP/AVP 101 96 8 0\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n");

	(void)state;
	assert_int_equal(c.codec, SDP_PCMA);
	assert_int_equal(c.payload_type, 8);
	assert_int_equal(c.suite, SDP_PLAIN);
	assert_int_equal(c.to.port, 40000);
	c = chosen(HEAD "m=audio 40000 RTP/AVP 0 8\r\n");
	assert_int_equal(c.codec, SDP_PCMU);
	c = chosen(HEAD "m=audio 40000 RTP/AVPF 99 8\na=rtpmap:99 pcmu/8000/1\n");	/* a number of its own, bare line ends */
	assert_int_equal(c.codec, SDP_PCMU);
	assert_int_equal(c.payload_type, 99);
	c = chosen(HEAD "m=audio 40000 RTP/AVP 99 8\r\na=rtpmap:99 PCMU/16000\r\n");
	assert_int_equal(c.payload_type, 8);
	c = chosen(HEAD "m=audio 40000 RTP/AVP 0 8\r\na=rtpmap:0 G729/8000\r\n");	/* its word is taken */
	assert_int_equal(c.payload_type, 8);
	refused(HEAD "m=audio 40000 RTP/AVP 101 18\r\na=rtpmap:101 telephone-event/8000\r\n", "G.711");
	refused(HEAD "m=audio 40000 RTP/AVP 1234 -1 abc 256\r\n", "G.711");
}

static void
where_it_hears(void **state)
{
	struct sdp_choice	c = chosen(HEAD "m=audio 40000/2 RTP/AVP 0\r\nc=IN IP6 2001:db8::7\r\n");
	char			text[ADDR_TEXT];

	(void)state;
	assert_string_equal(addr_text(&c.to, text), "[2001:db8::7]:40000");
	c = chosen(HEAD "m=video 1 RTP/AVP 31\r\nc=IN IP4 192.0.2.8\r\nm=audio 40000 RTP/AVP 0\r\n");
	assert_string_equal(addr_text(&c.to, text), "192.0.2.7:40000");
	refused(HEAD "m=audio 40000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n", "address");
	refused(HEAD "m=audio 40000 RTP/AVP 0\r\nc=IN IP4 224.2.1.1/127\r\n", "address");
	refused(HEAD "m=audio 40000 RTP/AVP 0\r\nc=IN IP4 224.2.1.1\r\n", "address");
	refused(HEAD "m=audio 40000 RTP/AVP 0\r\nc=IN IP4 255.255.255.255\r\n", "address");
	refused(HEAD "m=audio 40000 RTP/AVP 0\r\nc=IN IP6 ff02::1\r\n", "address");
	refused(HEAD "m=audio 40000 RTP/AVP 0\r\nc=IN IP6 ::\r\n", "address");
	refused(HEAD "m=audio 40000 RTP/AVP 0\r\nc=IN IP6 192.0.2.7\r\n", "address");
	refused(HEAD "m=audio 40000 RTP/AVP 0\r\nc=IN IP4 192.0.2.7:99\r\n", "address");
	refused(HEAD "m=audio 40000 RTP/AVP 0\r\nc=IN IP4 phone.example.com\r\n", "address");
	refused(HEAD "m=audio 40000 RTP/AVP 0\r\nc=\r\n", "address");
	refused("v=0\r\nm=audio 40000 RTP/AVP 0\r\n", "address");
	refused(HEAD "m=audio 0 RTP/AVP 0\r\n", "port");
	refused(HEAD "m=audio 53 RTP/AVP 0\r\n", "port");
	refused(HEAD "m=audio 65536 RTP/AVP 0\r\n", "port");
	refused(HEAD "m=audio 99999999999999999999 RTP/AVP 0\r\n", "port");
	refused(HEAD "m=audio 40000 RTP/AVP 0\r\na=sendonly\r\n", "hear");
	refused(HEAD "a=inactive\r\nm=audio 40000 RTP/AVP 0\r\n", "hear");
	assert_false(chosen(HEAD "a=inactive\r\nm=audio 40000 RTP/AVP 0\r\na=sendrecv\r\n").hears_only);
	assert_true(chosen(HEAD "m=audio 40000 RTP/AVP 0\r\na=recvonly\r\n").hears_only);
}

static void
nothing_to_speak_on(void **state)
{
	(void)state;
	refused("", "no media");
	refused("hello", "no media");
	refused(HEAD, "no media");
	refused(HEAD "m=", "answered");
	refused(HEAD "m=audio", "answered");
	refused(HEAD "m=audio 40000 RTP/AVP", "answered");
	refused(HEAD "m=video 40000 RTP/AVP 31\r\n", "no audio");
	refused(HEAD "m=audio 40000 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 AA\r\na=setup:actpass\r\n", "neither");
	refused(HEAD "m=audio 40000 UDP/TLS/RTP/SAVPF 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n", "neither");
	refused(HEAD "m=audio 40000 RTP/SAVP 0\r\n", "neither");
	refused(HEAD "m=audio 40000 TCP/RTP/AVP 0\r\n", "neither");
	refused(HEAD "m=audio 40000 RTP/AVP 0\t8\r\n", "answered");
}

static void
keys(void **state)
{
	struct sdp_choice	c;

	(void)state;
	c = chosen(HEAD "m=audio 40000 RTP/SAVP 0\r\na=crypto:3 AES_256_CM_HMAC_SHA1_80 inline:x\r\na=crypto:4 AES_CM_128_HMAC_SHA1_32 " KEY
	    "|2^31|1:1 WSH=64\r\na=crypto:5 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n");
	assert_int_equal(c.suite, SDP_AES_32);
	assert_string_equal(c.crypto_tag, "4");
	c = chosen(HEAD "m=audio 40000 RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n");
	assert_int_equal(c.suite, SDP_AES_80);
	c = chosen(HEAD "m=audio 40000 RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:short\r\n");
	assert_int_equal(c.suite, SDP_PLAIN);
	refused(HEAD "m=audio 40000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:short\r\n", "neither");
	refused(HEAD "m=audio 40000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80\r\n", "neither");
	refused(HEAD "m=audio 40000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:\r\n", "neither");
	refused(HEAD "m=audio 40000 RTP/SAVP 0\r\na=crypto:x AES_CM_128_HMAC_SHA1_80 " KEY "\r\n", "neither");
	refused(HEAD "m=audio 40000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 " KEY " UNENCRYPTED_SRTP\r\n", "neither");
	refused(HEAD "m=audio 40000 RTP/SAVP 0\r\na=crypto:1 F8_128_HMAC_SHA1_80 " KEY "\r\n", "neither");
}

static void
answers(void **state)
{
	char	text[2048];

	(void)state;
	assert_string_equal(answered(HEAD "m=audio 40000 RTP/AVP 8 0 101\r\n", "192.0.2.1:40500", text),
	    "v=0\r\no=wirechief 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
	    "m=audio 40500 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n");
	/* As many streams as were offered, in their order; the times are the offer's (RFC 3264 section 6). */
	assert_string_equal(answered("v=0\r\nc=IN IP6 2001:db8::7\r\nt=3034423619 3042462419\r\nm=video 5000 RTP/AVP 31 32\r\na=recvonly\r\n"
	    "m=audio 6000 RTP/AVP 9\r\nm=audio 40000 RTP/SAVP 0\r\na=recvonly\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n"
	    "m=audio 41000 RTP/AVP 0\r\n", "[2001:db8::1]:40500", text),
	    "v=0\r\no=wirechief 7 1 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=3034423619 3042462419\r\n"
	    "m=video 0 RTP/AVP 31 32\r\nm=audio 0 RTP/AVP 9\r\n"
	    "m=audio 40500 RTP/SAVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendonly\r\na=crypto:2 AES_CM_128_HMAC_SHA1_80 " KEY "\r\n"
	    "m=audio 0 RTP/AVP 0\r\n");
}

static void
limits(void **state)
{
	struct sdp_choice	c;
	struct addr		a;
	uint8_t			key[SDP_KEY] = { 0 };
	char			offer[8192] = HEAD "m=audio 40000 RTP/AVP 0\r\n", text[400];
	int			n;

	(void)state;
	c = chosen(offer);
	assert_int_equal(addr_parse(&a, "192.0.2.1:40500"), 0);
	n = sdp_answer(span_of(offer), &c, &a, key, 7, text, sizeof text);
	assert_in_range(n, 100, sizeof text - 1);
	for (size_t size = 1; size <= (size_t)n; size++)
		assert_int_equal(sdp_answer(span_of(offer), &c, &a, key, 7, text, size), ERR_TOO_LARGE);
	for (int i = 1; i < SDP_STREAMS; i++)
		strcat(offer, "m=video 4000 RTP/AVP 31\r\n");
	(void)chosen(offer);
	strcat(offer, "m=video 4000 RTP/AVP 31\r\n");
	refused(offer, "answered");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(codec_is_the_first),
		cmocka_unit_test(where_it_hears),
		cmocka_unit_test(nothing_to_speak_on),
		cmocka_unit_test(keys),
		cmocka_unit_test(answers),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
