#include "tui/palette.h"

#include <stdio.h>
#include <string.h>

#include "core/nearest.h"
#include "tui/app.h"
#include "tui/common.h"

static bool
is_candidate(const struct console *c, const struct action_row *a, const char *text)
{
	return (a->panes & c->pane->bit) != 0 && ((a->flags & ACT_WRITE) == 0 || c->link.may_write) && strncmp(a->name, text, strlen(text)) == 0;
}

/* The names that begin like this, under what is typed. */
static void
typed(struct console *c, const char *text)
{
	struct prompt	*p = &c->prompt;
	size_t		 at = 0;

	p->hint[0] = '\0';
	for (size_t i = 0; i < n_action_rows && at < sizeof p->hint; i++)
		if (is_candidate(c, &action_rows[i], text))
			at += (size_t)snprintf(p->hint + at, sizeof p->hint - at, "%s ", action_rows[i].name);
}

/* As much as all candidates begin with. */
static void
complete(struct console *c)
{
	struct prompt	*p = &c->prompt;
	const char	*found = NULL;
	char		 text[64];
	size_t		 n = 0;

	for (size_t i = 0; i < n_action_rows; i++) {
		const char	*name = action_rows[i].name;

		if (!is_candidate(c, &action_rows[i], p->editor.text))
			continue;
		if (found == NULL) {
			found = name;
			n = strlen(name);
		}
		while (strncmp(found, name, n) != 0)
			n--;
	}
	if (found == NULL)
		return;
	(void)snprintf(text, sizeof text, "%.*s", (int)n, found);
	editor_set(&p->editor, text, EDITOR_MAX - 1);
}

static bool
key(struct console *c, int k)
{
	if (k == K_TAB) {
		complete(c);
		return true;
	}
	return recall_key(&c->palette, &c->prompt.editor, k);
}

static void
done(struct console *c, const char *text)
{
	const struct action_row	*found = NULL;
	struct nearest		 near;
	int			 n = 0;

	for (size_t i = 0; i < n_action_rows && text[0] != '\0'; i++) {
		if (!is_candidate(c, &action_rows[i], text))
			continue;
		n++;
		if (found == NULL || strcmp(action_rows[i].name, text) == 0)
			found = &action_rows[i];
	}
	if (text[0] == '\0')
		return;
	if (found == NULL) {
		nearest_begin(&near, text);
		for (size_t i = 0; i < n_action_rows; i++)
			if (is_candidate(c, &action_rows[i], ""))
				nearest_try(&near, action_rows[i].name);
		if (near.best[0] != '\0')
			console_say(c, true, "no action %.60s here; did you mean %s? ? lists them", text, near.best);
		else
			console_say(c, true, "no action %.60s here; ? lists them", text);
	} else if (n > 1 && strcmp(found->name, text) != 0) {
		console_say(c, true, "%.60s: more than one action begins like that", text);
	} else {
		recall_add(&c->palette, found->name);
		common_perform(c, found);
	}
}

void
palette_open(struct console *c)
{
	recall_begin(&c->palette);
	prompt_line(c, ":", "", typed, done)->key = key;
	typed(c, "");
}
