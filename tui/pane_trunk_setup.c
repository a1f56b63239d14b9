/*
 * SIP Trunk configuration: a list to change and try trunks from.  A test's steps stand below the list as they end; of a form that is
 * not saved yet they stand on a screen of their own.
 */
#include <stdio.h>
#include <string.h>

#include "core/trunk.h"
#include "tui/app.h"
#include "tui/records.h"
#include "tui/screen.h"
#include "tui/steps.h"
#include "tui/trunks.h"

enum { STEPS = 5, LINE = 1200, LIST_MIN = 4, INDENT = 2 + STEP_TITLE /* of what goes on below */ };

static struct list *
setup(struct console *c)
{
	return &c->trunk_setup;
}

static void
setup_open(struct console *c)
{
	list_open(&c->trunk_setup);
}

static void
setup_tick(struct console *c)
{
	char	name[TRUNK_NAME];

	trunk_see(c, list_value(&c->trunk_setup, "name", name, sizeof name));
	trunk_ask(c);
}

static void
setup_close(struct console *c)
{
	list_close(&c->trunk_setup);
}

static void
on_step(void *arg, const json_t *m)
{
	struct console		*c = arg;
	struct trunk_test	*t = &c->test;
	const char		*why = json_string_value(json_object_get(json_object_get(m, "error"), "text"));

	c->wants_frame = true;
	if (json_object_get(m, "step") != NULL) {
		(void)json_array_append_new(t->steps, json_deep_copy(m));
		return;
	}
	t->id = 0;
	t->ended = true;
	t->passed = json_is_true(json_object_get(json_object_get(m, "ok"), "passed"));
	if (m == NULL)
		(void)snprintf(t->why, sizeof t->why, "the connection was lost before it ended");
	else if (json_object_get(m, "error") != NULL)
		(void)snprintf(t->why, sizeof t->why, "%s", why == NULL ? "refused" : why);
}

void
trunk_test_end(struct console *c)
{
	struct trunk_test	*t = &c->test;

	if (t->id != 0) {
		(void)link_ask(&c->link, json_pack("{s:s, s:i}", "do", "cancel", "of", t->id), LINK_ONE, NULL, NULL, c->now_ms);
		link_drop(&c->link, t->id);
	}
	json_decref(t->steps);
	json_decref(t->request);
	memset(t, 0, sizeof *t);
}

void
trunk_test_begin(struct console *c, const char *name, json_t *request)
{
	struct trunk_test	*t = &c->test;
	char			 kept[TRUNK_TEXT];
	int			 id;

	(void)snprintf(kept, sizeof kept, "%s", name);
	(void)json_incref(request);
	trunk_test_end(c);
	memcpy(t->name, kept, sizeof t->name);
	t->request = request;
	t->steps = json_array();
	t->at_ms = c->wall_ms;
	id = link_ask(&c->link, json_deep_copy(request), LINK_STEPS, on_step, c, c->now_ms);
	json_decref(request);
	if (id < 0) {
		t->ended = true;
		(void)snprintf(t->why, sizeof t->why, "the daemon can't be reached");
	} else
		t->id = id;
}

void
trunk_test_again(struct console *c)
{
	if (c->test.request != NULL && console_may_write(c))
		trunk_test_begin(c, c->test.name, json_incref(c->test.request));
}

/* A step that is longer than a line goes on below.  Returns how many lines it takes; those above end are painted. */
static int
step_paint(const json_t *step, int row, int end)
{
	const struct glyph	*g = glyph_of(step_word(step));
	char			 text[LINE], line[LINE];
	const char		*at = text;
	int			 n = 0;

	step_line(step, screen_ascii(), text, sizeof text);
	do {
		int	col = n == 0 ? 2 : 2 + INDENT;
		size_t	fits = screen_line(at, screen_cols() - col);

		if (row + n < end) {
			(void)snprintf(line, sizeof line, "%.*s", (int)fits, at);
			(void)screen_put(row + n, col, screen_cols() - col, g == NULL ? S_PLAIN : (enum style)g->style, line);
		}
		at += fits + strspn(at + fits, " ");
		n++;
	} while (*at != '\0');
	return n;
}

