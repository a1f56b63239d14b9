/* What a profile comes to: each client's syntax, values that try to break out of it, names that there are not, and its limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/err.h"
#include "core/provision.h"

static struct provision
values(void)
{
	return (struct provision){
		.username = "alice", .password = "secret", .domain = "sip.test", .owner = "Alice Rossi", .caller_id = "+390612345678",
		.caller_id_2 = "", .email = "a@b.example", .server = "pbx.test", .port = "5061", .transport = "tls", .expires = "600",
	};
}

static struct profile
profile(enum profile_client client, const char *parameters)
{
	struct profile	p = { .client = (uint8_t)client };

	(void)snprintf(p.parameters, sizeof p.parameters, "%s", parameters);
	return p;
}

static void
comes_to(enum profile_client client, const char *parameters, struct provision v, const char *text)
{
	static char	out[PROVISION_MAX];
	struct profile	p = profile(client, parameters);
	char		why[160] = "";
	int		n = provision_make(&p, &v, out, why, sizeof why);

	if (n < 0)
		fail_msg("%s", why);
	assert_string_equal(out, text);
	assert_int_equal(n, strlen(text));
}

static void
holds(enum profile_client client, const char *parameters, struct provision v, const char *text)
{
	static char	out[PROVISION_MAX];
	struct profile	p = profile(client, parameters);
	char		why[160] = "";

	if (provision_make(&p, &v, out, why, sizeof why) < 0)
		fail_msg("%s", why);
	if (strstr(out, text) == NULL)
		fail_msg("no %s in %s", text, out);
}

static void
refuses(enum profile_client client, const char *parameters, struct provision v, int rc, const char *words)
{
	static char	out[PROVISION_MAX];
	struct profile	p = profile(client, parameters);
	char		why[160] = "";

	assert_int_equal(provision_make(&p, &v, out, why, sizeof why), rc);
	if (strstr(why, words) == NULL)
		fail_msg("%s", why);
}

#define LINPHONE_HEAD	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<config xmlns=\"http://www.linphone.org/xsds/lpconfig.xsd\">\n"
#define ENTRY(name, value)	"    <entry name=\"" name "\" overwrite=\"true\">" value "</entry>\n"

static void
test_linphone(void **state)
{
	struct provision	v = values();

	(void)state;
	comes_to(CLIENT_LINPHONE, "# media\nsip/media_encryption=srtp\nreg_expires=77\nnet/mtu=1300\nnet/a=1\nnet/a={server}\n", v, LINPHONE_HEAD
	    "  <section name=\"sip\">\n" ENTRY("default_proxy", "0") ENTRY("media_encryption", "srtp") "  </section>\n"
	    "  <section name=\"proxy_0\">\n" ENTRY("reg_proxy", "&lt;sip:pbx.test:5061;transport=tls&gt;")
	    ENTRY("reg_route", "&lt;sip:pbx.test:5061;transport=tls;lr&gt;")
	    ENTRY("reg_identity", "&quot;Alice Rossi&quot; &lt;sip:alice@sip.test&gt;") ENTRY("reg_sendregister", "1") ENTRY("publish", "0")
	    ENTRY("reg_expires", "77") "  </section>\n"
	    "  <section name=\"auth_info_0\">\n" ENTRY("username", "alice") ENTRY("realm", "sip.test") ENTRY("domain", "sip.test")
	    ENTRY("passwd", "secret") "  </section>\n"
	    "  <section name=\"net\">\n" ENTRY("mtu", "1300") ENTRY("a", "pbx.test") "  </section>\n</config>\n");
	v.password = "a<b>&\"'c\td\x01\xff";
	holds(CLIENT_LINPHONE, "", v, ENTRY("passwd", "a&lt;b&gt;&amp;&quot;&apos;c&#9;d\xef\xbf\xbd\xef\xbf\xbd"));
	v.owner = "A\"\\<sip:x>\n B";
	holds(CLIENT_LINPHONE, "", v, ENTRY("reg_identity", "&quot;Asip:x B&quot; &lt;sip:alice@sip.test&gt;"));
	v.owner = "";
	v.server = "2001:db8::1";
	holds(CLIENT_LINPHONE, "", v, ENTRY("reg_identity", "&lt;sip:alice@sip.test&gt;"));
	holds(CLIENT_LINPHONE, "", v, "&lt;sip:[2001:db8::1]:5061;transport=tls&gt;");
	holds(CLIENT_LINPHONE, "sip/x=]]></entry>{owner}<a>", v, ENTRY("x", "]]&gt;&lt;/entry&gt;&lt;a&gt;"));
}

static void
test_linphone_without_password(void **state)
{
	static char		out[PROVISION_MAX];
	struct provision	v = values();
	struct profile		p = profile(CLIENT_LINPHONE, "");
	char			why[160];

	(void)state;
	v.password = "";
	assert_true(provision_make(&p, &v, out, why, sizeof why) > 0);
	assert_null(strstr(out, "auth_info"));
	assert_non_null(strstr(out, "proxy_0"));
}

static void
test_baresip(void **state)
{
	struct provision	v = values();

	(void)state;
	comes_to(CLIENT_BARESIP, "# ours\nanswermode=auto\nregint=30\nextra=\"a;b\"\n", v,
	    "\"Alice Rossi\" <sip:alice@sip.test;transport=tls>;outbound=\"sip:pbx.test:5061;transport=tls\";auth_pass=\"secret\""
	    ";answermode=\"auto\";regint=\"30\";extra=\"a;b\"\n");
	v.owner = "Al \"> ;x=y<";
	v.password = "a ;b,c";
	v.port = "";
	comes_to(CLIENT_BARESIP, "", v, "\"Al  ;x=y\" <sip:alice@sip.test;transport=tls>;outbound=\"sip:pbx.test;transport=tls\";regint=\"600\""
	    ";auth_pass=\"a ;b,c\"\n");
	v.password = "";
	v.owner = "";
	comes_to(CLIENT_BARESIP, "", v, "<sip:alice@sip.test;transport=tls>;outbound=\"sip:pbx.test;transport=tls\";regint=\"600\"\n");
	v.password = "a\"b";
	refuses(CLIENT_BARESIP, "", v, ERR_INVALID, "quotation mark");
	v.password = "a\nb";
	refuses(CLIENT_BARESIP, "", v, ERR_INVALID, "line's end");
}

static void
test_text(void **state)
{
	struct provision	v = values();

	(void)state;
	comes_to(CLIENT_TEXT, "# {username}\n{ \"a\": {\"p\": \"{password}\"} } {} {{domain}} {Big} {caller_id_2}|{caller_id}", v,
	    "# alice\n{ \"a\": {\"p\": \"secret\"} } {} {sip.test} {Big} |+390612345678");
	v.username = "{password}";
	comes_to(CLIENT_TEXT, "{username} {", v, "{password} {");
	comes_to(CLIENT_TEXT, "", v, "");
}

static void
test_every_variable(void **state)
{
	struct provision	v = values();
	char			text[64];

	(void)state;
	for (size_t i = 0; i < n_provision_variables; i++) {
		char		why[160];
		struct profile	p;

		(void)snprintf(text, sizeof text, "{%s}", provision_variables[i].name);
		p = profile(CLIENT_TEXT, text);
		assert_int_equal(provision_check(&p, why, sizeof why), provision_variables[i].help == NULL ? ERR_INVALID : 0);
	}
	comes_to(CLIENT_TEXT, "{address} {transport} {expires} {server} {port} {email} {owner}", v,
	    "pbx.test:5061 tls 600 pbx.test 5061 a@b.example Alice Rossi");
}

static void
test_check(void **state)
{
	static const struct {
		enum profile_client	 client;
		const char		*parameters, *why;	/* NULL: taken */
	} rows[] = {
		{ CLIENT_TEXT, "a\nb {user}\n", "line 2: there is no {user}" }, { CLIENT_TEXT, "# {user}", "line 1" },
		{ CLIENT_BARESIP, "# {user}\na={username}", NULL }, { CLIENT_LINPHONE, "a/b=1\n\nb={x}", "line 3: there is no {x}" },
		{ CLIENT_LINPHONE, "a/b={ x } {} {X} {", NULL }, { CLIENT_TEXT, "{display}", "no {display}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct profile	p = profile(rows[i].client, rows[i].parameters);
		char		why[160] = "";

		assert_int_equal(provision_check(&p, why, sizeof why), rows[i].why == NULL ? 0 : ERR_INVALID);
		if (rows[i].why != NULL && strstr(why, rows[i].why) == NULL)
			fail_msg("%s", why);
	}
	refuses(CLIENT_TEXT, "{nix}", values(), ERR_INVALID, "no {nix}");
}

