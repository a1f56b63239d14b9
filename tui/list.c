#include "tui/list.h"

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/text.h"
#include "tui/app.h"
#include "tui/search.h"

enum { KEPT_ROWS = 64 };

void
list_init(struct list *l, struct console *c, const struct kind *k)
{
	memset(l, 0, sizeof *l);
	l->c = c;
	l->kind = k;
	l->body = 20;
	l->rows = json_object();
	l->marks = json_object();
	l->order = json_array();
	if (k->sort != NULL)
		(void)snprintf(l->sort, sizeof l->sort, "%s", k->sort);
}

void
list_clear(struct list *l)
{
	json_decref(l->rows);
	json_decref(l->marks);
	json_decref(l->order);
	json_decref(l->held);
}

/* The end that the newest events come to. */
static bool
has_newest(const struct list *l)
{
	return strcmp(l->kind->name, "event") == 0 && strcmp(l->sort, "time") == 0;
}

bool
list_follows(const struct list *l)
{
	return l->follow && has_newest(l);
}

static bool
follows_end(const struct list *l)
{
	return list_follows(l) && !l->reverse;
}

static void	on_reply(void *arg, const json_t *m);
static void	on_change(void *arg, const json_t *m);

static int64_t
window(const struct list *l)
{
	return 3 * (int64_t)(l->body < 5 ? 5 : l->body);
}

static int64_t
wanted_first(const struct list *l)
{
	int64_t	first = l->top - l->body;

	return follows_end(l) ? -1 : list_follows(l) || first < 0 ? 0 : first;
}

void
list_open(struct list *l)
{
	json_t	*r;

	if (l->asked) {
		l->again = true;
		return;
	}
	r = json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:s}", "do", "view", "kind", l->kind->name, "filter", l->filter, "sort",
	    l->sort, "reverse", l->reverse, "first", (json_int_t)wanted_first(l), "count", (json_int_t)window(l), "group", l->group);
	if (l->view != 0)
		(void)json_object_set_new(r, "of", json_integer(l->view));
	else
		l->seeking = true;	/* the link was lost, or the screen left: rows may have moved meanwhile */
	l->seeking = l->seeking && l->selected[0] != '\0' && !list_follows(l);
	if (l->seeking)
		(void)json_object_set_new(r, "at", json_string(l->selected));
	l->asked = link_ask(&l->c->link, r, LINK_ONE, on_reply, l, l->c->now_ms) >= 0;
}

/* The same, where the selected row stands elsewhere by now. */
static void
reopen(struct list *l)
{
	l->seeking = true;
	list_open(l);
}

void
list_close(struct list *l)
{
	if (l->view != 0)
		(void)link_ask(&l->c->link, json_pack("{s:s, s:I}", "do", "view close", "of", l->view), LINK_ONE, NULL, NULL, l->c->now_ms);
	link_forget(&l->c->link, l);
	l->view = 0;
	l->asked = l->again = false;
}

static int64_t
shown(const struct list *l)
{
	return (int64_t)json_array_size(l->order);
}

static const char *
id_at(const struct list *l, int64_t position)
{
	if (position < l->first || position >= l->first + shown(l))
		return NULL;
	return json_string_value(json_array_get(l->order, (size_t)(position - l->first)));
}

static int64_t
position_of(const struct list *l, const char *id)
{
	size_t	 i;
	json_t	*v;

	json_array_foreach(l->order, i, v)
		if (strcmp(json_string_value(v), id) == 0)
			return l->first + (int64_t)i;
	return -1;
}

/* Keeps the window on rows that exist, and the cursor on a line that has one. */
static void
settle(struct list *l)
{
	int64_t	most = l->matched - l->body;

	if (l->top > most)
		l->top = most;
	if (l->top < 0)
		l->top = 0;
	if (l->line >= l->body)
		l->line = l->body - 1;
	if (l->line >= l->matched - l->top)
		l->line = (int)(l->matched - l->top - 1);
	if (l->line < 0)
		l->line = 0;
}

/* Finds the selected record in a new order: same record, same line; or else the line's new neighbour. */
static void
reselect(struct list *l)
{
	int64_t		 at = l->selected[0] == '\0' ? -1 : position_of(l, l->selected);
	bool		 knew = l->selected[0] != '\0', inside = l->top >= l->first && l->top + l->line < l->first + shown(l);
	const char	*id;

	if (list_follows(l)) {
		l->top = l->reverse ? 0 : l->matched - l->body;
		l->line = l->reverse ? 0 : l->body - 1;
	} else if (at >= 0) {
		l->top = at - l->line;
		if (l->top < 0) {
			l->line += (int)l->top;
			l->top = 0;
		}
	} else if (knew && inside)
		l->vanished_ms = l->c->now_ms;
	settle(l);
	if (at >= 0 && !list_follows(l) && at - l->top != l->line)
		l->line = (int)(at - l->top);
	id = id_at(l, l->top + l->line);
	(void)snprintf(l->selected, sizeof l->selected, "%s", id == NULL ? "" : id);
}

