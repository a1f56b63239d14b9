/*
 * The console's loop: keys, the daemon, frames.  What a key asks for is painted at once, live data as the link allows (frames.h).
 */
#include "tui/console.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/account.h"
#include "core/binding.h"
#include "core/clock.h"
#include "core/event.h"
#include "core/group.h"
#include "core/licence.h"
#include "core/message.h"
#include "core/profile.h"
#include "core/text.h"
#include "tui/app.h"
#include "tui/cli.h"
#include "tui/common.h"
#include "tui/frames.h"
#include "tui/records.h"
#include "tui/screen.h"
#include "tui/table.h"

enum { CLOCK_MS = 1000, STALE_MS = 2000, ANSWER_MS = 300, MIN_COLS = 60, MIN_ROWS = 15 };

static const struct glyph	glyphs[] = {
	{ "OK", "+", "OK", S_OK }, { "LAGGED", "~", "LAGGED", S_LAGGED }, { "UNREACHABLE", "!", "UNREACHABLE", S_BAD },
	{ "UNKNOWN", "?", "UNKNOWN", S_BOLD }, { "UNMONITORED", "-", "Unmonitored", S_DIM }, { "UNREGISTERED", "!", "UNREGISTERED", S_BAD },
	{ "REJECTED", "!", "REJECTED", S_BAD }, { "DISABLED", "-", "Disabled", S_DIM },
};

static volatile sig_atomic_t	resized, ended;

static void
on_signal(int sig)
{
	if (sig == SIGWINCH)
		resized = 1;
	else
		ended = 1;
}

const struct glyph *
glyph_of(const char *word)
{
	for (size_t i = 0; word != NULL && i < sizeof glyphs / sizeof glyphs[0]; i++)
		if (strcmp(glyphs[i].word, word) == 0)
			return &glyphs[i];
	return NULL;
}

void
row_text(const struct console *c, const json_t *row, const char *field, char *buf, size_t size)
{
	const json_t	*v = json_object_get(row, field);

	(void)c;
	if (json_is_string(v))
		text_safe(json_string_value(v), json_string_length(v), buf, size, screen_ascii());
	else
		cell_text(v, buf, size);
}

void
console_age(int64_t ms, char *buf, size_t size)
{
	int64_t	s = (ms < 0 ? -ms : ms) / 1000;

	if (s < 60)
		(void)snprintf(buf, size, "%s%ds", ms < 0 ? "in " : "", (int)s);
	else if (s < 3600)
		(void)snprintf(buf, size, "%s%dm%02d", ms < 0 ? "in " : "", (int)(s / 60), (int)(s % 60));
	else if (s < 86400)
		(void)snprintf(buf, size, "%s%dh%02d", ms < 0 ? "in " : "", (int)(s / 3600), (int)(s / 60 % 60));
	else
		(void)snprintf(buf, size, "%s%dd%02dh", ms < 0 ? "in " : "", (int)(s / 86400), (int)(s / 3600 % 24));
}

static bool
local(const struct console *c, time_t t, struct tm *tm)
{
	return (c->utc ? gmtime_r(&t, tm) : localtime_r(&t, tm)) != NULL;
}

const char *
console_time(const struct console *c, const char *text, bool wide, bool ms, char *buf, size_t size)
{
	int64_t		at;
	time_t		t;
	struct tm	tm, today;
	char		clock[32], zone[16];

	buf[0] = '\0';
	if (clock_parse(text, &at) != 0)
		return buf;
	if (c->ages) {
		console_age(c->wall_ms - at, buf, size);
		return buf;
	}
	t = (time_t)(at / 1000);
	if (!local(c, t, &tm) || !local(c, (time_t)(c->wall_ms / 1000), &today))
		return buf;
	if (!wide && ms && (tm.tm_yday != today.tm_yday || tm.tm_year != today.tm_year)) {
		(void)strftime(buf, size, "%m-%d %H:%M", &tm);	/* in the cells of a clock with ms */
		return buf;
	}
	(void)strftime(clock, sizeof clock, wide ? "%Y-%m-%d %H:%M:%S" : "%H:%M:%S", &tm);
	(void)strftime(zone, sizeof zone, c->utc ? " UTC" : " %Z", &tm);
	if (!wide)
		zone[0] = '\0';
	if (ms)
		(void)snprintf(buf, size, "%s.%03d%s", clock, (int)(at % 1000), zone);
	else
		(void)snprintf(buf, size, "%s%s", clock, zone);
	return buf;
}