/* The longest parameters, each of them the longest value. */
static void
test_bounded(void **state)
{
	char			parameters[PROFILE_PARAMETERS] = "", owner[129];
	struct provision	v = values();

	(void)state;
	memset(owner, '"', sizeof owner - 1);
	owner[sizeof owner - 1] = '\0';
	v.owner = owner;
	for (size_t i = 0; i + 8 < sizeof parameters; i += 7)
		memcpy(parameters + i, "{owner}", 8);
	refuses(CLIENT_TEXT, parameters, v, ERR_TOO_LARGE, "more than");
	memcpy(parameters, "sip/a={", 7);
	refuses(CLIENT_LINPHONE, parameters, v, ERR_TOO_LARGE, "more than");
}

static void
test_where(void **state)
{
	static const struct {
		const char	*text, *transport, *server, *port;	/* transport NULL: refused */
	} rows[] = {
		{ "tls:pbx.example.com:5061", "tls", "pbx.example.com", "5061" }, { "UDP:192.0.2.1:5060", "udp", "192.0.2.1", "5060" },
		{ "tcp:[2001:db8::1]:5060", "tcp", "2001:db8::1", "5060" }, { "tcp:[::1]", "tcp", "::1", "" }, { "tls:pbx", "tls", "pbx", "" },
		{ "tls:", NULL, "", "" }, { "pbx:5061", NULL, "", "" }, { "tls:pbx:", NULL, "", "" }, { "tls:pbx:0", NULL, "", "" },
		{ "tls:pbx:65536", NULL, "", "" }, { "tls:pbx:5a", NULL, "", "" }, { "tls:p bx:1", NULL, "", "" }, { "tls:a:b:1", NULL, "", "" },
		{ "tcp:[::1]5", NULL, "", "" }, { "tcp:[::1]:", NULL, "", "" }, { "tcp:[::1", NULL, "", "" }, { "tls:a>;x:1", NULL, "", "" },
		{ "sctp:a:1", NULL, "", "" }, { "", NULL, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct provision_where	w;
		int			rc = provision_where_parse(&w, span_of(rows[i].text));

		if (rc != (rows[i].transport == NULL ? ERR_INVALID : 0))
			fail_msg("%s: %d", rows[i].text, rc);
		if (rc != 0)
			continue;
		assert_string_equal(w.transport, rows[i].transport);
		assert_string_equal(w.server, rows[i].server);
		assert_string_equal(w.port, rows[i].port);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_linphone), cmocka_unit_test(test_linphone_without_password), cmocka_unit_test(test_baresip),
		cmocka_unit_test(test_text), cmocka_unit_test(test_every_variable), cmocka_unit_test(test_check), cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
