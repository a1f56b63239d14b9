#include "sipd/keeper/marks.h"

#include <stdlib.h>
#include <string.h>

#include "sipd/keeper/job.h"

enum {
	MARK_ROWS = 256,		/* between two marks when they are set */
	MARK_MOST = 2 * MARK_ROWS,	/* with more it is cut */
	REACH = 8192,			/* rows that a position may be away from what is known: 1 ms or so */
};

struct mark {
	size_t		 range, n;	/* a struct place, no longer than it need be */
	uint8_t		*key;
	size_t		 rows;		/* up to the next mark; an estimate while it is to be counted */
	bool		 stale;		/* to be counted */
};

/* The first mark stands at the beginning, always. */
struct marks {
	struct order	*order;
	size_t		 key_n;		/* of a row */
	struct mark	*marks;
	size_t		 n, max;
	size_t		 n_stale;
	size_t		 next;		/* the first one that may be stale */
	size_t		 total;
};

struct marks *
marks_new(struct order *o, size_t total)
{
	struct marks	*m = calloc(1, sizeof *m);

	if (m == NULL || (m->marks = calloc(1, sizeof *m->marks)) == NULL) {
		free(m);
		return NULL;
	}
	m->order = o;
	m->key_n = order_key_bytes(o);
	m->n = m->max = 1;
	m->marks[0] = (struct mark){ .rows = total, .stale = true };
	m->n_stale = 1;
	m->total = total;
	return m;
}

void
marks_free(struct marks *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->n; i++)
		free(m->marks[i].key);
	free(m->marks);
	order_free(m->order);
	free(m);
}

size_t
marks_total(const struct marks *m)
{
	return m->total;
}

double
marks_done(const struct marks *m)
{
	size_t	left = 0;

	for (size_t i = m->next; i < m->n && m->n_stale > 0; i++)
		left += m->marks[i].stale ? m->marks[i].rows : 0;
	return m->n_stale == 0 || m->total == 0 ? 1 : 1 - (double)left / (double)m->total;
}

static void
place_of(const struct mark *mark, struct place *p)
{
	p->range = mark->range;
	p->n = mark->n;
	if (mark->n > 0)
		memcpy(p->key, mark->key, mark->n);
}

static void
set_rows(struct marks *m, size_t i, size_t rows)
{
	m->total += rows - m->marks[i].rows;
	m->marks[i].rows = rows;
}

static void
set_stale(struct marks *m, size_t i, bool stale)
{
	if (m->marks[i].stale == stale)
		return;
	m->marks[i].stale = stale;
	if (stale)
		m->n_stale++;
	else
		m->n_stale--;
	if (stale && i < m->next)
		m->next = i;
}

/* A new mark after mark i; false when out of memory: then there are fewer. */
static bool
insert(struct marks *m, size_t i, const struct place *p)
{
	struct mark	 fresh = { .range = p->range, .n = p->n, .key = malloc(p->n) };
	size_t		 max = 2 * m->max;
	void		*more;

	if (fresh.key == NULL)
		return false;
	if (m->n == m->max) {
		if ((more = realloc(m->marks, max * sizeof *m->marks)) == NULL) {
			free(fresh.key);
			return false;
		}
		m->marks = more;
		m->max = max;
	}
	memcpy(fresh.key, p->key, p->n);
	memmove(m->marks + i + 2, m->marks + i + 1, (m->n - i - 1) * sizeof *m->marks);
	m->marks[i + 1] = fresh;
	m->n++;
	return true;
}

/* What mark i counted goes to the one before it. */
static void
merge(struct marks *m, size_t i)
{
	m->marks[i - 1].rows += m->marks[i].rows;
	set_stale(m, i, false);
	free(m->marks[i].key);
	memmove(m->marks + i, m->marks + i + 1, (m->n - i - 1) * sizeof *m->marks);
	m->n--;
	if (m->next > i)
		m->next--;
}

struct counting {
	size_t		rows;
	struct place	cuts[2];	/* where the next marks go */
};

static int
count_row(void *arg, const struct place *p, const uint8_t *key, struct store_bytes value)
{
	struct counting	*c = arg;

	(void)key;
	(void)value;
	if (c->rows == MARK_ROWS)
		c->cuts[0] = *p;
	else if (c->rows == MARK_MOST)
		c->cuts[1] = *p;
	c->rows++;
	return 0;
}