/* Lets go of rows that are in no window any more. */
static void
prune(struct list *l)
{
	json_t	*kept, *id;
	size_t	 i;

	if (json_object_size(l->rows) <= 2 * json_array_size(l->order) + KEPT_ROWS || (kept = json_object()) == NULL)
		return;
	json_array_foreach(l->order, i, id)
		(void)json_object_set(kept, json_string_value(id), json_object_get(l->rows, json_string_value(id)));
	json_decref(l->rows);
	l->rows = kept;
}

/* Asks for another window when less than half a screen of this one is left above or below. */
static void
fetch(struct list *l)
{
	int64_t	above = l->top - l->first, below = l->first + shown(l) - l->top - l->body;

	if ((l->first > 0 && above < l->body / 2) || (l->first + shown(l) < l->matched && below < l->body / 2))
		list_open(l);
}

static void
order_take(struct list *l, json_t *order, int64_t first)
{
	json_decref(l->order);
	l->order = json_incref(order);
	l->first = first;
	if (l->follow && l->selected[0] != '\0' && position_of(l, l->selected) < 0)
		reopen(l);
	reselect(l);
	prune(l);
}

/* A device that is probed each minute with the same result did not change: neither its probes nor its latency deserve a mark. */
static bool
is_probe_only(const json_t *was, json_t *now)
{
	const char	*name;
	json_t		*v;

	if (json_object_get(now, "device_status") == NULL || json_object_size(was) != json_object_size(now))
		return false;
	json_object_foreach(now, name, v)
		if (strcmp(name, "_probe") != 0 && strcmp(name, "latency_ms") != 0 && !json_equal(v, json_object_get(was, name)))
			return false;
	return true;
}

/* Merges rows, and marks what changed: not those that others pushed into the window. */
static void
rows_take(struct list *l, json_t *rows, bool mark, bool grew)
{
	const char	*id;
	json_t		*row;

	json_object_foreach(rows, id, row) {
		const json_t	*was = json_object_get(l->rows, id);

		if (mark && (grew || was != NULL) && !is_probe_only(was, row))
			(void)json_object_set_new(l->marks, id, json_integer(l->c->now_ms));
		(void)json_object_set(l->rows, id, row);
	}
}

static void
counts_take(struct list *l, const json_t *m)
{
	const char	*state = json_string_value(json_object_get(m, "state"));

	if (json_object_get(m, "total") != NULL)
		l->total = json_integer_value(json_object_get(m, "total"));
	if (json_object_get(m, "matched") != NULL)
		l->matched = json_integer_value(json_object_get(m, "matched"));
	if (json_object_get(m, "users") != NULL)
		l->users = json_integer_value(json_object_get(m, "users"));
	if (json_object_get(m, "today") != NULL)
		l->today = json_integer_value(json_object_get(m, "today"));
	if (json_object_get(m, "ms") != NULL)
		l->took_ms = json_integer_value(json_object_get(m, "ms"));
	if (state != NULL)
		l->sorting = strcmp(state, "ready") != 0;
	l->done = json_number_value(json_object_get(m, "done"));
}

static bool
is_about_filter(const json_t *error)
{
	const char	*field = json_string_value(json_object_get(error, "field"));

	return field != NULL && (strcmp(field, "filter") == 0 || strcmp(field, "query") == 0);
}

/*
 * The rows stay those of the filter before.  The search box tells where the fault is; without it the filter is what it was, and the box
 * opens with what was refused.
 */
static void
filter_refused(struct list *l, const json_t *error)
{
	const char	*text = json_string_value(json_object_get(error, "text")), *rest = text == NULL ? NULL : strstr(text, ": ");

	l->c->wants_frame = true;
	if (!search_is_open(l)) {
		console_say(l->c, true, "%.200s; / goes on with it", text == NULL ? "not a query" : text);
		memcpy(l->refused, l->filter, sizeof l->refused);
		memcpy(l->filter, l->good, sizeof l->filter);
		return;
	}
	(void)snprintf(l->fault, sizeof l->fault, "%s", rest == NULL ? "not a query" : rest + 2);
	l->fault_column = json_integer_value(json_object_get(error, "column"));
}

/* Whether the answer is a refusal; the view is then another one, or none. */
static bool
refused(struct list *l, const json_t *m)
{
	const json_t	*error = json_object_get(m, "error");

	if (error == NULL)
		return false;
	l->seeking = false;
	if (l->again)
		return true;	/* nobody asks for that any more */
	if (is_about_filter(error)) {
		filter_refused(l, error);
		return true;
	}
	l->view = 0;
	(void)console_refused(l->c, m);
	return true;
}

