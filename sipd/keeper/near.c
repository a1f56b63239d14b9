/*
 * A small store is looked through, of a large one every name that is one slip away is asked for: both bounded.
 */
#include "sipd/keeper/near.h"

#include <stdio.h>
#include <string.h>

#include "core/nearest.h"
#include "core/text.h"
#include "sipd/keeper/keeper.h"

enum { LOOKED_THROUGH = 500, SLIPS_MAX = 20, SOME = 6, SAFE = 130 };

/* The letters of names as people make them. */
static const char	letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";

static int
try_one(void *arg, struct store_bytes key, struct store_bytes value)
{
	(void)value;
	if (key.n > 0 && ((const char *)key.p)[key.n - 1] == '\0')
		nearest_try(arg, key.p);
	return 0;
}

struct slips {
	struct store	*store;
	enum table	 table;
	char		*found;
};

/* Whether there is one of that name; it then is what was looked for. */
static bool
is_there(struct slips *s, const char *name, size_t n)
{
	struct store_bytes	value;

	if (store_get(s->store, s->table, name, n + 1, &value) != 0)
		return false;
	memcpy(s->found, name, n + 1);
	return true;
}

/* With a letter more or another one at i. */
static bool
another_letter(struct slips *s, const char *name, size_t n, size_t i, bool more)
{
	char	other[SLIPS_MAX + 2];

	memcpy(other, name, i);
	memcpy(other + i + 1, name + i + !more, n - i + more);
	for (const char *l = letters; *l != '\0'; l++) {
		other[i] = *l;
		if (is_there(s, other, n + more))
			return true;
	}
	return false;
}

static bool
letter_less_or_swapped(struct slips *s, const char *name, size_t n, size_t i)
{
	char	other[SLIPS_MAX + 2];

	memcpy(other, name, i);
	memcpy(other + i, name + i + 1, n - i);
	if (n > 1 && is_there(s, other, n - 1))
		return true;
	if (i + 1 >= n)
		return false;
	memcpy(other, name, n + 1);
	other[i] = name[i + 1];
	other[i + 1] = name[i];
	return is_there(s, other, n);
}

static void
try_slips(struct slips *s, const char *name)
{
	char	folded[SLIPS_MAX + 2];
	size_t	n = strlen(name);

	if (n == 0 || n > SLIPS_MAX || is_there(s, folded, text_fold(name, n, folded, sizeof folded)))
		return;
	for (size_t i = 0; i < n; i++)
		if (letter_less_or_swapped(s, name, n, i) || another_letter(s, name, n, i, false) || another_letter(s, name, n, i, true))
			return;
	(void)another_letter(s, name, n, n, true);
}

const char *
near_hint(struct keeper *k, const struct kind *kind, const char *name, char *buf, size_t size)
{
	const struct store_bytes	 all = { "", 0 };
	const struct index		*ix = kind_names(kind);
	struct nearest			 n;
	struct slips			 s = { .store = k->db.store, .found = n.best };
	char				 safe[SAFE];

	nearest_begin(&n, name);
	if (ix != NULL) {
		s.table = ix->table;
		(void)store_range(k->db.store, ix->table, all, NULL, false, LOOKED_THROUGH, try_one, &n);
		if (n.far > 1)
			try_slips(&s, name);
	}
	text_safe(n.best, strlen(n.best), safe, sizeof safe, false);
	if (n.best[0] != '\0')
		(void)snprintf(buf, size, "; did you mean '%s'?", safe);
	else
		(void)snprintf(buf, size, "; '%s list' tells which there are", kind->name);
	return buf;
}

struct some {
	char	*buf;
	size_t	 size, at;
	int	 n;
};

static int
add_some(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct some	*s = arg;
	char		 safe[SAFE];

	(void)value;
	text_safe(key.p, strnlen(key.p, key.n), safe, sizeof safe, false);
	if (s->n++ == SOME || s->at + strlen(safe) + sizeof ", ..." >= s->size) {
		(void)snprintf(s->buf + s->at, s->size - s->at, ", ...");
		return 1;
	}
	s->at += (size_t)snprintf(s->buf + s->at, s->size - s->at, "%s%s", s->n == 1 ? "; there are " : ", ", safe);
	return 0;
}

const char *
near_some(struct keeper *k, const struct kind *kind, char *buf, size_t size)
{
	const struct store_bytes	 all = { "", 0 };
	const struct index		*ix = kind_names(kind);
	struct some			 s = { .buf = buf, .size = size };

	buf[0] = '\0';
	if (ix != NULL)
		(void)store_range(k->db.store, ix->table, all, NULL, false, 0, add_some, &s);
	return buf;
}