/* One mark's rows.  Of more than MARK_MOST the first ones are counted, and a new mark stands before the rest. */
static void
count_mark(struct marks *m, size_t i)
{
	struct counting	c = { .rows = 0 };
	struct place	from, to;
	size_t		was = m->marks[i].rows;

	place_of(&m->marks[i], &from);
	if (i + 1 < m->n)
		place_of(&m->marks[i + 1], &to);
	(void)order_walk(m->order, &from, i + 1 < m->n ? &to : NULL, MARK_MOST + 1, count_row, &c);
	if (c.rows > MARK_MOST && insert(m, i, &c.cuts[1])) {
		set_rows(m, i, MARK_MOST);
		set_rows(m, i + 1, was > MARK_MOST ? was - MARK_MOST : 1);
		set_stale(m, i + 1, true);
		c.rows = MARK_MOST;
		if (insert(m, i, &c.cuts[0])) {
			m->marks[i].rows = MARK_ROWS;
			m->marks[i + 1].rows = MARK_MOST - MARK_ROWS;
		}
		set_stale(m, i, false);
		return;
	}
	set_rows(m, i, c.rows);
	set_stale(m, i, false);
	if (i > 0 && !m->marks[i - 1].stale && m->marks[i - 1].rows + c.rows <= MARK_ROWS)
		merge(m, i);
}

bool
marks_count(struct marks *m, int64_t until_us)
{
	while (m->n_stale > 0) {
		while (!m->marks[m->next].stale)
			m->next++;
		count_mark(m, m->next);
		if (job_is_late(until_us))
			break;
	}
	if (m->n_stale == 0)
		m->next = m->n;
	return m->n_stale > 0;
}

/* The last mark that stands at or before the place. */
static size_t
mark_before(const struct marks *m, const struct place *p)
{
	size_t	low = 0, high = m->n;

	while (high - low > 1) {
		size_t		mid = low + (high - low) / 2;
		struct place	at;

		place_of(&m->marks[mid], &at);
		if (place_compare(&at, p) <= 0)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static size_t
rows_before(const struct marks *m, size_t mark)
{
	size_t	rows = 0;

	for (size_t i = 0; i < mark; i++)
		rows += m->marks[i].rows;
	return rows;
}

size_t
marks_note(struct marks *m, const struct place *p)
{
	size_t	i = mark_before(m, p);

	set_stale(m, i, true);
	return rows_before(m, i);
}

struct taking {
	size_t		 skip, n, max, key_n;
	uint8_t		(*keys)[ROW_KEY_MAX];
};

static int
take_row(void *arg, const struct place *p, const uint8_t *key, struct store_bytes value)
{
	struct taking	*t = arg;

	(void)p;
	(void)value;
	if (t->skip > 0)
		t->skip--;
	else
		memcpy(t->keys[t->n++], key, t->key_n);
	return t->n == t->max;
}

struct stepping {
	size_t		n;
	struct place	place;
};

static int
step_back(void *arg, const struct place *p, const uint8_t *key, struct store_bytes value)
{
	struct stepping	*s = arg;

	(void)key;
	(void)value;
	s->n++;
	s->place = *p;
	return 0;
}

/* A place that many rows before mark i (the end, when there is none); fewer when there are not so many. */
static struct place
back_from(struct marks *m, size_t i, size_t rows)
{
	struct stepping	s = { .n = 0 };
	struct place	end;

	if (i < m->n) {
		place_of(&m->marks[i], &end);
		s.place = end;
	}
	if (rows > 0)
		(void)order_walk_back(m->order, i < m->n ? &end : NULL, rows, step_back, &s);
	return s.place;
}

size_t
marks_rows(struct marks *m, size_t first, size_t max, uint8_t (*keys)[ROW_KEY_MAX])
{
	struct taking	t = { .max = max, .keys = keys, .key_n = m->key_n };
	struct place	from;
	size_t		before = 0, i = 0, away;

	if (first >= m->total || max == 0)
		return 0;
	while (i + 1 < m->n && before + m->marks[i].rows <= first)
		before += m->marks[i++].rows;
	away = first - before;
	if (away <= REACH) {
		place_of(&m->marks[i], &from);
		t.skip = away;
	} else if (before + m->marks[i].rows - first <= REACH)
		from = back_from(m, i + 1, before + m->marks[i].rows - first);
	else
		return 0;
	(void)order_walk(m->order, &from, NULL, 0, take_row, &t);
	return t.n;
}

static int
pass_row(void *arg, const struct place *p, const uint8_t *key, struct store_bytes value)
{
	(void)p;
	(void)key;
	(void)value;
	++*(size_t *)arg;
	return 0;
}

bool
marks_position(struct marks *m, const struct place *p, size_t *position)
{
	size_t		i = mark_before(m, p), before = rows_before(m, i), n = 0;
	struct place	at;

	place_of(&m->marks[i], &at);
	(void)order_walk(m->order, &at, p, REACH, pass_row, &n);
	if (n < REACH) {
		*position = before + n;
		return true;
	}
	if (i + 1 < m->n)
		return false;
	n = 0;
	(void)order_walk(m->order, p, NULL, REACH, pass_row, &n);
	*position = m->total - n;
	return n < REACH && n <= m->total;
}
