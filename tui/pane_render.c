/*
 * What a provisioning profile comes to for an account (product H4), as `profile render` prints it: a text to look through.
 */
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tui/app.h"
#include "tui/records.h"
#include "tui/screen.h"

enum { TOP = 3, FOOT = 3, LINE = 3 * 1024 };

static const char *
text_of(const struct console *c, const char *name)
{
	const char	*s = json_string_value(json_object_get(c->rendered, name));

	return s == NULL ? "" : s;
}

static int
lines(void)
{
	return screen_rows() - TOP - FOOT > 1 ? screen_rows() - TOP - FOOT : 1;
}

static int
count(const struct console *c)
{
	int	n = 0;

	for (const char *s = text_of(c, "text"); *s != '\0'; n++)
		s += strcspn(s, "\n") + (s[strcspn(s, "\n")] == '\n');
	return n;
}

/* A line of the text in as many rows as it takes: none of it can be looked at sideways. */
static int
line_paint(int row, int end, const char *s, size_t n)
{
	char	line[LINE];
	char	*rest = line;
	int	used;

	(void)text_safe(s, n, line, sizeof line, screen_ascii());
	do {
		size_t	part = text_fit(rest, screen_cols() - 2, &used);
		char	cut = rest[part];

		rest[part] = '\0';
		(void)screen_put(row++, 1, screen_cols() - 1, S_PLAIN, rest);
		rest[part] = cut;
		rest += part;
	} while (*rest != '\0' && row < end);
	return row;
}

static void
paint(struct console *c)
{
	const char	*s = text_of(c, "text");
	int		 row = TOP, end = TOP + lines(), at = 0, all = count(c);
	char		 head[300];

	(void)snprintf(head, sizeof head, "%s for %s: %s, %s", text_of(c, "profile"), text_of(c, "username"), text_of(c, "filename"),
	    text_of(c, "type"));
	(void)screen_put_raw(1, 1, screen_cols() - 1, S_BOLD, head);
	if (c->rendered_top > all - 1)
		c->rendered_top = all > 0 ? all - 1 : 0;
	for (size_t n; *s != '\0' && row < end; s += n + (s[n] == '\n'), at++) {
		n = strcspn(s, "\n");
		if (at >= c->rendered_top)
			row = line_paint(row, end, s, n);
	}
	if (!prompt_at_foot(c))
		(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_DIM,
		    "****** stands for the password, which is made when the configuration is fetched. y copies the text.");
}

static bool
act(struct console *c, const struct action_row *a)
{
	int	last = count(c) - 1, *top = &c->rendered_top;

	switch (a->action) {
	case ACT_DOWN: ++*top; break;
	case ACT_UP: --*top; break;
	case ACT_PAGE_DOWN: *top += lines(); break;
	case ACT_PAGE_UP: *top -= lines(); break;
	case ACT_HALF_DOWN: *top += lines() / 2; break;
	case ACT_HALF_UP: *top -= lines() / 2; break;
	case ACT_FIRST: *top = 0; break;
	case ACT_LAST_ROW: *top = last; break;
	case ACT_COPY:
		(void)screen_copy(text_of(c, "text"));
		console_say(c, false, "the text is copied, if this terminal takes that");
		break;
	default: return false;
	}
	*top = *top > last ? last : *top;
	*top = *top < 0 ? 0 : *top;
	return true;
}

static const char *
what(const struct console *c)
{
	return text_of(c, "profile");
}

static void
on_rendered(void *arg, const json_t *m)
{
	struct console	*c = arg;

	if (console_refused(c, m) || c->pane != c->subject.pane || c->prompt.kind != PROMPT_NONE)
		return;
	json_decref(c->rendered);
	c->rendered = json_deep_copy(json_object_get(m, "ok"));
	c->rendered_top = 0;
	console_enter(c, &pane_rendered);
	c->wants_frame = true;
}

void
account_render(struct console *c, const char *username)
{
	c->subject.pane = c->pane;
	if (username[0] != '\0')
		(void)console_ask(c, json_pack("{s:s, s:s}", "do", "profile render", "username", username), on_rendered, c);
}

static void
render_for(struct console *c, const char *username)
{
	if (username[0] != '\0')
		(void)console_ask(c, json_pack("{s:s, s:s, s:s}", "do", "profile render", "name", c->subject.name, "username", username),
		    on_rendered, c);
}

void
profile_render(struct console *c, const char *name)
{
	char	label[120];

	if (name[0] == '\0')
		return;
	c->subject.pane = c->pane;
	(void)snprintf(c->subject.name, sizeof c->subject.name, "%s", name);
	(void)snprintf(label, sizeof label, "What %.64s comes to for account:", name);
	(void)prompt_line(c, label, "", NULL, render_for);
}

const struct pane	pane_rendered = { .bit = P_RENDERED, .place = "Rendered", .what = what, .paint = paint, .act = act };