static void
window_take(struct list *l, const json_t *m)
{
	json_t		*order = json_object_get(m, "order"), *at = json_object_get(m, "position");
	const char	*note = json_string_value(json_object_get(m, "note"));

	memcpy(l->good, l->filter, sizeof l->good);
	l->fault[0] = l->refused[0] = '\0';
	l->fault_shown = false;
	(void)snprintf(l->note, sizeof l->note, "%s", note == NULL ? "" : note);
	counts_take(l, m);
	(void)json_object_clear(l->rows);
	rows_take(l, json_object_get(m, "rows"), false, false);
	json_decref(l->held);
	l->held = NULL;
	l->missed = false;
	if (l->seeking && json_is_integer(at) && json_integer_value(at) < 0)
		l->selected[0] = '\0';
	l->seeking = false;
	if (json_is_array(order))
		order_take(l, order, json_integer_value(json_object_get(m, "first")));
	fetch(l);
	if (l->wanted[0] != '\0')
		list_find(l, l->wanted);
	l->wanted[0] = '\0';
	l->c->wants_frame = true;
}

static void
on_reply(void *arg, const json_t *m)
{
	struct list	*l = arg;

	l->asked = false;
	if (m == NULL) {	/* asked again when the link is back */
		l->view = 0;
		l->again = false;
		return;
	}
	if (!refused(l, m)) {
		l->view = json_integer_value(json_object_get(m, "view"));
		link_view(&l->c->link, l->view, on_change, l);
		if (!l->again)	/* else it answers what nobody asks any more */
			window_take(l, m);
	}
	if (l->again) {
		l->again = false;
		list_open(l);
	}
}

static void
on_change(void *arg, const json_t *m)
{
	struct list	*l = arg;
	json_t		*order = json_object_get(m, "order");
	int64_t		 first = l->first, total = l->total;
	/* What a filter or a sort has found so far is no order yet that could be held. */
	bool		 hold = !l->sorting && !l->follow && l->c->now_ms - l->c->key_ms < LIST_HOLD_MS;

	if (m == NULL)
		return;
	counts_take(l, m);
	if (l->c->paused) {
		l->missed = true;
		return;
	}
	rows_take(l, json_object_get(m, "rows"), true, l->total > total);
	if (json_object_get(m, "first") != NULL)
		first = json_integer_value(json_object_get(m, "first"));
	if (json_is_array(order) && hold && shown(l) > 0) {
		json_decref(l->held);
		l->held = json_incref(order);
		l->held_first = first;
	} else if (json_is_array(order)) {
		json_decref(l->held);
		l->held = NULL;
		order_take(l, order, first);
		fetch(l);
	}
	l->c->wants_frame = true;
}

void
list_tick(struct list *l)
{
	const char	*id;
	json_t		*at;
	void		*next;

	if (list_next_ms(l) == 0)
		l->fault_shown = l->c->wants_frame = true;
	if (l->missed && !l->c->paused && l->view != 0) {
		l->missed = false;
		reopen(l);
	}
	if (l->held != NULL && l->c->now_ms - l->c->key_ms >= LIST_HOLD_MS) {
		json_t	*order = l->held;

		l->held = NULL;
		order_take(l, order, l->held_first);
		json_decref(order);
		l->c->wants_frame = true;
	}
	json_object_foreach_safe(l->marks, next, id, at) {
		if (l->c->now_ms - json_integer_value(at) >= LIST_MARK_MS) {
			(void)json_object_del(l->marks, id);
			l->c->wants_frame = true;
		}
	}
}

int
list_next_ms(const struct list *l)
{
	int64_t	wait_ms = l->typed_ms + SEARCH_QUIET_MS - l->c->now_ms;

	return l->fault[0] == '\0' || l->fault_shown ? -1 : wait_ms < 0 ? 0 : (int)wait_ms;
}

void
list_set_filter(struct list *l, const char *filter)
{
	l->refused[0] = '\0';
	if (strcmp(l->filter, filter) == 0)
		return;
	(void)snprintf(l->filter, sizeof l->filter, "%s", filter);
	l->fault[0] = '\0';
	l->fault_shown = false;
	l->typed_ms = l->c->now_ms;
	reopen(l);
}

static void
go_to(struct list *l, int64_t position)
{
	const char	*id;
	bool		 followed = list_follows(l);

	l->follow = l->follow && !followed;
	if (position >= l->matched)
		position = l->matched - 1;
	if (position < 0)
		position = 0;
	if (position < l->top)
		l->top = position;
	if (position >= l->top + l->body)
		l->top = position - l->body + 1;
	l->line = (int)(position - l->top);
	id = id_at(l, position);
	(void)snprintf(l->selected, sizeof l->selected, "%s", id == NULL ? "" : id);
	if (followed)
		list_open(l);	/* the window stays where it is from now on */
	else
		fetch(l);
}

