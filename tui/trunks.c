#include "tui/trunks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/text.h"
#include "core/trunk.h"
#include "tui/app.h"
#include "tui/devices.h"
#include "tui/screen.h"

static const struct list_look	status_looks[] = {
	{ "host", "Host", "Host", 22, 15, 3 }, { "name", "Name", "Name", 14, 10, 2 },
	{ "number", "Virtual Phone Number", "Virtual Phone", 20, 13, 5 }, { "username", "Username", "Username", 12, 8, 6 },
	{ "transport", "Transport", "Trans", 9, 5, 4 }, { "encryption", "Encryption", "Encr", 10, 5, 7 },
	{ "status", "Status", "Status", 22, 14, 1 },
};

static const struct list_look	setup_looks[] = {
	{ "name", "Name", "Name", 20, 10, 1 }, { "host", "Host:Port", "Host:Port", 40, 26, 2 }, { "transport", "Transport", "Trans", 9, 5, 3 },
	{ "encryption", "Encryption", "Encr", 10, 5, 4 }, { "register", "Register", "Register", 8, 8, 5 },
	{ "qualify", "Qualify", "Qualify", 8, 8, 6 }, { "enabled", "Enabled", "Enabled", 8, 7, 7 },
};

static const struct list_look	box_looks[] = {
	{ "name", "Name", "Name", 14, 11, 1 }, { "host", "Host", "Host", 22, 18, 2 },
};

static const struct {
	const struct list_look	*looks;
	size_t			 n;
} looks[] = {
	[TRUNK_LIST_STATUS] = { status_looks, sizeof status_looks / sizeof status_looks[0] },
	[TRUNK_LIST_SETUP] = { setup_looks, sizeof setup_looks / sizeof setup_looks[0] },
	[TRUNK_LIST_BOX] = { box_looks, sizeof box_looks / sizeof box_looks[0] },
};

static const char *
text_of(const json_t *record, const char *field)
{
	const char	*s = json_string_value(json_object_get(record, field));

	return s == NULL ? "" : s;
}

/* "3m26" of a time that is over. */
static void
since_text(const struct console *c, const char *rfc3339, char *buf, size_t size)
{
	int64_t	at;

	buf[0] = '\0';
	if (clock_parse(rfc3339, &at) == 0)
		console_age(c->wall_ms - at, buf, size);
}

const struct glyph *
trunk_status_text(const struct console *c, const json_t *row, int cells, char *buf, size_t size)
{
	const struct glyph	*g = glyph_of(text_of(row, "status"));
	json_int_t		 ms = json_integer_value(json_object_get(row, "latency_ms"));
	char			 more[40] = "", all[80];

	buf[0] = '\0';
	if (g == NULL)
		return NULL;
	if (strcmp(g->word, "OK") == 0 || strcmp(g->word, "LAGGED") == 0)
		latency_text(ms, more, sizeof more);
	else if (g->style != S_DIM)
		since_text(c, text_of(row, "status_at"), more, sizeof more);
	(void)snprintf(all, sizeof all, "%s %s%s%s", g->glyph, g->shown, more[0] == '\0' ? "" : " ", more);
	if (more[0] != '\0' && (int)strlen(all) > cells)
		(void)snprintf(buf, size, "%s %s", g->glyph, g->shown);
	else
		(void)snprintf(buf, size, "%s", all);
	return g;
}

/* "[2001:db8::1]:5061"; without a port just the host. */
static void
host_text(const struct console *c, const json_t *row, char *buf, size_t size)
{
	json_int_t	port = json_integer_value(json_object_get(row, "port"));
	char		host[3 * TRUNK_HOST];
	bool		six;

	row_text(c, row, "host", host, sizeof host);
	six = strchr(host, ':') != NULL && host[0] != '[';
	if (port == 0)
		(void)snprintf(buf, size, "%s", host);
	else
		(void)snprintf(buf, size, "%s%s%s:%" JSON_INTEGER_FORMAT, six ? "[" : "", host, six ? "]" : "", port);
}

static bool
cell(const struct list *l, const json_t *row, const struct field *f, int cells, char *buf, size_t size, const struct glyph **g)
{
	const json_t	*v = json_object_get(row, f->name);

	if (strcmp(f->name, "status") == 0)
		*g = trunk_status_text(l->c, row, cells, buf, size);
	else if (strcmp(f->name, "encryption") == 0)
		(void)snprintf(buf, size, "%s", json_is_true(v) ? "true" : "false");
	else if (strcmp(f->name, "host") == 0 && l->looks == setup_looks)
		host_text(l->c, row, buf, size);
	else if (strcmp(f->name, "qualify") == 0 && json_is_integer(v))
		(void)snprintf(buf, size, "%" JSON_INTEGER_FORMAT " ms", json_integer_value(v));
	else
		return false;
	return true;
}

void
trunk_list_look(struct list *l, enum trunk_list which)
{
	l->looks = looks[which].looks;
	l->n_looks = looks[which].n;
}

void
trunk_list_init(struct list *l, struct console *c, enum trunk_list which)
{
	list_init(l, c, &trunk_kind);
	l->cell = cell;
	trunk_list_look(l, which);
	if (which == TRUNK_LIST_BOX)
		(void)snprintf(l->sort, sizeof l->sort, "status");
}

static void
on_seen(void *arg, const json_t *m)
{
	struct console	*c = arg;
	json_t		*record = json_object_get(m, "ok");

	c->trunk.asked = false;
	if (strcmp(text_of(json_object_get(m, "error"), "code"), "not-found") == 0 && c->pane == &pane_trunk) {
		console_back(c);
		console_say(c, false, "the trunk %.64s is gone, or has another name", c->trunk.name);
	}
	if (strcmp(text_of(record, "name"), c->trunk.name) != 0 || json_equal(record, c->trunk.record))
		return;
	json_decref(c->trunk.record);
	c->trunk.record = json_incref(record);
	c->wants_frame = true;
}

