/*
 * Events: the log as it grows, and the ways from a record to its events and from an event to its record.
 */
#include <stdio.h>
#include <string.h>

#include "core/event.h"
#include "core/message.h"
#include "core/text.h"
#include "tui/app.h"
#include "tui/records.h"
#include "tui/screen.h"

enum { DETAIL_LINES = 3, LINES_FOR_MORE = 20 };

static struct list *
events(struct console *c)
{
	return &c->events;
}

static void
events_open(struct console *c)
{
	list_open(&c->events);
}

static void
events_close(struct console *c)
{
	list_close(&c->events);
}

/* "+12 newer below (G)": what came while somebody reads older ones. */
static void
newer_paint(struct console *c)
{
	const struct list	*l = &c->events;
	int64_t			 newer = l->reverse ? l->top : l->matched - l->top - l->body;
	char			 text[80];

	if (newer <= 0 || strcmp(l->sort, "time") != 0 || c->message[0] != '\0' || prompt_at_foot(c))
		return;
	(void)snprintf(text, sizeof text, l->reverse ? "+%lld newer above (g)" : "+%lld newer below (G)", (long long)newer);
	(void)screen_put(screen_rows() - 2, 1, screen_cols() - 1, S_DIM, text);
}

/* The selected event whole: when, who, what; over as many lines as there are for it. */
static void
detail_paint(struct console *c, int lines)
{
	const json_t	*row = list_row(&c->events);
	const char	*time = json_string_value(json_object_get(row, "time")), *at = NULL;
	char		 when[64], who[200], what[3 * EVENT_TEXT], line[sizeof what + 300];

	if (row == NULL || time == NULL)
		return;
	row_text(c, row, "operator", who, sizeof who);
	row_text(c, row, "event", what, sizeof what);
	(void)snprintf(line, sizeof line, "%s  %s%s%s", console_time(c, time, true, true, when, sizeof when), who, who[0] == '\0' ? "" : "  ", what);
	at = line;
	for (int i = 0; i < lines && *at != '\0'; i++) {
		size_t	n = i + 1 == lines ? strlen(at) : screen_line(at, screen_cols() - 2);
		char	part[sizeof line];

		(void)snprintf(part, sizeof part, "%.*s", (int)n, at);
		(void)screen_put(screen_rows() - 2 - lines + i, 1, screen_cols() - 1, S_PLAIN, part);
		at += n + strspn(at + n, " ");
	}
}

static void
events_paint(struct console *c)
{
	int	lines = screen_rows() >= LINES_FOR_MORE ? DETAIL_LINES : 1;
	char	head[120];

	if (c->events.view != 0)
		c->events_seen = c->events.total;
	(void)snprintf(head, sizeof head, "Events - %lld today", (long long)c->events.today);
	list_pane_paint(&c->events, head, lines);
	if (!prompt_at_foot(c))
		detail_paint(c, lines);
	newer_paint(c);
}

static bool
events_act(struct console *c, const struct action_row *a)
{
	if (a->action != ACT_OPEN)
		return record_act(c, &c->events, a);
	event_open(c, &c->events);
	return true;
}

/* A name as a filter has it: in quotes unless it is plain. */
static void
quoted(const char *name, char *out, size_t size)
{
	size_t	at = 0;

	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.")] == '\0') {
		(void)snprintf(out, size, "%s", name);
		return;
	}
	out[at++] = '"';
	for (; *name != '\0' && at + 4 < size; name++) {
		if (*name == '"' || *name == '\\')
			out[at++] = '\\';
		out[at++] = *name;
	}
	out[at++] = '"';
	out[at] = '\0';
}

void
events_of(struct console *c, const char *subject)
{
	char	name[LIST_TEXT - 16], filter[LIST_TEXT];

	quoted(subject, name, sizeof name);
	(void)snprintf(filter, sizeof filter, "subject:%s", name);
	events_like(c, filter);
}

void
messages_of(struct console *c, const char *username)
{
	char	name[LIST_TEXT - 16];

	quoted(username, name, sizeof name);
	(void)snprintf(c->queue.filter, sizeof c->queue.filter, "to_account:%s", name);
	console_enter(c, &pane_queue);
}

void
events_like(struct console *c, const char *filter)
{
	(void)snprintf(c->events.filter, sizeof c->events.filter, "%s", filter);
	(void)snprintf(c->events.sort, sizeof c->events.sort, "time");
	c->events.reverse = false;
	c->events.follow = true;
	console_enter(c, &pane_events);
}

