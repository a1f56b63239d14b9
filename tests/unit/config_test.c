/* links: sipd */
#include "sipd/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"

static void
defaults(void **st)
{
	struct config	c;
	char		why[512] = "";

	(void)st;
	assert_int_equal(config_parse(&c, "f", "", why, sizeof why), 0);
	assert_string_equal(c.node, "a");
	assert_int_equal(c.n_domains, 1);
	assert_string_equal(c.domains[0], "localhost");
	assert_string_equal(c.state_dir, "/var/lib/wirechief");
	assert_string_equal(c.control.socket, "/run/wirechief/control.sock");
	assert_string_equal(c.control.operators, "wirechief");
	assert_string_equal(c.control.viewers, "wirechief-view");
	assert_int_equal(c.n_listens, 2);
	assert_int_equal(c.listens[0].transport, TRANSPORT_UDP);
	assert_int_equal(c.listens[0].addr.port, 5060);
	assert_int_equal(c.reg.min_expires, 60);
	assert_int_equal(c.reg.default_expires, 3600);
	assert_int_equal(c.reg.max_expires, 7200);
	assert_int_equal(c.reg.overflow, OVERFLOW_REFUSE);
	assert_int_equal(c.auth.algorithms, AUTH_MD5 | AUTH_SHA256);
	assert_int_equal(c.auth.nonce_life, 300);
	assert_int_equal(c.limits.connections, 100);
	assert_int_equal(c.limits.idle, 3600);
	assert_int_equal(c.log.level, LOG_L_INFO);
	assert_int_equal(c.log.debug, 0);
}

static void
all_kinds(void **st)
{
	static const char	text[] =
	    "# a comment\n"
	    "node = \"b\"  domain = { \"example.com\", \"example.net\" }\n"
	    "listen = { \"udp:[2001:db8::1]:5060\",\n\t\"tcp:0.0.0.0:0\", \"tls:127.0.0.1:5061\" }\n"
	    "tls { certificate = \"/c.pem\"  key = \"/k.pem\" }\n"
	    "register { min_expires = 30\n overflow = \"replace\" }\n"
	    "auth { algorithms = { \"MD5\" } }\n"
	    "log { level = warning  debug = { \"sip\", \"store\" } }\n"
	    "limits { auth_failures = 0 }\n"
	    "sms { url = \"http://127.0.0.1/?to={number}&text={text}\" }\n";
	struct config		c;
	char			why[512] = "";

	(void)st;
	if (config_parse(&c, "f", text, why, sizeof why) != 0)
		fail_msg("%s", why);
	assert_string_equal(c.node, "b");
	assert_int_equal(c.n_domains, 2);
	assert_string_equal(c.domains[1], "example.net");
	assert_int_equal(c.n_listens, 3);
	assert_int_equal(c.listens[0].addr.family, ADDR_IP6);
	assert_int_equal(c.listens[1].transport, TRANSPORT_TCP);
	assert_int_equal(c.listens[1].addr.port, 0);
	assert_int_equal(c.listens[2].transport, TRANSPORT_TLS);
	assert_string_equal(c.tls.key, "/k.pem");
	assert_int_equal(c.reg.min_expires, 30);
	assert_int_equal(c.reg.max_expires, 7200);	/* untouched by its section */
	assert_int_equal(c.reg.overflow, OVERFLOW_REPLACE);
	assert_int_equal(c.auth.algorithms, AUTH_MD5);
	assert_int_equal(c.log.level, LOG_L_WARN);
	assert_int_equal(c.log.debug, 1u << SUB_SIP | 1u << SUB_STORE);
	assert_int_equal(c.limits.auth_failures, 0);
	assert_string_equal(c.sms.url, "http://127.0.0.1/?to={number}&text={text}");
}