/* What a test takes below the list: a heading, its steps, a blank; not so much that no list is left. */
static int
panel_rows(const struct trunk_test *t)
{
	int		 n = 0, most = screen_rows() - 6 - LIST_MIN;
	const json_t	*step;
	size_t		 i;

	json_array_foreach(t->steps, i, step)
		n += step_paint(step, 0, 0);
	n = 2 + (n < STEPS ? STEPS : n);
	return n < most || most < 2 + STEPS ? n : most;
}

void
trunk_test_paint(struct console *c, int row)
{
	const struct trunk_test	*t = &c->test;
	char			 line[LINE], when[64], stamp[CLOCK_TEXT];
	const json_t		*step;
	size_t			 i;

	(void)console_time(c, clock_text(t->at_ms, stamp), false, false, when, sizeof when);
	(void)snprintf(line, sizeof line, "Test of %s, %s (v: again)%s", t->name[0] == '\0' ? "a new trunk" : t->name, when,
	    !t->ended ? "   under way" : t->why[0] != '\0' ? "" : t->passed ? "   passed" : "   failed");
	(void)screen_put_raw(row++, 1, screen_cols() - 1, S_BOLD, line);
	json_array_foreach(t->steps, i, step) {
		if (row >= screen_rows() - 3)
			return;
		row += step_paint(step, row, screen_rows() - 3);
	}
	if (t->why[0] != '\0')
		(void)screen_put_raw(row, 2, screen_cols() - 2, S_BAD, t->why);
}

static void
setup_paint(struct console *c)
{
	int	panel = panel_rows(&c->test);
	bool	tested = c->test.steps != NULL && screen_rows() - 6 - panel >= LIST_MIN;
	int	below = tested ? panel + 1 : 1, lines = screen_rows() - 5 - below;
	char	head[120], state[TRUNK_STATE];

	(void)snprintf(head, sizeof head, "Sip trunk configuration - %lld trunk%s", (long long)c->trunk_setup.total,
	    c->trunk_setup.total == 1 ? "" : "s");
	list_pane_paint(&c->trunk_setup, head, below);
	if (tested)
		trunk_test_paint(c, 3 + lines + 1);
	if (prompt_at_foot(c))
		return;
	trunk_state_text(c, &c->trunk_setup, state, sizeof state);
	(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, tested ? S_DIM : S_PLAIN,
	    tested ? "A test sends to the trunk; it does not change its live status." : state);
}

static bool
setup_act(struct console *c, const struct action_row *a)
{
	char	name[TRUNK_NAME];

	if (a->action != ACT_TEST)
		return record_act(c, &c->trunk_setup, a);
	if (list_value(&c->trunk_setup, "name", name, sizeof name)[0] != '\0')
		trunk_test_begin(c, name, json_pack("{s:s, s:s}", "do", "trunk test", "name", name));
	return true;
}

/* The test of what stands in a form. */

void
trunk_test_form(struct console *c)
{
	struct draft	*d = &c->form.draft;
	bool		 fresh = d->adding;
	json_t		*r;
	char		 name[DRAFT_NAME];

	if (d->kind != &trunk_kind || !console_may_write(c) || !draft_check_all(d))
		return;
	r = draft_request(d);
	(void)snprintf(name, sizeof name, "%s", d->name);
	(void)json_object_set_new(r, "do", json_string("trunk test"));
	(void)json_object_del(r, "version");
	(void)json_object_del(r, "was");
	if (fresh)
		(void)json_object_del(r, "name");
	trunk_test_begin(c, name, r);
	console_enter(c, &pane_trunk_test);
}

static void
test_close(struct console *c)
{
	trunk_test_end(c);
}

static void
test_paint(struct console *c)
{
	trunk_test_paint(c, 1);
	if (!prompt_at_foot(c))
		(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_DIM,
		    "The form as it stands was tested: nothing is saved. Esc goes back to it.");
}

static bool
test_act(struct console *c, const struct action_row *a)
{
	if (a->action != ACT_TEST)
		return false;
	trunk_test_again(c);
	return true;
}

const struct pane	pane_trunk_setup = { .bit = P_TRUNK_SETUP, .place = "Trunk setup", .open = setup_open, .close = setup_close,
	.tick = setup_tick,
	.paint = setup_paint, .act = setup_act, .list = setup };
const struct pane	pane_trunk_test = { .bit = P_TEST, .place = "Test", .close = test_close, .paint = test_paint, .act = test_act };
