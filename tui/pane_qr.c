/*
 * The link that sets up and activates an account's phone, as a QR code for a phone that is held to the screen (product H5): below it the
 * link, how long it is good, and what became of it.  It is made when it is asked for and forgotten when nobody looks any more.
 */
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "tui/app.h"
#include "tui/qr.h"
#include "tui/records.h"
#include "tui/screen.h"
#include "tui/shell.h"

enum { TOP = 1, SPARE = 3 /* place, countdown, keys */, LEFT = 1 };

static int
link_rows(const struct qr_seen *s)
{
	int	cells = screen_cols() - 2;

	return cells <= 0 ? 1 : ((int)strlen(s->link) + cells - 1) / cells;
}

/* The link in as many rows as it takes, whole: it has no blank to be cut at. */
static void
link_paint(const struct qr_seen *s, int row)
{
	char	line[sizeof s->link];
	size_t	cells = (size_t)(screen_cols() - 2);

	for (const char *p = s->link; *p != '\0' && row < screen_rows() - 2; p += strlen(line)) {
		(void)snprintf(line, sizeof line, "%.*s", (int)cells, p);
		(void)screen_put(row++, LEFT, screen_cols() - LEFT, S_PLAIN, line);
	}
}

/* Without half blocks whole cells are lit. */
static void
ascii_paint(int row, const char *line)
{
	static const char	blanks[] = "                                        ";
	int			col = LEFT;

	for (size_t n; *line != '\0'; line += n) {
		enum style	style = line[0] == '#' ? S_QR_LIGHT : S_QR_DARK;

		n = strspn(line, line[0] == '#' ? "#" : " ");
		for (size_t left = n; left > 0;) {
			size_t	part = left < sizeof blanks - 1 ? left : sizeof blanks - 1;

			col += screen_put(row, col, (int)part, style, blanks + sizeof blanks - 1 - part);
			left -= part;
		}
	}
}

static void
code_paint(const struct qr_seen *s, int quiet)
{
	char	line[QR_LINE];

	for (int i = 0; i < qr_rows(&s->code, quiet, screen_ascii()); i++) {
		(void)qr_line(&s->code, quiet, screen_ascii(), i, line);
		if (screen_ascii())
			ascii_paint(TOP + i, line);
		else
			(void)screen_put(TOP + i, LEFT, qr_cols(&s->code, quiet, false), S_QR, line);
	}
}

/* "alice: good for 71:59:58, once.  Last status: Created" */
static void
state_paint(const struct console *c)
{
	const struct qr_seen	*s = &c->qr;
	int64_t			 left = (s->until_ms - c->wall_ms) / 1000;
	char			 line[300];

	(void)snprintf(line, sizeof line, "%s: good for %02lld:%02lld:%02lld, for one phone.  Last status: %s", s->name, (long long)left / 3600,
	    (long long)left / 60 % 60, (long long)left % 60, s->status[0] == '\0' ? "..." : s->status);
	if (left < 0)
		(void)snprintf(line, sizeof line, "%s: this link has expired; Esc, and Q makes another", s->name);
	(void)screen_put_raw(screen_rows() - 2, LEFT, screen_cols() - LEFT, left < 0 ? S_BAD : S_BOLD, line);
}

static void
paint(struct console *c)
{
	struct qr_seen	*s = &c->qr;
	bool		 ascii = screen_ascii(), over = s->until_ms <= c->wall_ms;
	int		 under = link_rows(s), rows = screen_rows() - SPARE - under;
	int		 quiet = qr_fit(&s->code, screen_cols() - LEFT, rows, ascii);
	char		 line[200];

	if (!over && quiet > 0) {
		code_paint(s, quiet);
		link_paint(s, TOP + qr_rows(&s->code, quiet, ascii));
	} else if (!over) {
		(void)snprintf(line, sizeof line, "The QR code needs a terminal of %dx%d; this one is %dx%d. The link itself:",
		    qr_cols(&s->code, QR_QUIET_LEAST, ascii) + LEFT, qr_rows(&s->code, QR_QUIET_LEAST, ascii) + SPARE + under, screen_cols(),
		    screen_rows());
		screen_put_rows(TOP + 1, 2, S_BOLD, line);
		link_paint(s, TOP + 4);
	}
	if (c->message[0] == '\0' && !prompt_at_foot(c))
		state_paint(c);
}

static void
on_status(void *arg, const json_t *m)
{
	struct console	*c = arg;
	const char	*status = json_string_value(json_object_get(json_object_get(m, "ok"), "status"));

	c->qr.asked = false;
	if (status == NULL || strcmp(status, c->qr.status) == 0)
		return;
	(void)snprintf(c->qr.status, sizeof c->qr.status, "%s", status);
	c->wants_frame = true;
}

static void
tick(struct console *c)
{
	if (!c->qr.asked)
		c->qr.asked = link_ask(&c->link, json_pack("{s:s, s:s}", "do", "account show", "name", c->qr.name), LINK_ONE, on_status, c,
		    c->now_ms) >= 0;
}

static void
forget(struct console *c)
{
	explicit_bzero(c->qr.link, sizeof c->qr.link);
	explicit_bzero(&c->qr.code, sizeof c->qr.code);
}

static bool
act(struct console *c, const struct action_row *a)
{
	if (a->action != ACT_COPY)
		return false;
	(void)screen_copy(c->qr.link);
	console_say(c, false, "the link is copied, if this terminal takes that");
	return true;
}

static const char *
what(const struct console *c)
{
	return c->qr.name;
}

static void
on_link(void *arg, const json_t *m)
{
	struct console	*c = arg;
	struct qr_seen	*s = &c->qr;
	const json_t	*ok = json_object_get(m, "ok");
	const char	*link = json_string_value(json_object_get(ok, "link")), *until = json_string_value(json_object_get(ok, "until"));

	if (console_refused(c, m) || link == NULL || strlen(link) >= sizeof s->link || c->pane != c->subject.pane ||
	    c->prompt.kind != PROMPT_NONE)
		return;
	(void)snprintf(s->link, sizeof s->link, "%s", link);
	(void)snprintf(s->name, sizeof s->name, "%.64s", c->subject.name);
	s->status[0] = '\0';
	s->asked = false;
	if (until == NULL || clock_parse(until, &s->until_ms) != 0)
		s->until_ms = INT64_MAX;
	if (qr_make(&s->code, link) != 0)
		console_say(c, true, "the link is too long for a QR code");
	console_enter(c, &pane_qr);
	tick(c);
	c->wants_frame = true;
}

static void
make(struct console *c, const char *text)
{
	(void)text;
	(void)console_ask(c, json_pack("{s:s, s:s}", "do", "account link", "name", c->subject.name), on_link, c);
}

void
account_qr(struct console *c, const char *username)
{
	char	question[200], hint[300], word[200];

	if (username[0] == '\0' || !record_ask_about(c, "account", username))
		return;
	(void)snprintf(question, sizeof question, "Make a link for the phone of %.80s? Those it has stop working. y", username);
	(void)snprintf(hint, sizeof hint, "wirechief account link %s --qr", shell_word(username, word, sizeof word));
	(void)prompt_yes(c, question, hint, make);
}

const struct pane	pane_qr = { .bit = P_QR, .place = "Activation QR", .what = what, .close = forget, .paint = paint, .tick = tick,
	.act = act };
