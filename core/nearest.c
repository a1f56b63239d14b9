#include "core/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* One of three letters may be wrong, and always one. */
static size_t
most_wrong(size_t n)
{
	return n < 6 ? 1 : n / 3;
}

void
nearest_begin(struct nearest *n, const char *typed)
{
	memset(n, 0, sizeof *n);
	if (strlen(typed) >= sizeof n->typed)
		return;		/* to nothing that we have is it near */
	(void)snprintf(n->typed, sizeof n->typed, "%s", typed);
	n->far = 2 * (most_wrong(strlen(typed)) + 1);
}

static bool
same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t
least_of(size_t a, size_t b, size_t c)
{
	size_t	least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many letters have to be put in, left out, changed or swapped to make b of a. */
static size_t
distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t	rows[3][NEAREST_WORD], *before = rows[0], *last = rows[1], *now = rows[2], *spare;

	for (size_t j = 0; j <= m; j++)
		last[j] = j;
	for (size_t i = 1; i <= n; i++) {
		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			now[j] = least_of(last[j] + 1, now[j - 1] + 1, last[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]) && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[m];
}

void
nearest_try(struct nearest *n, const char *word)
{
	size_t	typed = strlen(n->typed), length = strlen(word), far;

	if (length == 0 || length >= sizeof n->best || typed == 0 || 2 * (length > typed ? length - typed : typed - length) >= n->far)
		return;
	/* Of two that are as near the one that what was typed begins: "of" is rather "off" than "on". */
	far = 2 * distance(n->typed, typed, word, length);
	if (far > 0 && strncasecmp(word, n->typed, typed) != 0)
		far++;
	if (far >= n->far)
		return;
	n->far = far;
	memcpy(n->best, word, length + 1);
}

static bool
is_meant(const struct field *f, unsigned any_of, unsigned none_of)
{
	return f->name != NULL && (any_of == 0 || (f->flags & any_of)) && (f->flags & none_of) == 0;
}

const char *
nearest_field(const struct kind *k, const char *typed, unsigned any_of, unsigned none_of, char *buf, size_t size)
{
	struct nearest	n;
	size_t		at;

	nearest_begin(&n, typed);
	for (size_t i = 0; i < k->n_fields; i++)
		if (is_meant(&k->fields[i], any_of, none_of))
			nearest_try(&n, k->fields[i].name);
	if (n.best[0] != '\0') {
		(void)snprintf(buf, size, "; did you mean '%s'?", n.best);
		return buf;
	}
	at = (size_t)snprintf(buf, size, "; there are");
	for (size_t i = 0; i < k->n_fields && at < size; i++)
		if (is_meant(&k->fields[i], any_of, none_of))
			at += (size_t)snprintf(buf + at, size - at, " %s", k->fields[i].name);
	return buf;
}