static void
to_group(struct console *c, const char *name)
{
	list_seek(&c->groups, "name", name);
	console_enter(c, &pane_groups);
}

static void
to_profile(struct console *c, const char *name)
{
	list_seek(&c->profiles, "name", name);
	console_enter(c, &pane_profiles);
}

static void
to_licence(struct console *c, const char *username)
{
	list_seek(&c->licences, "username", username);
	console_enter(c, &pane_licences);
}

static void
to_trunk(struct console *c, const char *name)
{
	trunk_show(c, name);
}

/* The records that events speak of, and where each is looked at. */
static const struct place {
	const char	*noun;
	void		(*go)(struct console *, const char *name);
} places[] = {
	{ "account", account_show }, { "group", to_group }, { "profile", to_profile }, { "licence", to_licence },
	{ "queue", message_show },
	{ "trunk", to_trunk },
};

static const struct place *
place_named(const char *noun)
{
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (strcmp(places[i].noun, noun) == 0)
			return &places[i];
	return NULL;
}

/* "message 0f3c…-…: retry": of the queue's events those of one that was in it; its id is what they speak of. */
static bool
names_message(const char *module, const char *text, char *id, size_t size)
{
	const char	*at = text + sizeof "message " - 1;

	if (strcmp(module, "queue") != 0 || strncmp(text, "message ", sizeof "message " - 1) != 0 ||
	    strspn(at, "0123456789abcdef-") != MESSAGE_ID - 1)
		return false;
	(void)snprintf(id, size, "%.*s", MESSAGE_ID - 1, at);
	return true;
}

/* What an operator did tells of what: "group Sales: ..."; all else that has a subject happens to accounts. */
static const struct place *
place_of(const char *module, const char *text)
{
	char	word[32];
	size_t	n = strcspn(text, " ");

	if (strcmp(module, "trunk") == 0)
		return place_named(module);
	if (strcmp(module, "admin") != 0 && strcmp(module, "licence") != 0)
		return &places[0];
	if (n >= sizeof word || strchr(text, ':') == NULL)
		return NULL;
	memcpy(word, text, n);
	word[n] = '\0';
	return place_named(word);
}

/* The answer to "is it still there?". */
static void
on_record(void *arg, const json_t *m)
{
	struct console		*c = arg;
	const struct place	*p = place_named(c->subject.noun);
	const char		*code = json_string_value(json_object_get(json_object_get(m, "error"), "code"));
	const char		*state = json_string_value(json_object_get(json_object_get(m, "ok"), "state"));

	c->wants_frame = true;
	if (c->pane != c->subject.pane || c->prompt.kind != PROMPT_NONE || p == NULL)
		return;
	if (code != NULL && strcmp(code, "not-found") == 0 && p->go == message_show)
		console_say(c, false, "this message is not in the queue any more: its events, found by its id, are what is left of it");
	else if (code != NULL && strcmp(code, "not-found") == 0)
		console_say(c, true, "there is no %s %s (any more): its events are what is left", c->subject.noun, c->subject.name);
	else if (!console_refused(c, m) && state != NULL && strcmp(state, "NONE") == 0)
		account_show(c, c->subject.name);	/* made again, without one */
	else if (m != NULL && code == NULL)
		p->go(c, c->subject.name);
}

void
event_open(struct console *c, struct list *l)
{
	char			 module[32], text[EVENT_TEXT], what[32];
	const struct place	*p;

	(void)list_value(l, "module", module, sizeof module);
	(void)list_value(l, "event", text, sizeof text);
	(void)list_value(l, "subject", c->subject.name, sizeof c->subject.name);
	if (list_row(l) == NULL) {
		console_say(c, false, "no event is under the cursor");
		return;
	}
	if (names_message(module, text, c->subject.name, sizeof c->subject.name))
		p = place_named("queue");
	else
		p = c->subject.name[0] == '\0' ? NULL : place_of(module, text);
	if (p == NULL) {
		console_say(c, false, "this event speaks of no record that could be shown");
		return;
	}
	c->subject.pane = c->pane;
	(void)snprintf(c->subject.noun, sizeof c->subject.noun, "%s", p->noun);
	(void)snprintf(what, sizeof what, "%s show", p->noun);
	(void)console_ask(c, json_pack("{s:s, s:s}", "do", what, "name", c->subject.name), on_record, c);
}

const struct pane	pane_events = { .bit = P_EVENTS, .place = "Events", .open = events_open, .close = events_close,
	.paint = events_paint, .act = events_act, .list = events };