void
trunk_ask(struct console *c)
{
	if (!c->trunk.asked && c->trunk.name[0] != '\0')
		c->trunk.asked = link_ask(&c->link, json_pack("{s:s, s:s}", "do", "trunk show", "name", c->trunk.name), LINK_ONE, on_seen, c,
		    c->now_ms) >= 0;
}

void
trunk_see(struct console *c, const char *name)
{
	if (strcmp(c->trunk.name, name) == 0)
		return;
	(void)snprintf(c->trunk.name, sizeof c->trunk.name, "%s", name);
	json_decref(c->trunk.record);
	c->trunk.record = NULL;
	c->trunk.top = 0;
}

/* A text that grows. */
struct words {
	char	*buf;
	size_t	 size, at;
};

static void	add(struct words *, const char *sep, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void
add(struct words *w, const char *sep, const char *fmt, ...)
{
	va_list	ap;

	if (w->at < w->size)
		w->at += (size_t)snprintf(w->buf + w->at, w->size - w->at, "%s", sep);
	va_start(ap, fmt);
	if (w->at < w->size)
		w->at += (size_t)vsnprintf(w->buf + w->at, w->size - w->at, fmt, ap);
	va_end(ap);
}

/* "registered until 14:31:40", or why not. */
static const char *
registration_words(const struct console *c, const json_t *row, struct words *w, const char *sep)
{
	char	until[64], next[64];

	if (!json_is_true(json_object_get(row, "register")))
		return sep;
	if (json_is_string(json_object_get(row, "registration_expires"))) {
		add(w, sep, "registered until %s", console_time(c, text_of(row, "registration_expires"), false, false, until, sizeof until));
	} else {
		add(w, sep, "not registered");
		(void)console_time(c, text_of(json_object_get(c->trunk.record, "registration"), "next_at"), false, false, next, sizeof next);
		if (next[0] != '\0')
			add(w, ", ", "next try %s", next);
	}
	return ", ";
}

static void
probe_words(const struct console *c, const json_t *probe, struct words *w, const char *sep)
{
	char	last[64], next[64];

	if (!json_is_object(probe)) {
		add(w, sep, "not probed");
		return;
	}
	add(w, sep, "probe every %" JSON_INTEGER_FORMAT " s", json_integer_value(json_object_get(probe, "interval")));
	if (console_time(c, text_of(probe, "last_at"), false, false, last, sizeof last)[0] != '\0')
		add(w, ", ", "last %s", last);
	if (console_time(c, text_of(probe, "next_at"), false, false, next, sizeof next)[0] != '\0')
		add(w, ", ", "next %s", next);
}

void
trunk_state_text(const struct console *c, const struct list *l, char *buf, size_t size)
{
	const json_t	*row = list_row(l);
	struct words	 w = { .buf = buf, .size = size };
	char		 name[3 * TRUNK_NAME], error[3 * TRUNK_ERROR];
	const char	*sep = ": ";

	buf[0] = '\0';
	if (row == NULL)
		return;
	row_text(c, row, "name", name, sizeof name);
	row_text(c, row, "last_error", error, sizeof error);
	add(&w, "", "%s", name);
	if (!json_is_true(json_object_get(row, "enabled"))) {
		add(&w, sep, "disabled: neither probed nor used");
		return;
	}
	if (error[0] != '\0') {
		add(&w, sep, "%s", error);
		sep = ", ";
	}
	sep = registration_words(c, row, &w, sep);
	if (strcmp(text_of(c->trunk.record, "name"), text_of(row, "name")) == 0)
		probe_words(c, json_object_get(c->trunk.record, "probe"), &w, sep);
}

/* "3: 2 OK, 1 UNREACHABLE": the worst first. */
static void
box_words(const struct console *c, char *buf, size_t size)
{
	static const char *const	worst[] = {
		"REJECTED", "UNREACHABLE", "UNKNOWN", "UNREGISTERED", "LAGGED", "OK", "UNMONITORED", "DISABLED",
	};
	const json_t	*states = json_object_get(c->status, "trunk_states");
	json_int_t	 all = json_integer_value(json_object_get(c->status, "trunks")), n;
	struct words	 w = { .buf = buf, .size = size };
	const char	*sep = ": ";

	add(&w, "", "%" JSON_INTEGER_FORMAT, all);
	for (size_t i = 0; i < sizeof worst / sizeof worst[0]; i++) {
		if ((n = json_integer_value(json_object_get(states, worst[i]))) == 0)
			continue;
		add(&w, sep, "%" JSON_INTEGER_FORMAT " %s", n, glyph_of(worst[i])->shown);
		sep = ", ";
	}
}

int
trunk_box_paint(struct console *c, int row, int end, int cells, bool active)
{
	struct list	*l = &c->trunk_box;
	char		 words[200], head[240];
	int		 lines = end - row - 1;
	bool		 whole = cells >= screen_cols();

	box_words(c, words, sizeof words);
	(void)snprintf(head, sizeof head, "5 SIP Trunks  %s", words);
	(void)screen_put(row++, 1, cells - 1, S_BOLD, head);
	trunk_list_look(l, whole ? TRUNK_LIST_STATUS : TRUNK_LIST_BOX);
	lines -= whole;
	if (lines > l->matched)
		lines = (int)l->matched;
	if (lines < 1)
		return row;
	if (whole)
		list_paint(l, row++, 0, cells, lines, active);
	else
		list_paint_rows(l, row, 0, cells, lines, active);
	return row + lines;
}
