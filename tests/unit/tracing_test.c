/* links: db keeper sipd */
/*
 * Traces in the keeper: what the SIP process is told, when, and that they end by themselves; the clock is moved by hand.
 */
#include "keeper_fixture.h"

#include <sys/socket.h>

#include "sipd/keeper/tracing.h"

struct fixture {
	struct keeper	*k;
	struct channel	*ours, *front;
	struct account	 alice;
	/* What the front was told last, and how often. */
	struct wire_trace	last;
	char			names[256], sources[256];
	uint64_t		last_id;
	size_t			n;
	/* What a watcher was told. */
	size_t			seen, ended;
};

static void
on_frame(void *arg, const struct frame *frame)
{
	struct fixture	*f = arg;

	assert_int_equal(frame->type, WIRE_TRACE);
	assert_int_equal(frame_decode(frame, &f->last), 0);
	(void)span_get(f->last.names, f->names, sizeof f->names);
	(void)span_get(f->last.sources, f->sources, sizeof f->sources);
	f->last_id = frame->id;
	f->n++;
}

static void
on_gone(void *arg, int rc)
{
	(void)arg, (void)rc;
}

static void
on_seen(void *arg, const struct wire_traced *m)
{
	struct fixture	*f = arg;

	f->seen += m != NULL;
	f->ended += m == NULL;
}

static int
setup(void **state)
{
	struct fixture	*f = calloc(1, sizeof *f);
	int		 fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	f->k = fixture_keeper();
	assert_non_null(f->k->tracing = tracing_new(f->k));
	f->ours = channel_new(fds[0], on_frame, on_gone, f);
	f->front = channel_new(fds[1], on_frame, on_gone, f);
	f->k->channels[PROC_SIP] = f->ours;
	fixture_account(f->k, &f->alice, "alice");
	strcpy(f->alice.caller_id, "+39065550101");
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture	*f = *state;

	tracing_free(f->k->tracing);
	f->k->channels[PROC_SIP] = NULL;
	channel_free(f->ours);
	channel_free(f->front);
	fixture_free(f->k);
	free(f);
	return 0;
}

/* Hands over what was told. */
static void
hand_over(struct fixture *f)
{
	channel_flush(f->ours);
	channel_read(f->front);
}

static void
put_binding(struct fixture *f, const char *source, uint8_t transport, uint64_t flow)
{
	struct binding	b = { .account_id = f->alice.id, .transport = transport, .flow = flow, .expires_at = keeper_now(f->k) + 3600000 };
	struct txn	*t = txn_new(f->k->db.store);

	b.hash[0] = transport;
	assert_int_equal(addr_parse(&b.source, source), 0);
	table_put(t, &f->k->db, &binding_kind, &b);
	assert_int_equal(store_commit(t, NULL, NULL), 0);
	assert_int_equal(store_sync(f->k->db.store), 0);
}

static void
the_front_is_told(void **state)
{
	struct fixture		*f = *state;
	struct tracing_one	*o = tracing_start(f->k->tracing, &f->alice, on_seen, f);

	hand_over(f);
	assert_int_equal(f->n, 1);
	assert_true(f->last.on);
	assert_string_equal(f->names, "alice\n+39065550101\n");
	assert_string_equal(f->sources, "");
	tracing_tick(f->k->tracing);
	hand_over(f);
	assert_int_equal(f->n, 1);			/* nothing is new */
	put_binding(f, "192.0.2.17:5060", TRANSPORT_UDP, 0);
	put_binding(f, "192.0.2.18:4000", TRANSPORT_TCP, 77);
	tracing_tick(f->k->tracing);
	hand_over(f);
	assert_int_equal(f->n, 2);
	assert_string_equal(f->sources, "192.0.2.17:5060\n#77\n");
	tracing_front_new(f->k->tracing);		/* another front knows nothing */
	hand_over(f);
	assert_int_equal(f->n, 3);
	f->k->channels[PROC_SIP] = NULL;
	put_binding(f, "192.0.2.19:5060", TRANSPORT_UDP, 0);
	tracing_tick(f->k->tracing);
	f->k->channels[PROC_SIP] = f->ours;
	tracing_tick(f->k->tracing);			/* it is back */
	hand_over(f);
	assert_int_equal(f->n, 4);
	tracing_stop(f->k->tracing, o);
	hand_over(f);
	assert_false(f->last.on);
}

static void
what_is_seen_finds_its_watcher(void **state)
{
	struct fixture			*f = *state;
	const struct wire_traced	 m = { .out = true };

	assert_non_null(tracing_start(f->k->tracing, &f->alice, on_seen, f));
	hand_over(f);
	tracing_seen(f->k->tracing, f->last_id, &m);
	tracing_seen(f->k->tracing, f->last_id + 1, &m);
	assert_int_equal(f->seen, 1);
}

static void
it_ends_by_itself(void **state)
{
	struct fixture	*f = *state;

	assert_non_null(tracing_start(f->k->tracing, &f->alice, on_seen, f));
	fixture_later(f->k, TRACING_LIFE_S * 1000 - 2000);
	tracing_tick(f->k->tracing);
	assert_int_equal(f->ended, 0);
	fixture_later(f->k, 2000);
	tracing_tick(f->k->tracing);
	assert_int_equal(f->ended, 1);
	hand_over(f);
	assert_false(f->last.on);
	tracing_tick(f->k->tracing);
	assert_int_equal(f->ended, 1);
}

static void
there_are_so_many(void **state)
{
	struct fixture		*f = *state;
	struct tracing_one	*one = NULL;

	for (int i = 0; i < TRACING_MAX; i++)
		assert_non_null(one = tracing_start(f->k->tracing, &f->alice, on_seen, f));
	assert_null(tracing_start(f->k->tracing, &f->alice, on_seen, f));
	tracing_stop(f->k->tracing, one);
	assert_non_null(tracing_start(f->k->tracing, &f->alice, on_seen, f));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_front_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_seen_finds_its_watcher, setup, teardown),
		cmocka_unit_test_setup_teardown(it_ends_by_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(there_are_so_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