/* Each is refused with one line that starts with FILE:LINE and names what is wrong. */
static const struct {
	const char	*text;
	const char	*why;
} wrong[] = {
	{ "hue = \"red\"\n", "f:1: no such option 'hue'" },
	{ "\n\nregister {\n\tmin_expire = 5\n}\n", "f:4: section register: no such option 'min_expire'; did you mean 'min_expires'?" },
	{ "lisen = \"udp:127.0.0.1:0\"\n", "f:1: no such option 'lisen'; did you mean 'listen'?" },
	{ "controls { }\n", "f:1: no such option 'controls'; did you mean 'control'?" },
	{ "level = \"info\"\n", "f:1: no such option 'level'; it belongs to log" },
	{ "log { domain = \"a\" }\n", "f:1: section log: no such option 'domain'; it belongs to the top of the file" },
	{ "node = \"b\"\nregister { min_expires = 0 }\n", "f:2: register.min_expires: \"0\" must be a number from 1 to 86400" },
	{ "register {\n min_expires = 99999999999999999999 }\n",
	  "f:2: register.min_expires: \"99999999999999999999\" must be a number from 1 to 86400" },
	{ "register { min_expires = -1 }\n", "f:1: register.min_expires: \"-1\" must be a number from 1 to 86400" },
	{ "register { min_expires = 0x20 }\n", "f:1: register.min_expires: \"0x20\" must be a number from 1 to 86400" },
	{ "register { min_expires = \"\" }\n", "f:1: register.min_expires: \"\" must be a number from 1 to 86400" },
	{ "register { min_expires = often }\n", "f:1: register.min_expires: \"often\" must be a number from 1 to 86400" },
	{ "register { min_expires = { 1, 2 } }\n", "f:1: section register: unexpected token '{'" },
	{ "\nregister { overflow = \"drop\" }\n", "f:2: register.overflow: \"drop\" must be \"refuse\" or \"replace\"" },
	{ "node = \"a b\"\n", "f:1: node: \"a b\" must be 1 to 64 letters, digits or -._" },
	{ "node = \"\"\n", "f:1: node: \"\" must be 1 to 64 letters, digits or -._" },
	{ "domain = \"example.com/x\"\n", "f:1: domain: \"example.com/x\" is not a host name or an address" },
	{ "\n\ndomain = {}\n", "f:3: domain: the list is empty" },
	{ "listen = {\n\"udp:127.0.0.1:5060\",\n\"sctp:127.0.0.1:5060\" }\n",
	  "f:3: listen: \"sctp:127.0.0.1:5060\" must start with udp:, tcp: or tls:" },
	{ "listen = \"udp:127.0.0.1\"\n",
	  "f:1: listen: \"udp:127.0.0.1\" is not TRANSPORT:ADDRESS:PORT, like udp:192.0.2.1:5060 or udp:[2001:db8::1]:5060" },
	{ "listen = \"udp:localhost:5060\"\n",
	  "f:1: listen: \"udp:localhost:5060\" is not TRANSPORT:ADDRESS:PORT, like udp:192.0.2.1:5060 or udp:[2001:db8::1]:5060" },
	{ "listen = \"udp:127.0.0.1:70000\"\n",
	  "f:1: listen: \"udp:127.0.0.1:70000\" is not TRANSPORT:ADDRESS:PORT, like udp:192.0.2.1:5060 or udp:[2001:db8::1]:5060" },
	{ "listen = { \"udp:127.0.0.1:5060\", \"udp:127.0.0.1:5060\" }\n", "f:1: listen: \"udp:127.0.0.1:5060\" is named twice" },
	{ "state_dir = \"var/lib\"\n", "f:1: state_dir: \"var/lib\" must start with /" },
	{ "\nlisten = \"tls:127.0.0.1:5061\"\ntls { key = \"/k\" }\n",
	  "f:2: tls.certificate: is needed for the listener tls:127.0.0.1:5061" },
	{ "listen = \"tls:127.0.0.1:5061\"\ntls { certificate = \"/c\" }\n",
	  "f:1: tls.key: is needed for the listener tls:127.0.0.1:5061" },
	{ "register {\n\n default_expires = 9000 }\n", "f:3: register.default_expires: 9000 is more than max_expires, 7200" },
	{ "register {\n min_expires = 4000 }\n", "f:2: register.min_expires: 4000 is more than default_expires, 3600" },
	{ "auth { algorithms = { \"MD5\", \"SHA-1\" } }\n", "f:1: auth.algorithms: \"SHA-1\" must be \"SHA-256\" or \"MD5\"" },
	{ "auth { algorithms = {} }\n", "f:1: auth.algorithms: the list is empty" },
	{ "log { level = \"loud\" }\n",
	  "f:1: log.level: \"loud\" must be \"error\", \"warning\", \"notice\", \"info\" or \"debug\"" },
	{ "log { debug = \"rtp\" }\n",
	  "f:1: log.debug: \"rtp\" must be one of main store sip stream registrar auth control qualify trunk web" },
	{ "metrics { listen = \"9345\" }\n", "f:1: metrics.listen: \"9345\" is not ADDRESS:PORT" },
	{ "http { colour = \"red\" }\n", "f:1: http.colour: \"red\" is not #RRGGBB, like #1a6b54" },
	{ "http { colour = \"#12345g\" }\n", "f:1: http.colour: \"#12345g\" is not #RRGGBB, like #1a6b54" },
	{ "http { public_url = \"http://a.test\" }\n", "f:1: http.public_url: \"http://a.test\" is not https://NAME or https://NAME:PORT" },
	{ "http { templates = \"web\" }\n", "f:1: http.templates: \"web\" must start with /" },
	{ "http { listen = \"*:8443\" }\n", "f:1: http.listen: \"*:8443\" is not ADDRESS:PORT" },
	{ "node = \"a\\nb\"\n", "f:1: node: \"a\\x0ab\" holds a control character" },
	{ "node = \"a\n", "f:1: premature end of file" },
	{ "register {\n min_expires = 5\n\n", "f:3: section register is not closed" },
	{ "/* node = \"a\"\n\n", "f:2: a comment is not closed" },
	{ "}\n", "f:1: unexpected closing brace" },
	{ "node \"a\"\n", "f:1: missing equal sign after option 'node'" },
	{ "include(\"/etc/shadow\")\n", "f:1: no such option 'include'" },
	{ "node = \"a\"\n# \xff\n", "f:2: is not UTF-8 text" },
};

