/* links: sip sipd */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sipd/sip/offer.h"

static void
offers(void **state)
{
	static const struct {
		const char	*body;
		bool		 any, secure;
	} rows[] = {
		{ "", false, false }, { "v=0\r\n", false, false }, { "hello", false, false }, { "m=audio", false, false }, { "m=audio 4", false, false },
		{ "m=audio 4000 RTP/AVP 0\r\n", true, false }, { "m=audio 4000 RTP/SAVP 0\r\n", true, true }, { "m=audio 4000 RTP/SAVPF 0", true, true },
		{ "m=audio 9 UDP/TLS/RTP/SAVPF 111\n", true, true },
		{ "m=audio 4000 RTP/SAVP 0\r\nm=video 4002 RTP/AVP 96\r\n", true, false },
		{ "m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/SAVP 96\r\n", true, false },
		{ "m=audio 4000 RTP/SAVP 0\r\nm=video 4002 RTP/SAVP 96\r\n", true, true },
		{ "m=audio 4000 RTP/SAVP 0\r\nm=video 0 RTP/AVP 96\r\n", true, true },
		{ "a=m=audio 4000 RTP/AVP 0\r\n", false, false }, { "x m=audio 4000 RTP/AVP 0\r\n", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct offer	o = offer_read(rows[i].body, strlen(rows[i].body));

		assert_int_equal(o.any, rows[i].any);
		assert_int_equal(o.secure, rows[i].secure);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(offers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