void
console_span(int64_t ms, char *buf, size_t size)
{
	char	text[CLOCK_TEXT];

	(void)snprintf(buf, size, "%s", clock_span_text(ms, text));
}

bool
console_time_typed(const struct console *c, const char *text, char rfc3339[CLOCK_TEXT])
{
	static const char *const	forms[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%m-%d %H:%M:%S",
	    "%m-%d %H:%M", "%m-%d", "%H:%M:%S", "%H:%M" };
	const char			*end;
	struct tm			 today, tm;
	int64_t				 at;

	if (clock_parse(text, &at) == 0) {
		(void)clock_text(at, rfc3339);
		return true;
	}
	if (!local(c, (time_t)(c->wall_ms / 1000), &today))
		return false;
	today.tm_hour = today.tm_min = today.tm_sec = 0;
	today.tm_isdst = -1;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		tm = today;
		end = strptime(text, forms[i], &tm);
		if (end == NULL || end[strspn(end, " ")] != '\0')
			continue;
		tm.tm_isdst = -1;
		(void)clock_text((int64_t)(c->utc ? timegm(&tm) : mktime(&tm)) * 1000, rfc3339);
		return true;
	}
	return false;
}

void
console_say(struct console *c, bool bad, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(c->message, sizeof c->message, fmt, ap);
	va_end(ap);
	c->message_bad = bad;
}

bool
console_may_write(struct console *c)
{
	if (c->link.state != LINK_UP)
		console_say(c, true, "the daemon can't be reached: nothing is changed");
	else if (!c->link.may_write)
		console_say(c, true, "read-only: you may look, not change");
	else
		return true;
	return false;
}

bool
console_ask(struct console *c, json_t *request, link_fn fn, void *arg)
{
	if (link_ask(&c->link, request, LINK_ONE, fn, arg, c->now_ms) >= 0)
		return true;
	console_say(c, true, "the daemon can't be reached");
	return false;
}

bool
console_refused(struct console *c, const json_t *m)
{
	const char	*text = json_string_value(json_object_get(json_object_get(m, "error"), "text"));

	if (m == NULL)
		console_say(c, true, "the connection was lost before the answer came: look whether it was done");
	else if (json_object_get(m, "error") != NULL)
		console_say(c, true, "%s", text == NULL ? "refused" : text);
	else
		return false;
	c->wants_frame = true;
	return true;
}

static void
show(struct console *c, const struct pane *p)
{
	if (c->pane != NULL && c->pane->close != NULL)
		c->pane->close(c);
	c->pane = p;
	if (p->open != NULL && c->link.state == LINK_UP)
		p->open(c);
}

void
console_go(struct console *c, const struct pane *p)
{
	if (p == c->pane)
		return;
	if (c->form.open) {
		console_say(c, true, "the form is open: F2 saves it, Esc leaves it");
		return;
	}
	c->last = c->pane->bit & (P_FORM | P_HELP) ? c->last : c->pane;
	c->n_history = 0;
	show(c, p);
}

void
console_enter(struct console *c, const struct pane *p)
{
	if (p == c->pane)
		return;
	if (c->n_history < HISTORY)
		c->history[c->n_history++] = c->pane;
	show(c, p);
}

void
console_back(struct console *c)
{
	show(c, c->n_history > 0 ? c->history[--c->n_history] : &pane_overview);
}

static void
on_status(void *arg, const json_t *m)
{
	struct console	*c = arg;
	json_t		*s = json_object_get(m, "status");

	if (s == NULL)
		s = json_object_get(m, "ok");
	if (!json_is_object(s))
		return;
	if (json_equal(s, c->status))
		return;
	json_decref(c->status);
	c->status = json_incref(s);
	c->wants_frame = true;
}

void
console_ask_status(struct console *c)
{
	(void)link_ask(&c->link, json_pack("{s:s}", "do", "status"), LINK_ONE, on_status, c, c->now_ms);
}

/* The link is (again) up: what is shown is asked for anew, the same row under the cursor. */
static void
on_up(void *arg)
{
	struct console	*c = arg;

	(void)link_ask(&c->link, json_pack("{s:s}", "do", "status watch"), LINK_STREAM, on_status, c, c->now_ms);
	if (c->pane->open != NULL)
		c->pane->open(c);
	c->wants_frame = true;
}