static void
refusals(void **st)
{
	struct config	c;
	char		why[512];
	int		bad = 0;

	(void)st;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		why[0] = '\0';
		if (config_parse(&c, "f", wrong[i].text, why, sizeof why) == ERR_INVALID && strcmp(why, wrong[i].why) == 0)
			continue;
		print_error("%s-> %s\n   expected %s\n", wrong[i].text, why, wrong[i].why);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static void
limits(void **st)
{
	char		text[8192], why[512];
	size_t		n = (size_t)snprintf(text, sizeof text, "domain = {");
	struct config	c;

	(void)st;
	for (int i = 0; i < CONFIG_DOMAINS; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, " \"d%d.example\",", i);
	snprintf(text + n, sizeof text - n, " }\n");
	assert_int_equal(config_parse(&c, "f", text, why, sizeof why), 0);
	assert_int_equal(c.n_domains, CONFIG_DOMAINS);
	snprintf(text + n, sizeof text - n, " \"one.too.many\" }\n");
	assert_int_equal(config_parse(&c, "f", text, why, sizeof why), ERR_INVALID);
	assert_string_equal(why, "f:1: domain: more than 16 values");

	memset(text, 'x', 1000);
	n = (size_t)snprintf(text, sizeof text, "tls { key = \"/");
	memset(text + n, 'x', 1000);
	snprintf(text + n + 1000, sizeof text - n - 1000, "\" }\n");
	assert_int_equal(config_parse(&c, "f", text, why, sizeof why), ERR_INVALID);
	assert_non_null(strstr(why, "f:1: tls.key: "));
}

/* The table itself: bounds hold the defaults, sections stand together, nothing is without its sentence. */
static void
table(void **st)
{
	(void)st;
	for (size_t i = 0; i < n_config_options; i++) {
		const struct config_option	*o = &config_options[i];

		assert_non_null(o->name);
		assert_non_null(o->dflt);
		assert_true(o->help != NULL && strlen(o->help) > 10);
		assert_true(strcmp(o->type, "string") == 0 || strcmp(o->type, "number") == 0 || strcmp(o->type, "list") == 0);
		for (size_t j = i + 2; j < n_config_options; j++)
			if (o->section != NULL && config_options[j].section != NULL && strcmp(o->section, config_options[j].section) == 0)
				assert_string_equal(config_options[j - 1].section, o->section);
	}
}

/* The sample names every key with its default and its sentence, and is itself a configuration. */
static void
sample(void **st)
{
	char		*text, why[512], line[256];
	struct config	 c, dflt;

	(void)st;
	if (config_read("share/wirechief.conf", &text, why, sizeof why) != 0)
		fail_msg("%s", why);
	if (config_parse(&c, "share/wirechief.conf", text, why, sizeof why) != 0)
		fail_msg("%s", why);
	assert_int_equal(config_parse(&dflt, "f", "", why, sizeof why), 0);
	assert_memory_equal(&c, &dflt, sizeof c);
	for (size_t i = 0; i < n_config_options; i++) {
		snprintf(line, sizeof line, "%s = %s\n", config_options[i].name, config_options[i].dflt);
		if (strstr(text, line) == NULL || strstr(text, config_options[i].help) == NULL)
			fail_msg("share/wirechief.conf lacks %sor its sentence", line);
	}
	free(text);
}

static void
files(void **st)
{
	char		 path[] = "/tmp/wirechief-config-XXXXXX", why[512];
	char		*text, *big = calloc(1, CONFIG_MAX_BYTES + 1);
	int		 fd = mkstemp(path);

	(void)st;
	assert_true(fd >= 0);
	assert_int_equal(config_read(path, &text, why, sizeof why), 0);
	assert_string_equal(text, "");
	free(text);
	memset(big, '#', CONFIG_MAX_BYTES + 1);
	assert_int_equal(write(fd, big, CONFIG_MAX_BYTES), CONFIG_MAX_BYTES);
	assert_int_equal(config_read(path, &text, why, sizeof why), 0);
	free(text);
	assert_int_equal(write(fd, big, 1), 1);
	assert_int_equal(config_read(path, &text, why, sizeof why), ERR_TOO_LARGE);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(ftruncate(fd, 3), 0);
	assert_int_equal(config_read(path, &text, why, sizeof why), ERR_INVALID);
	assert_non_null(strstr(why, "NUL"));
	unlink(path);
	close(fd);
	free(big);
	assert_int_equal(config_read(path, &text, why, sizeof why), -ENOENT);
	assert_non_null(strstr(why, path));
	assert_int_equal(config_read("/tmp", &text, why, sizeof why), -EISDIR);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(all_kinds),
		cmocka_unit_test(refusals),
		cmocka_unit_test(limits),
		cmocka_unit_test(table),
		cmocka_unit_test(sample),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
