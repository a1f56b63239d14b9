/* links: keeper sipd db */
/*
 * What is told of devices' changes: each, but no flood of one that flaps, nor of a network that goes away.
 */
#include "tests/unit/keeper_fixture.h"

#include "core/event.h"
#include "sipd/keeper/devices.h"
#include "sipd/keeper/qualify_news.h"

enum { MINUTE_MS = 60 * 1000, NETWORK = 412 };

struct world {
	struct keeper		*k;
	struct account		 alice;
	struct devices		*devices;
	struct qualify_news	*news;
};

static int
setup(void **state)
{
	struct world	*w = calloc(1, sizeof *w);

	w->k = fixture_keeper();
	fixture_account(w->k, &w->alice, "alice");
	w->devices = devices_new(keeper_now(w->k));
	w->news = qualify_news_new(w->k);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world	*w = *state;

	qualify_news_free(w->news);
	devices_free(w->devices);
	fixture_free(w->k);
	free(w);
	return 0;
}

struct sought {
	const char	*text;
	size_t		 n;
};

static int
count_one(void *arg, const void *record)
{
	const struct event	*e = record;
	struct sought		*s = arg;

	s->n += strcmp(e->module, "device") == 0 && strstr(e->text, s->text) != NULL;
	return 0;
}

static size_t
told(struct world *w, const char *text)
{
	struct sought	s = { .text = text };

	assert_int_equal(store_sync(w->k->db.store), 0);
	(void)table_each(&w->k->db, &event_kind, NULL, 0, count_one, &s);
	return s.n;
}

static struct probed *
add(struct world *w, uint32_t n)
{
	uint8_t	hash[BINDING_KEY] = { 1 };

	memcpy(hash + 4, &n, sizeof n);
	return devices_add(w->devices, w->alice.id, hash);
}

static void
become(struct world *w, struct probed *p, enum device_status now)
{
	enum device_status	was = (enum device_status)p->device.status;

	p->device.status = (uint8_t)now;
	p->device.latency_ms = now == DEVICE_OK ? 38 : 0;
	qualify_news_add(w->news, p, was, "no answer in 4.0 s");
}

static void
each_change_is_told(void **state)
{
	struct world	*w = *state;
	struct probed	*p = add(w, 1);

	become(w, p, DEVICE_OK);
	assert_int_equal(told(w, ""), 0);		/* that a new one answers is no news */
	become(w, p, DEVICE_UNREACHABLE);
	assert_int_equal(told(w, "OK -> UNREACHABLE, no answer in 4.0 s"), 1);
	become(w, p, DEVICE_OK);
	assert_int_equal(told(w, "UNREACHABLE -> OK 38 ms"), 1);
	become(w, p, DEVICE_UNMONITORED);		/* an operator's doing, which has an event of its own */
	assert_int_equal(told(w, ""), 2);
	assert_int_equal(p->changes, 2);
}

/* Minutes apart, so that nothing but its own limit holds. */
static void
one_that_flaps(void **state)
{
	struct world	*w = *state;
	struct probed	*p = add(w, 1);

	p->device.status = DEVICE_OK;
	for (int i = 0; i < 25; i++) {
		fixture_later(w->k, 2 * MINUTE_MS);
		qualify_news_tick(w->news);
		become(w, p, i % 2 == 0 ? DEVICE_UNREACHABLE : DEVICE_OK);
	}
	assert_int_equal(p->changes, 25);		/* all are counted */
	assert_int_equal(told(w, ""), 10);
	assert_int_equal(told(w, "its next changes are not told"), 1);
	fixture_later(w->k, CHANGES_WINDOW_MS);
	become(w, p, DEVICE_OK);
	assert_int_equal(p->changes, 1);
	assert_int_equal(told(w, ""), 11);
}

static void
a_network_that_goes_away(void **state)
{
	struct world	*w = *state;

	for (uint32_t i = 0; i < NETWORK; i++) {
		struct probed	*p = add(w, i);

		p->device.status = DEVICE_OK;
		fixture_later(w->k, 10);
		become(w, p, DEVICE_UNREACHABLE);
	}
	assert_in_range(told(w, ""), 1, 20);
	fixture_later(w->k, 10 * 1000);
	qualify_news_tick(w->news);
	assert_int_equal(told(w, "412 devices UNREACHABLE within 10 s"), 1);
	fixture_later(w->k, 10 * 1000);
	qualify_news_tick(w->news);
	assert_int_equal(told(w, "devices"), 1);	/* once */
}

int
main(void)
{
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest	tests[] = { T(each_change_is_told), T(one_that_flaps), T(a_network_that_goes_away) };
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