static void
link_word(const struct console *c, char *buf, size_t size)
{
	if (c->link.state != LINK_UP)
		(void)snprintf(buf, size, "LOST %ds", (int)((c->now_ms - c->link.lost_at) / 1000));
	else if (c->paused)
		(void)snprintf(buf, size, "PAUSED");
	else if (c->link.asked_at != 0 && c->now_ms - c->link.asked_at > STALE_MS)
		(void)snprintf(buf, size, "STALE %ds", (int)((c->now_ms - c->link.asked_at) / 1000));
	else
		(void)snprintf(buf, size, "LIVE");
}

/* "Accounts > Sales > " */
static size_t
place_text(const struct console *c, const struct pane *p, char *buf, size_t size)
{
	const char	*what = p->what == NULL ? "" : p->what(c);
	bool		 both = p->place[0] != '\0' && what[0] != '\0';
	int		 n = snprintf(buf, size, "%s%s%s > ", p->place, both ? " > " : "", what);

	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

/* The way to where one is; on a narrow screen without what is the same everywhere. */
static void
place_paint(struct console *c, int cells)
{
	char	place[300] = "", left[640];
	size_t	n = 0;

	for (int i = 0; i < c->n_history; i++)
		n += place_text(c, c->history[i], place + n, sizeof place - n);
	n += place_text(c, c->pane, place + n, sizeof place - n);
	if (n >= 3 && strcmp(place + n - 3, " > ") == 0)
		place[n - 3] = '\0';
	(void)snprintf(left, sizeof left, "wirechief %s > %s", c->link.domain, place);
	if (text_width(left) > cells)
		(void)snprintf(left, sizeof left, "wirechief > %s", place);
	(void)screen_put_raw(0, 1, cells, S_BOLD, text_width(left) > cells ? place : left);
}

/* "DEBUG qualify sip": logging that is on costs, and tells much; it is not to be forgotten. */
static void
debug_text(const struct console *c, char *buf, size_t size)
{
	json_t	*list = json_object_get(c->status, "debug"), *name;
	size_t	 i, at = 0;

	buf[0] = '\0';
	json_array_foreach(list, i, name) {
		at += (size_t)snprintf(buf + at, size - at, "%s%s", i == 0 ? "DEBUG " : ",", json_string_value(name));
		if (at >= size)
			break;
	}
}

static void
top_paint(struct console *c)
{
	char		right[100], state[24], clock[32], debug[24];
	time_t		t = (time_t)(c->wall_ms / 1000);
	struct tm	tm;
	int		col;

	(void)(c->utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm));
	(void)strftime(clock, sizeof clock, c->utc ? "%H:%M:%S UTC" : "%H:%M:%S %Z", &tm);
	link_word(c, state, sizeof state);
	(void)snprintf(right, sizeof right, "%s  %s", form_changed(&c->form) ? "UNSAVED" : c->link.may_write ? "READ-WRITE" : "READ-ONLY",
	    state);
	col = screen_cols() - text_width(clock) - 1;
	(void)screen_put(0, col, text_width(clock), S_PLAIN, clock);	/* plain: it is painted every second */
	col -= text_width(right) + 2;
	(void)screen_put(0, col, text_width(right), c->link.state == LINK_UP ? S_BOLD : S_BAD, right);
	debug_text(c, debug, sizeof debug);
	if (debug[0] != '\0') {
		col -= text_width(debug) + 2;
		(void)screen_put(0, col, text_width(debug), S_BAD, debug);
	}
	place_paint(c, col - 2);
}

static void
foot_paint(struct console *c)
{
	char	foot[200];
	int	row = screen_rows() - 2;

	if (c->link.state != LINK_UP && c->message[0] == '\0' && c->prompt.kind == PROMPT_NONE)
		(void)screen_put_raw(row, 1, screen_cols() - 1, S_DIM, c->link.why);
	action_footer(c->pane->bit, c->link.may_write, screen_cols(), foot, sizeof foot);
	(void)screen_put(row + 1, 0, screen_cols(), S_PLAIN, foot);
}

/* What is too long for a line takes the one above, too. */
static void
message_paint(struct console *c)
{
	int		row = screen_rows() - 2, cells = screen_cols() - 2, used;
	enum style	style = c->message_bad ? S_BAD : S_BOLD;
	char		text[2 * MESSAGE];
	size_t		n;

	if (c->prompt.kind != PROMPT_NONE || c->message[0] == '\0')
		return;
	text_safe(c->message, strlen(c->message), text, sizeof text, screen_ascii());
	n = text_fit(text, cells, &used);
	while (n > 0 && text[n] != '\0' && text[n] != ' ')
		n--;
	if (text[n] == '\0' || n == 0) {
		(void)screen_put(row, 1, cells, style, text);
		return;
	}
	text[n] = '\0';
	screen_blank(row - 1);
	(void)screen_put(row - 1, 1, cells, style, text);
	(void)screen_put(row, 1, cells, style, text + n + 1);
}

