/* links: */
/* The tree against a sorted array: random puts, replacements and removals. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/tree.h"
#include "core/varint.h"

enum { KEYS = 400, ROUNDS = 40000 };

struct model {
	bool	there[KEYS];
	size_t	value_n[KEYS];
};

static void
key_of(unsigned i, uint8_t key[8])
{
	be64_put(key, (uint64_t)i * 7919);
}

static void
agree(const struct tree *t, const struct model *m)
{
	struct tree_node	*node = tree_first(t);
	size_t			 position = 0;

	for (unsigned i = 0; i < KEYS; i++) {
		uint8_t	key[8];
		size_t	n;

		key_of(i, key);
		if (!m->there[i]) {
			assert_null(tree_find(t, key, sizeof key));
			continue;
		}
		assert_ptr_equal(tree_find(t, key, sizeof key), node);
		assert_memory_equal(tree_key(node, &n), key, sizeof key);
		(void)tree_value(node, &n);
		assert_int_equal(n, m->value_n[i]);
		assert_int_equal(tree_position(node), position);
		assert_ptr_equal(tree_nth(t, position), node);
		assert_ptr_equal(tree_at_or_after(t, key, sizeof key), node);
		assert_ptr_equal(tree_before(t, key, sizeof key), tree_prev(node));
		node = tree_next(node);
		position++;
	}
	assert_null(node);
	assert_int_equal(tree_count(t), position);
	assert_null(tree_nth(t, position));
}

static void
test_random(void **state)
{
	static const uint8_t	value[64];
	struct model		m = { 0 };
	struct tree		*t = tree_new();
	unsigned		 seed = 4711;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned	i = (unsigned)rand_r(&seed) % KEYS;
		uint8_t		key[8];

		key_of(i, key);
		if (rand_r(&seed) % 3 == 0) {
			assert_int_equal(tree_remove(t, key, sizeof key), m.there[i]);
			m.there[i] = false;
		} else {
			m.there[i] = true;
			m.value_n[i] = (size_t)rand_r(&seed) % sizeof value;
			assert_non_null(tree_put(t, key, sizeof key, value, m.value_n[i]));
		}
		if (round % 1000 == 0)
			agree(t, &m);
	}
	agree(t, &m);
	tree_clear(t);
	assert_int_equal(tree_count(t), 0);
	tree_free(t);
}

static void
test_order_is_bytewise(void **state)
{
	struct tree	*t = tree_new();
	size_t		 n;

	(void)state;
	tree_put(t, "b", 1, "2", 1);
	tree_put(t, "a\xff", 2, "1", 1);
	tree_put(t, "a", 1, "0", 1);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(*(char *)tree_value(tree_nth(t, i), &n), '0' + (int)i);
	assert_ptr_equal(tree_last(t), tree_nth(t, 2));
	tree_free(t);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_order_is_bytewise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
