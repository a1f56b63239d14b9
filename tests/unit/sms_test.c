/* links: db sipd keeper */
/* SMS: what a gateway is asked and what its answers come to, tries and when they are due, and what is left on disk whenever it stops. */
#include "control_rig.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "core/argv.h"
#include "core/wire.h"
#include "sipd/channel.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/gateway.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/sms.h"

#define URL "http://127.0.0.1:13013/cgi-bin/sendsms?username=wirechief&password=s%C3%A9cret&to={number}&text={text}"
#define TEXT "Wirechief è €\n日本: https://phones.example.org/i/abc_-."

struct gateway {
	struct rig	 rig;
	struct channel	*ours, *theirs;		/* of the web process, which this test is */
	size_t		 asked;
	uint64_t	 id;			/* of the last question */
	char		 url[GATEWAY_URL];
};

static void
on_fetch(void *arg, const struct frame *frame)
{
	struct gateway		*g = arg;
	struct wire_fetch	 fetch;

	assert_int_equal(frame->type, WIRE_FETCH);
	assert_int_equal(frame_decode(frame, &fetch), 0);
	assert_int_equal(fetch.timeout_ms, 15000);
	assert_true(span_get(fetch.url, g->url, sizeof g->url));
	g->asked++;
	g->id = frame->id;
}

static void
on_nothing(void *arg, const struct frame *frame)
{
	(void)arg;
	(void)frame;
}

static void
on_gone(void *arg, int rc)
{
	(void)arg;
	(void)rc;
}