static bool
is_too_small(void)
{
	return screen_cols() < MIN_COLS || screen_rows() < MIN_ROWS;
}

static void
frame(struct console *c, struct frames *f)
{
	screen_begin(c->link.state != LINK_UP);
	if (is_too_small()) {
		(void)screen_put(0, 0, screen_cols(), S_PLAIN, "too small: 60x15 is needed");
	} else {
		foot_paint(c);
		if (c->prompt.kind != PROMPT_MENU && c->prompt.kind != PROMPT_NOTE)
			c->pane->paint(c);
		top_paint(c);
		message_paint(c);
		prompt_paint(c);
	}
	screen_end(c->redraw);
	c->redraw = c->wants_frame = c->urgent = false;
	frames_sent(f, c->now_ms);
}

static void
key_take(struct console *c, int key)
{
	const struct action_row	*a;

	if (is_too_small() && key != ('c' & 0x1f))
		return;		/* nobody sees what it would do */
	c->urgent = true;
	c->key_ms = c->now_ms;
	if (key == ('z' & 0x1f)) {
		screen_suspend();	/* also while something is typed */
		return;
	}
	if (key == K_PASTE ? prompt_paste(c, c->keys.paste_code) : prompt_key(c, key))
		return;
	c->message[0] = '\0';
	if (c->pane->key != NULL && c->pane->key(c, key))
		return;
	if (key == 'q' && c->pane == &pane_overview && c->n_history == 0) {
		c->quit = true;
		return;
	}
	if (key != K_PASTE && (a = action_of_key(key, c->pane->bit)) != NULL)
		common_perform(c, a);
}

static void
keys_read(struct console *c, struct frames *f)
{
	uint8_t	bytes[128];
	ssize_t	n = read(STDIN_FILENO, bytes, sizeof bytes);
	int	key;

	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		c->quit = true;		/* the terminal is gone */
	if (n > 0)
		keys_feed(&c->keys, bytes, (size_t)n, c->now_ms);
	while (!c->quit && (key = keys_next(&c->keys, c->now_ms)) != KEY_NONE) {
		if (key == K_ACK) {
			frames_acknowledged(f, c->now_ms);
			screen_answered();
		} else
			key_take(c, key);
	}
}

static int
next_wait(struct console *c)
{
	int	wait_ms = (int)(CLOCK_MS - c->wall_ms % CLOCK_MS), retry = link_next_ms(&c->link, c->now_ms), tell;

	if (retry >= 0 && retry < wait_ms)
		wait_ms = retry;
	if (c->pane->list != NULL && (tell = list_next_ms(c->pane->list(c))) >= 0 && tell < wait_ms)
		wait_ms = tell;
	if (keys_waiting(&c->keys) && wait_ms > KEY_ESC_MS)
		wait_ms = KEY_ESC_MS;
	return wait_ms;
}

static void
ticks(struct console *c, int64_t *second)
{
	struct list	*lists[] = { &c->registered, &c->accounts, &c->group_box, &c->groups, &c->profiles, &c->licences,
	    &c->queue, &c->events, &c->recent, &c->waiting, &c->trunks, &c->trunk_setup, &c->trunk_box, &c->calls };

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		list_tick(lists[i]);
	trace_turn(c);
	if (c->wall_ms / CLOCK_MS != *second) {
		*second = c->wall_ms / CLOCK_MS;
		c->wants_frame = true;
		if (c->pane->tick != NULL && c->link.state == LINK_UP && !c->paused)
			c->pane->tick(c);
	}
	if (resized) {
		resized = 0;
		screen_resize();
		c->urgent = c->redraw = true;
	}
}

static void
now_read(struct console *c)
{
	c->now_ms = clock_boot_ms();
	c->wall_ms = clock_wall_ms();
}

