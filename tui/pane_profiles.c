/*
 * Profiles and Licences: two live lists that stand under Accounts.  Below the profiles are the parameters of the one under the cursor.
 */
#include <stdio.h>
#include <string.h>

#include "core/account.h"
#include "core/text.h"
#include "tui/app.h"
#include "tui/records.h"
#include "tui/screen.h"

enum { LINES_MIN = 3 };

static struct list *
profiles(struct console *c)
{
	return &c->profiles;
}

static struct list *
licences(struct console *c)
{
	return &c->licences;
}

static void
profiles_open(struct console *c)
{
	list_open(&c->profiles);
}

static void
profiles_close(struct console *c)
{
	list_close(&c->profiles);
}

/* A third of the screen: the parameters, and how many lines did not fit. */
static void
parameters_paint(struct console *c, int row, int lines)
{
	const char	*s = json_string_value(json_object_get(list_row(&c->profiles), "parameters"));
	char		 line[3 * FIELD_TEXT];
	int		 more = 0;

	for (int i = 0; s != NULL && *s != '\0'; i++) {
		size_t	n = strcspn(s, "\n");

		if (i < lines) {
			text_safe(s, n, line, sizeof line, screen_ascii());
			(void)screen_put(row + i, 3, screen_cols() - 4, S_DIM, line);
		} else
			more++;
		s += n + (s[n] == '\n');
	}
	if (more == 0)
		return;
	(void)snprintf(line, sizeof line, "+%d more", more);
	(void)screen_put(row + lines - 1, screen_cols() - 12, 11, S_DIM, line);
}

static void
profiles_paint(struct console *c)
{
	int	lines = screen_rows() / 3 < LINES_MIN ? LINES_MIN : screen_rows() / 3;
	char	head[120];

	(void)snprintf(head, sizeof head, "Profiles - %lld profile%s", (long long)c->profiles.total, c->profiles.total == 1 ? "" : "s");
	list_pane_paint(&c->profiles, head, lines + 1);
	if (prompt_at_foot(c))
		return;
	list_paint_detail(&c->profiles, screen_rows() - 3 - lines);
	parameters_paint(c, screen_rows() - 2 - lines, lines);
}

static bool
profiles_act(struct console *c, const struct action_row *a)
{
	return record_act(c, &c->profiles, a);
}

static void
licences_open(struct console *c)
{
	list_open(&c->licences);
}

static void
licences_close(struct console *c)
{
	list_close(&c->licences);
}

/* What is known of the HTTPS service where clients have their licences validated. */
static void
service_paint(const struct console *c, int row)
{
	static const char	 hint[] = "; v checks now";
	const json_t		*reached = json_object_get(c->status, "public_reached");
	const char		*url = json_string_value(json_object_get(c->status, "public_url")),
				*why = json_string_value(json_object_get(c->status, "public_error")),
				*at = json_string_value(json_object_get(c->status, "public_checked_at"));
	char			 line[700], when[64] = "";

	if (at != NULL)
		(void)console_time(c, at, false, false, when, sizeof when);
	if (url == NULL || json_is_null(json_object_get(c->status, "https")))
		(void)snprintf(line, sizeof line, "HTTPS service: none is configured (http { listen public_url }): no client can validate");
	else if (!json_is_boolean(reached))
		(void)snprintf(line, sizeof line, "HTTPS service %s: not checked yet; v does", url);
	else if (json_is_true(reached))
		(void)snprintf(line, sizeof line, "HTTPS service %s: reached in %" JSON_INTEGER_FORMAT " ms, checked %s", url,
		    json_integer_value(json_object_get(c->status, "public_ms")), when);
	else
		(void)snprintf(line, sizeof line, "HTTPS service %s: not reached, checked %s: %s", url, when, why == NULL ? "?" : why);
	if (json_is_boolean(reached) && text_width(line) + (int)sizeof hint <= screen_cols() - 1)
		(void)snprintf(line + strlen(line), sizeof line - strlen(line), "%s", hint);
	(void)screen_put_raw(row, 1, screen_cols() - 1, json_is_false(reached) ? S_BAD : json_is_true(reached) ? S_OK : S_DIM, line);
}

static void
on_checked(void *arg, const json_t *m)
{
	struct console	*c = arg;
	const json_t	*ok = json_object_get(m, "ok");
	const char	*url = json_string_value(json_object_get(ok, "public_url"));

	if (!console_refused(c, m))
		console_say(c, false, "%s is reached, in %" JSON_INTEGER_FORMAT " ms", url == NULL ? "it" : url,
		    json_integer_value(json_object_get(ok, "public_ms")));
	console_ask_status(c);
	c->wants_frame = true;
}

void
service_check(struct console *c)
{
	if (console_ask(c, json_pack("{s:s}", "do", "web check"), on_checked, c))
		console_say(c, false, "asking for the HTTPS service at its public name");
}

static void
licences_paint(struct console *c)
{
	char	head[120];

	(void)snprintf(head, sizeof head, "Licences - %lld account%s with one", (long long)c->licences.total, c->licences.total == 1 ? "" : "s");
	list_pane_paint(&c->licences, head, 2);
	if (prompt_at_foot(c))
		return;
	list_paint_detail(&c->licences, screen_rows() - 4);
	service_paint(c, screen_rows() - 3);
}

static bool
licences_act(struct console *c, const struct action_row *a)
{
	if (a->action != ACT_WEB_CHECK)
		return record_act(c, &c->licences, a);
	service_check(c);
	return true;
}

const struct pane	pane_profiles = { .bit = P_PROFILES, .place = "Accounts > Profiles", .open = profiles_open,
	.close = profiles_close, .paint = profiles_paint, .act = profiles_act, .list = profiles };
const struct pane	pane_licences = { .bit = P_LICENCES, .place = "Accounts > Licences", .open = licences_open,
	.close = licences_close, .paint = licences_paint, .act = licences_act, .list = licences };