static void
begin(struct gateway *g)
{
	struct edit		 e = { .n = 0 };
	struct account_change	 c;
	struct group		 group;
	struct fault		 f;
	struct txn		*t;
	int			 ends[2];

	memset(g, 0, sizeof *g);
	rig_open(&g->rig);
	assert_int_equal(rig_add(&g->rig, &groups_named, "g", e, &group, &f), 0);
	t = txn_new(g->rig.k.db.store);
	e = edit_of(&account_kind, "group", "g", "caller_id", "+393401112230", "creation", "wizard", NULL);
	assert_int_equal(accounts_add(&g->rig.k, t, "root", "carlo", &e, &c, &f), 0);
	assert_int_equal(rig_commit(&g->rig, t), 0);
	strcpy(g->rig.k.conf.sms.url, URL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	g->ours = channel_new(ends[0], on_nothing, on_gone, g);
	g->theirs = channel_new(ends[1], on_fetch, on_gone, g);
	g->rig.k.channels[PROC_WEB] = g->ours;
	assert_non_null(g->rig.k.sms = sms_new(&g->rig.k));
}

static void
finish(struct gateway *g)
{
	assert_int_equal(table_verify(&g->rig.k.db, &sms_kind, NULL, NULL), 0);
	(void)store_sync(g->rig.k.db.store);
	sms_free(g->rig.k.sms);
	g->rig.k.sms = NULL;
	channel_free(g->ours);
	channel_free(g->theirs);
	rig_close(&g->rig);
}

static void
carlo(struct gateway *g, struct account *a)
{
	assert_int_equal(accounts_find(&g->rig.k, "carlo", a), 0);
	accounts_live(&g->rig.k, a);
}

static int
send_text(struct gateway *g, enum sms_what what, const char *text, struct fault *f)
{
	struct txn	*t = txn_new(g->rig.k.db.store);
	struct account	 a;
	int		 rc;

	carlo(g, &a);
	if ((rc = sms_send(&g->rig.k, t, &a, what, text, f)) != 0)
		txn_drop(t);
	else
		assert_int_equal(rig_commit(&g->rig, t), 0);
	return rc;
}

/* Some turns of the keeper, ms later. */
static void
turn(struct gateway *g, int64_t ms)
{
	g->rig.k.clock.offset_ms += ms;
	for (int i = 0; i < 3; i++) {
		(void)sms_tick(g->rig.k.sms);
		(void)store_sync(g->rig.k.db.store);
		channel_flush(g->ours);
		channel_read(g->theirs);
	}
}

static void
answer(struct gateway *g, uint32_t code, const char *body, const char *error)
{
	const struct wire_fetched	f = { .code = code, .body = span_of(body), .error = span_of(error) };

	sms_answered(g->rig.k.sms, g->id, &f);
	(void)store_sync(g->rig.k.db.store);
}

/* Asserts how it stands: of the account, and in its sentence. */
static void
stands(struct gateway *g, enum sms_state state, const char *sentence, enum account_status status)
{
	struct account	a;

	carlo(g, &a);
	assert_string_equal(a.sms, sentence);
	assert_int_equal(a.sms_state, state);
	assert_int_equal(a.status, status);
}

static void
test_url(void **state)
{
	char	url[GATEWAY_URL], small[40];

	(void)state;
	assert_int_equal(gateway_url(URL, "+39 06", "è&€=日本 ~\n{number}", url, sizeof url), 0);
	assert_string_equal(url, "http://127.0.0.1:13013/cgi-bin/sendsms?username=wirechief&password=s%C3%A9cret&to=%2B39%2006"
	    "&text=%C3%A8%26%E2%82%AC%3D%E6%97%A5%E6%9C%AC%20~%0A%7Bnumber%7D");
	assert_int_equal(gateway_url(URL, "+3906", "x", small, sizeof small), ERR_TOO_LARGE);
	assert_int_equal(gateway_url("{text}", "1", "ééééééééééééé", small, sizeof small), ERR_TOO_LARGE);
}

static enum gateway_end
judge(const char *accept, uint32_t code, const char *body, const char *error, char out[SMS_ANSWER])
{
	struct config			c = { 0 };
	const struct wire_fetched	f = { .code = code, .body = span_of(body), .error = span_of(error) };

	strcpy(c.sms.url, URL);
	strcpy(c.sms.accept, accept);
	return gateway_judge(&c, &f, out);
}

static void
test_judge(void **state)
{
	char	huge[513], out[SMS_ANSWER];

	(void)state;
	assert_int_equal(judge("", 202, "0: Accepted for delivery", "", out), GATEWAY_SENT);
	assert_string_equal(out, "202 0: Accepted for delivery");
	assert_int_equal(judge("", 204, "", "", out), GATEWAY_SENT);
	assert_string_equal(out, "204");
	assert_int_equal(judge("", 403, "Authorization failed for sendsms", "", out), GATEWAY_REFUSED);
	assert_int_equal(judge("", 429, "slowly", "", out), GATEWAY_FAILED);
	assert_int_equal(judge("", 502, "<html>\r\n<head><title>502 Bad\n\n Gateway</title></head> a < b", "", out), GATEWAY_FAILED);
	assert_string_equal(out, "502 502 Bad Gateway a < b");
	assert_int_equal(judge("", 0, "", "connection refused", out), GATEWAY_FAILED);
	assert_string_equal(out, "connection refused");
	assert_int_equal(judge("", 302, "over there", "", out), GATEWAY_REFUSED);
	assert_non_null(strstr(out, "a redirect"));
	assert_int_equal(judge("OK", 200, "ERROR 7", "", out), GATEWAY_REFUSED);
	assert_string_equal(out, "200 without what sms.accept asks for: ERROR 7");
	assert_int_equal(judge("OK", 200, "OK 12", "", out), GATEWAY_SENT);
	/* What nobody is to see, as it was sent and as it is meant, and what drives terminals. */
	assert_int_equal(judge("", 500, "no: password=s%C3%A9cret, that is sécret; \033[31mtext=see https://x.example/i/abc now", "", out),
	    GATEWAY_FAILED);
	assert_null(strstr(out, "cret"));
	assert_null(strstr(out, "x.example"));
	assert_null(strchr(out, '\033'));
	assert_non_null(strstr(out, " now"));
	memset(huge, 'x', sizeof huge - 1);
	huge[sizeof huge - 1] = '\0';
	assert_int_equal(judge("", 500, huge, "", out), GATEWAY_FAILED);
	assert_int_equal(strnlen(out, sizeof out) < sizeof out, 1);
}

static void
test_program_end(void **state)
{
	char	out[SMS_ANSWER];

	(void)state;
	assert_int_equal(gateway_judge_program(0, "chatter", out), GATEWAY_SENT);
	assert_int_equal(gateway_judge_program(3, "modem is gone", out), GATEWAY_FAILED);
	assert_string_equal(out, "exit 3: modem is gone");
	assert_int_equal(gateway_judge_program(-1, "/bin/none: no such file", out), GATEWAY_FAILED);
	assert_string_equal(out, "/bin/none: no such file");
}

static void
test_argv(void **state)
{
	struct argv	a;
	char		why[128], many[ARGV_TEXT + 1];

	(void)state;
	assert_int_equal(argv_split(&a, "  /bin/x  'a b'c \"d'e\" ''\t{text} ", why, sizeof why), 0);
	assert_string_equal(a.words[0], "/bin/x");
	assert_string_equal(a.words[1], "a bc");
	assert_string_equal(a.words[2], "d'e");
	assert_string_equal(a.words[3], "");
	assert_string_equal(a.words[4], "{text}");
	assert_null(a.words[5]);
	assert_int_equal(argv_split(&a, "", why, sizeof why), 0);
	assert_null(a.words[0]);
	assert_int_equal(argv_split(&a, "/bin/x 'a", why, sizeof why), ERR_INVALID);
	for (size_t i = 0; i < 80; i++)
		many[i] = i % 2 == 0 ? 'a' : ' ';
	many[80] = '\0';
	assert_int_equal(argv_split(&a, many, why, sizeof why), ERR_INVALID);
	memset(many, 'a', ARGV_TEXT);
	many[ARGV_TEXT] = '\0';
	assert_int_equal(argv_split(&a, many, why, sizeof why), ERR_INVALID);
}

static void
test_sent(void **state)
{
	struct gateway	g;
	struct fault	f;
	struct sms	s = { 0 };
	struct account	a;

	(void)state;
	begin(&g);
	assert_int_equal(send_text(&g, SMS_INSTALLATION, TEXT, &f), 0);
	stands(&g, SMS_WAITING, "Installation SMS waits to be sent", STATUS_CREATED);
	assert_int_equal(count_get(&g.rig.k.db, "sms_waiting"), 1);
	turn(&g, 0);
	assert_int_equal(g.asked, 1);
	assert_non_null(strstr(g.url, "to=%2B393401112230&text=Wirechief%20%C3%A8%20%E2%82%AC%0A%E6%97%A5%E6%9C%AC%3A%20https%3A%2F%2Fphones"));
	stands(&g, SMS_SENDING, "Installation SMS is being sent", STATUS_CREATED);
	answer(&g, 202, "0: Accepted for delivery", "");
	stands(&g, SMS_SENT, "Installation SMS sent: 202 0: Accepted for delivery", STATUS_INSTALL_SENT);
	turn(&g, 3600 * 1000);
	answer(&g, 500, "again?", "");		/* nobody waits for that */
	assert_int_equal(g.asked, 1);
	assert_int_equal(count_get(&g.rig.k.db, "sms_waiting"), 0);
	carlo(&g, &a);
	s.account_id = a.id;
	assert_int_equal(table_get(&g.rig.k.db, &sms_kind, &s), 0);
	assert_string_equal(s.text, "");	/* the link is gone from the disk */
	finish(&g);
}

/* What an account went on to meanwhile stays. */
static void
test_overtaken(void **state)
{
	struct gateway	g;
	struct fault	f;
	struct account	a;
	struct txn	*t;

	(void)state;
	begin(&g);
	assert_int_equal(send_text(&g, SMS_INSTALLATION, TEXT, &f), 0);
	turn(&g, 0);
	carlo(&g, &a);
	a.status = STATUS_INSTALL_CLICKED;
	t = txn_new(g.rig.k.db.store);
	table_put(t, &g.rig.k.db, &account_kind, &a);
	assert_int_equal(rig_commit(&g.rig, t), 0);
	answer(&g, 200, "", "");
	stands(&g, SMS_SENT, "Installation SMS sent: 200", STATUS_INSTALL_CLICKED);
	finish(&g);
}

static void
test_tries(void **state)
{
	static const int64_t	waits_s[] = { 10, 30, 60, 300 };
	struct gateway		g;
	struct fault		f;

	(void)state;
	begin(&g);
	assert_int_equal(send_text(&g, SMS_INSTALLATION, TEXT, &f), 0);
	turn(&g, 0);
	for (size_t i = 0; i < 4; i++) {
		answer(&g, 0, "", "connection refused");
		turn(&g, waits_s[i] * 1000 - 500);
		assert_int_equal(g.asked, i + 1);
		if (i == 2)
			stands(&g, SMS_WAITING, "Installation SMS failed 3 times: connection refused", STATUS_CREATED);
		turn(&g, 500);
		assert_int_equal(g.asked, i + 2);
	}
	answer(&g, 0, "", "connection refused");
	stands(&g, SMS_FAILED, "Installation SMS failed 5 times and was given up: connection refused", STATUS_CREATED);
	assert_int_equal(count_get(&g.rig.k.db, "sms_failed"), 1);
	turn(&g, 24 * 3600 * 1000);
	assert_int_equal(g.asked, 5);
	/* Asked for again, it begins anew. */
	assert_int_equal(send_text(&g, SMS_INSTALLATION, TEXT, &f), 0);
	assert_int_equal(count_get(&g.rig.k.db, "sms_failed"), 0);
	turn(&g, 0);
	assert_int_equal(g.asked, 6);
	answer(&g, 202, "", "");
	stands(&g, SMS_SENT, "Installation SMS sent: 202", STATUS_INSTALL_SENT);
	finish(&g);
}

/* A gateway that says no is not asked again soon. */
static void
test_refused(void **state)
{
	struct gateway	g;
	struct fault	f;

	(void)state;
	begin(&g);
	assert_int_equal(send_text(&g, SMS_INSTALLATION, TEXT, &f), 0);
	turn(&g, 0);
	answer(&g, 403, "Authorization failed", "");
	stands(&g, SMS_WAITING, "Installation SMS failed once: 403 Authorization failed", STATUS_CREATED);
	turn(&g, 299 * 1000);
	assert_int_equal(g.asked, 1);
	turn(&g, 1000);
	assert_int_equal(g.asked, 2);
	finish(&g);
}

/* Killed between what was promised and the first try, and in the middle of a try. */
static void
test_killed(void **state)
{
	struct gateway	g;
	struct fault	f;

	(void)state;
	begin(&g);
	assert_int_equal(send_text(&g, SMS_INSTALLATION, TEXT, &f), 0);
	sms_free(g.rig.k.sms);
	assert_non_null(g.rig.k.sms = sms_new(&g.rig.k));
	turn(&g, 0);
	assert_int_equal(g.asked, 1);
	sms_free(g.rig.k.sms);
	assert_non_null(g.rig.k.sms = sms_new(&g.rig.k));
	turn(&g, 0);
	turn(&g, 19000);
	assert_int_equal(g.asked, 1);		/* it may have been sent: not at once again */
	turn(&g, 1500);
	assert_int_equal(g.asked, 2);
	answer(&g, 202, "", "");
	stands(&g, SMS_SENT, "Installation SMS sent: 202", STATUS_INSTALL_SENT);
	finish(&g);
}

/* The process that asks goes, does not come, or never answers. */
static void
test_web_process(void **state)
{
	struct gateway	g;
	struct fault	f;

	(void)state;
	begin(&g);
	assert_int_equal(send_text(&g, SMS_INSTALLATION, TEXT, &f), 0);
	turn(&g, 0);
	g.rig.k.channels[PROC_WEB] = NULL;
	sms_process_gone(g.rig.k.sms, PROC_WEB);
	(void)store_sync(g.rig.k.db.store);
	stands(&g, SMS_WAITING, "Installation SMS failed once: the web process stopped before the gateway answered", STATUS_CREATED);
	turn(&g, 11000);
	stands(&g, SMS_WAITING, "Installation SMS failed 2 times: the web process, which asks the gateway, is down", STATUS_CREATED);
	g.rig.k.channels[PROC_WEB] = g.ours;
	turn(&g, 31000);
	assert_int_equal(g.asked, 2);
	turn(&g, 61000);
	stands(&g, SMS_WAITING, "Installation SMS failed 3 times: no answer in time", STATUS_CREATED);
	finish(&g);
}

/* A newer one takes the place of one that is on its way, whose answer then says nothing of it. */
static void
test_newer(void **state)
{
	struct gateway	g;
	struct fault	f;
	uint64_t	first;

	(void)state;
	begin(&g);
	assert_int_equal(send_text(&g, SMS_INSTALLATION, TEXT, &f), 0);
	turn(&g, 0);
	first = g.id;
	assert_int_equal(send_text(&g, SMS_ACTIVATION, "second", &f), 0);
	turn(&g, 0);
	assert_int_equal(g.asked, 2);
	assert_non_null(strstr(g.url, "text=second"));
	g.id = first;
	answer(&g, 202, "", "");
	stands(&g, SMS_SENDING, "Activation SMS is being sent", STATUS_CREATED);
	finish(&g);
}

static void
test_missing(void **state)
{
	struct gateway	g;
	struct fault	f;
	struct account	a;
	struct txn	*t;
	char		text[SMS_TEXT + 1];

	(void)state;
	begin(&g);
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(send_text(&g, SMS_INSTALLATION, text, &f), ERR_TOO_LARGE);
	text[sizeof text - 2] = '\0';
	assert_int_equal(send_text(&g, SMS_INSTALLATION, text, &f), 0);
	g.rig.k.conf.sms.url[0] = '\0';
	turn(&g, 0);
	stands(&g, SMS_WAITING, "Installation SMS failed once: there is no SMS gateway any more", STATUS_CREATED);
	assert_int_equal(send_text(&g, SMS_INSTALLATION, "x", &f), ERR_INVALID);
	assert_non_null(strstr(f.text, "sms.url"));
	strcpy(g.rig.k.conf.sms.url, URL);
	carlo(&g, &a);
	a.caller_id[0] = '\0';
	assert_int_equal(sms_ready(&g.rig.k, &a, &f), ERR_INVALID);
	assert_string_equal(f.field, "caller_id");
	/* It goes with its account. */
	t = txn_new(g.rig.k.db.store);
	carlo(&g, &a);
	assert_int_equal(accounts_delete(&g.rig.k, t, "root", &a, &f), 0);
	assert_int_equal(rig_commit(&g.rig, t), 0);
	assert_int_equal(count_get(&g.rig.k.db, "sms_waiting"), 0);
	turn(&g, 3600 * 1000);
	assert_int_equal(g.asked, 0);
	finish(&g);
}

/* While the gateway fails, those behind wait a little, so that a thousand accounts do not ask a thousand times. */
static void
test_pause(void **state)
{
	struct gateway		 g;
	struct edit		 e;
	struct account_change	 c;
	struct fault		 f;
	struct txn		*t;

	(void)state;
	begin(&g);
	assert_int_equal(send_text(&g, SMS_INSTALLATION, TEXT, &f), 0);
	turn(&g, 0);
	t = txn_new(g.rig.k.db.store);
	e = edit_of(&account_kind, "group", "g", "caller_id", "+393401112231", NULL);
	assert_int_equal(accounts_add(&g.rig.k, t, "root", "dora", &e, &c, &f), 0);
	assert_int_equal(rig_commit(&g.rig, t), 0);
	t = txn_new(g.rig.k.db.store);
	assert_int_equal(sms_send(&g.rig.k, t, &c.account, SMS_INSTALLATION, TEXT, &f), 0);
	assert_int_equal(rig_commit(&g.rig, t), 0);
	answer(&g, 503, "", "");
	turn(&g, 0);
	turn(&g, 500);
	assert_int_equal(g.asked, 1);
	turn(&g, 600);
	assert_int_equal(g.asked, 2);
	answer(&g, 202, "", "");
	finish(&g);
}

/* The order to the supervisor, and its answer. */
static void
test_program(void **state)
{
	struct gateway		 g;
	struct boot_order	 o;
	struct fault		 f;
	char			 words[256], ran[BOOT_TEXT + 40];
	int			 ends[2];

	(void)state;
	begin(&g);
	g.rig.k.conf.sms.url[0] = '\0';
	strcpy(g.rig.k.conf.sms.command, "/usr/bin/send {number}");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	g.rig.boot.order_fd = ends[0];
	assert_int_equal(send_text(&g, SMS_ACTIVATION, "a; rm -rf \"x\"", &f), 0);
	turn(&g, 0);
	assert_int_equal(boot_receive(ends[1], &o), 1);
	assert_int_equal(o.type, ORDER_RUN);
	assert_int_equal(read(o.fds[0], words, sizeof words), sizeof "+393401112230" + sizeof "a; rm -rf \"x\"");
	assert_string_equal(words, "+393401112230");
	assert_string_equal(words + sizeof "+393401112230", "a; rm -rf \"x\"");
	close(o.fds[0]);
	(void)snprintf(ran, sizeof ran, "%s 1 modem: no carrier", o.text);
	sms_ran(g.rig.k.sms, ran);
	(void)store_sync(g.rig.k.db.store);
	stands(&g, SMS_WAITING, "Activation SMS failed once: exit 1: modem: no carrier", STATUS_CREATED);
	turn(&g, 10000);
	assert_int_equal(boot_receive(ends[1], &o), 1);
	close(o.fds[0]);
	(void)snprintf(ran, sizeof ran, "%s 0 ", o.text);
	sms_ran(g.rig.k.sms, ran);
	(void)store_sync(g.rig.k.db.store);
	stands(&g, SMS_SENT, "Activation SMS sent: exit 0", STATUS_ACTIVATION_SENT);
	sms_ran(g.rig.k.sms, "nonsense");
	close(ends[0]);
	close(ends[1]);
	finish(&g);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_url), cmocka_unit_test(test_judge), cmocka_unit_test(test_program_end), cmocka_unit_test(test_argv),
		cmocka_unit_test(test_sent), cmocka_unit_test(test_overtaken), cmocka_unit_test(test_tries), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_killed), cmocka_unit_test(test_web_process), cmocka_unit_test(test_newer), cmocka_unit_test(test_missing),
		cmocka_unit_test(test_pause), cmocka_unit_test(test_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