static void
page(struct list *l, int64_t by)
{
	int64_t	position = l->top + l->line + by;

	l->top += by;
	settle(l);
	go_to(l, position);
}

static void
on_found(void *arg, const json_t *m)
{
	struct list	*l = arg;
	const json_t	*ok = json_object_get(m, "ok");
	int64_t		 position = json_integer_value(json_object_get(ok, "position"));

	if (console_refused(l->c, m))
		return;
	if (position < 0)
		console_say(l->c, false, "no row at or after that");
	else
		go_to(l, position);
	l->c->wants_frame = true;
}

void
list_find(struct list *l, const char *text)
{
	const struct field	*f = kind_field(l->kind, l->sort);
	char			 at[CLOCK_TEXT];

	if (f != NULL && f->type == FT_TIME) {
		if (!console_time_typed(l->c, text, at)) {
			console_say(l->c, true, "a time such as 14:01, 14:01:58, 11-20 14:01 or 2026-11-20");
			return;
		}
		text = at;
	}
	if (l->view != 0)
		(void)console_ask(l->c, json_pack("{s:s, s:I, s:s}", "do", "view find", "of", l->view, "text", text), on_found, l);
	else	/* when the window is there */
		(void)snprintf(l->wanted, sizeof l->wanted, "%s", text);
}

void
list_seek(struct list *l, const char *field, const char *text)
{
	(void)snprintf(l->sort, sizeof l->sort, "%s", field);
	(void)snprintf(l->wanted, sizeof l->wanted, "%s", text);
	l->filter[0] = l->group[0] = l->selected[0] = '\0';
	l->reverse = l->follow = false;
}

void
list_set_sort(struct list *l, const char *field)
{
	(void)snprintf(l->sort, sizeof l->sort, "%s", field);
	reopen(l);
}

/* The shown column next to the one sorted by. */
static void
sort_step(struct list *l, int step)
{
	struct column	columns[LIST_COLUMNS];
	size_t		n = list_columns(l, 1000, columns);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(columns[i].field->name, l->sort) == 0) {
			i = (i + n + (size_t)(step + (int)n)) % n;
			list_set_sort(l, columns[i].field->name);
			return;
		}
	}
}

void
list_resize(struct list *l, int lines)
{
	if (lines <= 0 || lines == l->body)
		return;
	l->body = lines;
	if (l->line >= lines) {
		l->top += l->line - lines + 1;
		l->line = lines - 1;
	}
	if (l->view != 0)
		list_open(l);
}

bool
list_act(struct list *l, const struct action_row *a)
{
	int64_t	at = l->top + l->line;

	switch (a->action) {
	case ACT_DOWN: go_to(l, at + 1); return true;
	case ACT_UP: go_to(l, at - 1); return true;
	case ACT_PAGE_DOWN: page(l, l->body); return true;
	case ACT_PAGE_UP: page(l, -l->body); return true;
	case ACT_HALF_DOWN: page(l, l->body / 2); return true;
	case ACT_HALF_UP: page(l, -l->body / 2); return true;
	case ACT_FIRST:
	case ACT_LAST_ROW:
		go_to(l, a->action == ACT_FIRST ? 0 : l->matched - 1);
		if (has_newest(l) && l->reverse == (a->action == ACT_FIRST)) {
			l->follow = true;
			list_open(l);
		}
		return true;
	case ACT_SORT_LEFT: sort_step(l, -1); return true;
	case ACT_SORT_RIGHT: sort_step(l, 1); return true;
	case ACT_SORT_REVERSE:
		l->reverse = !l->reverse;
		reopen(l);
		return true;
	case ACT_FILTER_CLEAR: list_set_filter(l, ""); return true;
	case ACT_FOLLOW:
		l->follow = !l->follow;
		list_open(l);
		return true;
	case ACT_REFRESH: list_open(l); return false;
	default:	/* not a list's own */
		return false;
	}
}

const json_t *
list_row(const struct list *l)
{
	return l->selected[0] == '\0' ? NULL : json_object_get(l->rows, l->selected);
}

const json_t *
list_row_at(const struct list *l, int64_t position)
{
	const char	*id = id_at(l, position);

	return id == NULL ? NULL : json_object_get(l->rows, id);
}

const char *
list_value(const struct list *l, const char *field, char *buf, size_t size)
{
	const json_t	*row = list_row(l);

	buf[0] = '\0';
	if (row != NULL && json_is_string(json_object_get(row, field)))
		(void)snprintf(buf, size, "%s", json_string_value(json_object_get(row, field)));
	return buf;
}

bool
list_may_act(const struct list *l)
{
	return list_row(l) != NULL && (l->vanished_ms == 0 || l->c->now_ms - l->vanished_ms >= LIST_VANISHED_MS);
}