static void
run(struct console *c)
{
	struct frames	f = { 0 };
	int64_t		second = 0;
	int		wait_ms = 0, due_ms;
	enum link_state	state;
	bool		wanted;
	sigset_t	unblocked;

	(void)sigemptyset(&unblocked);
	c->urgent = true;
	while (!c->quit && !ended && !c->link.wrong_protocol) {
		struct pollfd	p[2] = { { .fd = STDIN_FILENO, .events = POLLIN },
			{ .fd = link_fd(&c->link), .events = (short)(POLLIN | (link_wants_write(&c->link) ? POLLOUT : 0)) } };
		struct timespec	t = { .tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L };

		(void)ppoll(p, 2, &t, &unblocked);
		now_read(c);
		if (p[0].revents != 0 || keys_waiting(&c->keys)) {
			if (p[0].revents & (POLLIN | POLLHUP))
				keys_read(c, &f);
			else
				for (int key; (key = keys_next(&c->keys, c->now_ms)) != KEY_NONE;)
					key_take(c, key);
		}
		state = c->link.state;
		wanted = c->wants_frame;
		link_serve(&c->link, c->now_ms);
		if (c->link.state != state)
			c->wants_frame = true;
		if (c->wants_frame && !wanted && c->now_ms - c->key_ms < ANSWER_MS)
			c->urgent = true;	/* what a key asked for, most likely */
		ticks(c, &second);
		due_ms = c->wants_frame || c->urgent ? frames_next(&f, c->urgent, c->now_ms) : INT_MAX;
		if (due_ms == 0)
			frame(c, &f);
		wait_ms = next_wait(c);
		if (due_ms > 0 && due_ms < wait_ms)
			wait_ms = due_ms;
	}
}

static void
signals_set(void)
{
	struct sigaction	sa = { .sa_handler = on_signal };
	sigset_t		blocked;
	static const int	signals[] = { SIGWINCH, SIGTERM, SIGHUP, SIGINT };

	(void)sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		(void)sigaction(signals[i], &sa, NULL);
		(void)sigaddset(&blocked, signals[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);	/* they come in ppoll only */
}

static void
lists_init(struct console *c)
{
	list_init(&c->registered, c, &registration_kind);
	list_init(&c->accounts, c, &account_kind);
	list_init(&c->group_box, c, &group_kind);
	list_init(&c->groups, c, &group_kind);
	list_init(&c->profiles, c, &profile_kind);
	list_init(&c->licences, c, &licence_kind);
	list_init(&c->queue, c, &message_kind);
	c->queue.reverse = true;
	list_init(&c->events, c, &event_kind);
	list_init(&c->recent, c, &event_kind);
	c->events.follow = c->recent.follow = true;
	list_init(&c->waiting, c, &message_kind);
	trunk_list_init(&c->trunks, c, TRUNK_LIST_STATUS);
	trunk_list_init(&c->trunk_setup, c, TRUNK_LIST_SETUP);
	trunk_list_init(&c->trunk_box, c, TRUNK_LIST_BOX);
	calls_list_init(&c->calls, c);
}

static void
lists_clear(struct console *c)
{
	list_clear(&c->registered);
	list_clear(&c->accounts);
	list_clear(&c->group_box);
	list_clear(&c->groups);
	list_clear(&c->profiles);
	list_clear(&c->licences);
	list_clear(&c->queue);
	list_clear(&c->events);
	list_clear(&c->recent);
	list_clear(&c->waiting);
	list_clear(&c->trunks);
	list_clear(&c->trunk_setup);
	list_clear(&c->trunk_box);
	list_clear(&c->calls);
}

int
console_main(const char *path)
{
	struct console	*c = calloc(1, sizeof *c);
	char		 why[SCREEN_WHY];
	int		 status = EXIT_DONE;

	if (c == NULL)
		return EXIT_UNREACHED;
	if (screen_open(why) != 0) {
		(void)fprintf(stderr, "wirechief: %s\n", why);
		free(c);
		return EXIT_USAGE;
	}
	signals_set();
	now_read(c);
	lists_init(c);
	c->box = 1;
	c->box_all = true;
	c->events_seen = -1;
	c->pane = &pane_overview;
	link_init(&c->link, path, on_up, c);
	if (screen_notice() != NULL)
		console_say(c, false, "%s", screen_notice());
	run(c);
	screen_close();
	if (c->link.wrong_protocol) {
		(void)fprintf(stderr, "wirechief: %s\n", c->link.why);
		status = EXIT_UNREACHED;
	}
	trunk_test_end(c);
	trace_clear(c);
	link_clear(&c->link);
	lists_clear(c);
	form_clear(&c->form);
	export_clear(&c->export);
	json_decref(c->status);
	json_decref(c->details);
	json_decref(c->why.told);
	json_decref(c->queued);
	json_decref(c->rendered);
	json_decref(c->trunk.record);
	free(c);
	return status;
}
