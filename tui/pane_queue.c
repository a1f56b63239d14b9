/*
 * The message queue: its list, and what is known of one message.  Nothing here has a content to show: the daemon tells none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/message.h"
#include "core/text.h"
#include "tui/app.h"
#include "tui/records.h"
#include "tui/screen.h"
#include "tui/shell.h"

enum { LABEL = 15, TRIES_LABEL = 7, LINE = 600, FEW_ROWS = 21 };

static struct list *
queue(struct console *c)
{
	return &c->queue;
}

static const char *
text_of(const json_t *record, const char *field)
{
	const char	*s = json_string_value(json_object_get(record, field));

	return s == NULL ? "" : s;
}

static void
on_queued(void *arg, const json_t *m)
{
	struct console	*c = arg;
	json_t		*record = json_object_get(m, "ok");
	const char	*code = text_of(json_object_get(m, "error"), "code");

	c->queued_asked = false;
	if (strcmp(code, "not-found") == 0 && c->pane == &pane_message) {
		console_back(c);
		console_say(c, false, "the message has left the queue: o tells of the last ones");
	}
	if (strcmp(text_of(record, "id"), c->queued_id) != 0 || json_equal(record, c->queued))
		return;
	json_decref(c->queued);
	c->queued = json_incref(record);
	c->wants_frame = true;
}

/* What is known of one message is asked for anew as long as it is looked at. */
static void
ask(struct console *c)
{
	if (!c->queued_asked && c->queued_id[0] != '\0')
		c->queued_asked = link_ask(&c->link, json_pack("{s:s, s:s}", "do", "queue show", "name", c->queued_id), LINK_ONE, on_queued, c,
		    c->now_ms) >= 0;
}

static void
queue_open(struct console *c)
{
	list_open(&c->queue);
	console_ask_status(c);
}

static void
queue_close(struct console *c)
{
	list_close(&c->queue);
}

static void
queue_tick(struct console *c)
{
	console_ask_status(c);
	(void)snprintf(c->queued_id, sizeof c->queued_id, "%s", text_of(list_row(&c->queue), "id"));
	ask(c);
}

/* "37 queued, oldest 2 d 03 h, 12 recipients, 4 in flight"; nothing of an empty queue. */
static void
summary_text(struct console *c, char *buf, size_t size)
{
	json_int_t	recipients = json_integer_value(json_object_get(c->status, "queue_recipients"));
	int64_t		oldest;
	char		age[40];

	buf[0] = '\0';
	if (clock_parse(text_of(c->status, "queue_oldest"), &oldest) != 0)
		return;
	console_span(c->wall_ms - oldest, age, sizeof age);
	(void)snprintf(buf, size, "%" JSON_INTEGER_FORMAT " queued, oldest %s, %" JSON_INTEGER_FORMAT " recipient%s, %" JSON_INTEGER_FORMAT
	    " in flight", json_integer_value(json_object_get(c->status, "queued")), age, recipients, recipients == 1 ? "" : "s", json_integer_value(json_object_get(c->status, "queue_in_flight")));
}

/* Why the selected one is still here, and until when. */
static void
selected_paint(struct console *c)
{
	const json_t	*row = list_row(&c->queue);
	char		 why[400] = "", until[64], line[LINE];

	if (row == NULL)
		return;
	if (strcmp(text_of(row, "id"), text_of(c->queued, "id")) == 0)
		row_text(c, c->queued, "why", why, sizeof why);
	(void)snprintf(line, sizeof line, "%s%sexpires %.16s", why, why[0] == '\0' ? "" : "; ",
	    console_time(c, text_of(row, "expires"), true, false, until, sizeof until));
	(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_PLAIN, line);
}

/* At the end of the heading's line as far as that is free; how many there are stands in the heading already. */
static void
summary_paint(const char *summary, int used)
{
	const char	*short_one = strstr(summary, "oldest");
	int		 free_cells = screen_cols() - used - 5;

	if (text_width(summary) > free_cells && short_one != NULL)
		summary = short_one;
	if (text_width(summary) <= free_cells)
		(void)screen_put(1, screen_cols() - 1 - text_width(summary), text_width(summary), S_PLAIN, summary);
}

static void
queue_paint(struct console *c)
{
	char	head[120], summary[120], state[LINE];

	(void)snprintf(head, sizeof head, "Message Queue - %lld message%s", (long long)c->queue.total, c->queue.total == 1 ? "" : "s");
	summary_text(c, summary, sizeof summary);
	list_state(&c->queue, state, sizeof state);
	list_pane_paint(&c->queue, head, 1);
	if (!prompt_at_foot(c)) {
		summary_paint(summary, text_width(head) + text_width(state));
		selected_paint(c);
	}
}

static bool
queue_act(struct console *c, const struct action_row *a)
{
	return record_act(c, &c->queue, a);
}

/* One message. */

static void
message_open(struct console *c)
{
	ask(c);
}

static const struct message_field {
	const char	*title, *field;
	bool		 wide;		/* needs a line of its own */
} message_fields[] = {
	{ "Id", "id", true }, { "From Account", "from_account", false }, { "To Account", "to_account", false }, { "Uuid", "uuid", true },
	{ "Api Version", "api_version", false }, { "From", "from", false }, { "From Seq", "from_seq", false },
	{ "Managed", "managed", false }, { "Received", "received", true }, { "Sent", "sent", false }, { "Status", "status", false },
	{ "To", "to", false }, { "To Seq", "to_seq", false },
};

static void
field_paint(struct console *c, int row, int col, const struct message_field *f)
{
	const json_t	*v = json_object_get(c->queued, f->field);
	char		 label[32], value[LINE];

	if (strcmp(f->field, "received") == 0)
		(void)console_time(c, text_of(c->queued, f->field), true, false, value, sizeof value);
	else if (json_is_boolean(v))
		(void)snprintf(value, sizeof value, "%s", json_is_true(v) ? "True" : "False");
	else
		row_text(c, c->queued, f->field, value, sizeof value);
	(void)snprintf(label, sizeof label, "%s:", f->title);
	(void)screen_put(row, col, LABEL, S_DIM, label);
	(void)screen_put(row, col + LABEL, screen_cols() - col - LABEL - 1, S_PLAIN, value);
}

/* A line each; where there are few lines two in one, but what is wide.  Returns the row below. */
static int
fields_paint(struct console *c, int row)
{
	bool	few = screen_rows() < FEW_ROWS, right = false;

	for (size_t i = 0; i < sizeof message_fields / sizeof message_fields[0]; i++) {
		const struct message_field	*f = &message_fields[i];

		if (right && (!few || f->wide)) {
			row++;
			right = false;
		}
		field_paint(c, row, right ? screen_cols() / 2 : 1, f);
		row += right || f->wide;
		right = !right && !f->wide;
	}
	return row + right;
}

/* The latest attempts, as many as fit, newest last. */
static void
tries_paint(struct console *c, int row, int lines)
{
	const json_t	*list = json_object_get(c->queued, "timeline");
	size_t		 n = json_array_size(list), i = n > (size_t)(lines < 0 ? 0 : lines) ? n - (size_t)(lines < 0 ? 0 : lines) : 0;

	(void)screen_put(row, 1, TRIES_LABEL, S_DIM, "Tries");
	if (n == 0)
		(void)screen_put(row, 1 + TRIES_LABEL, screen_cols() - TRIES_LABEL - 2, S_PLAIN, "none");
	for (; i < n; i++) {
		const json_t	*t = json_array_get(list, i);
		json_int_t	 code = json_integer_value(json_object_get(t, "code"));
		char		 when[64], reason[200], number[24] = "", line[LINE];

		row_text(c, t, "reason", reason, sizeof reason);
		if (code > 0)
			(void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT " ", code);
		(void)snprintf(line, sizeof line, "%s %s%s", console_time(c, text_of(t, "time"), false, false, when, sizeof when), number, reason);
		(void)screen_put(row++, 1 + TRIES_LABEL, screen_cols() - TRIES_LABEL - 2, S_PLAIN, line);
	}
}

static void
message_paint(struct console *c)
{
	int	row = screen_rows() < FEW_ROWS ? 2 : 3, rest;
	char	why[400], line[LINE];

	(void)screen_put(1, 1, screen_cols() - 1, S_BOLD, "Show Message");
	if (c->queued == NULL || prompt_at_foot(c))
		return;
	row = fields_paint(c, row);
	rest = screen_rows() - 4 - row;
	if (rest > 2)
		row++, rest--;
	if (rest > 0)
		tries_paint(c, row, rest);
	row_text(c, c->queued, "why", why, sizeof why);
	(void)screen_put(screen_rows() - 4, 1, screen_cols() - 1, S_PLAIN, why);
	(void)snprintf(line, sizeof line, "The content is not kept readable and is never shown.%s", c->link.may_write ? " r retry  d delete" : "");
	(void)screen_put(screen_rows() - 3, 1, screen_cols() - 1, S_DIM, line);
}

static bool
message_pane_act(struct console *c, const struct action_row *a)
{
	if (a->action == ACT_REFRESH)
		ask(c);
	return c->queued != NULL && message_act(c, c->queued, a);
}

static void
on_retried(void *arg, const json_t *m)
{
	struct console	*c = arg;
	json_int_t	 n = json_integer_value(json_object_get(json_object_get(m, "ok"), "messages"));

	if (!console_refused(c, m))
		console_say(c, false, "%" JSON_INTEGER_FORMAT " message%s tried again", n, n == 1 ? " is" : "s are");
	if (c->pane == &pane_message)
		ask(c);
	c->wants_frame = true;
}

static void
do_retry(struct console *c, const char *text)
{
	json_t	*r = json_pack("{s:s}", "do", "queue retry");

	if (strcmp(text, "0") == 0)
		(void)json_object_set_new(r, "name", json_string(c->subject.name));
	else if (strcmp(text, "1") == 0)
		(void)json_object_set_new(r, "to", json_string(c->subject.to));
	else
		(void)json_object_set_new(r, "all", json_true());
	(void)console_ask(c, r, on_retried, c);
}

/* Each with the command line that does the same. */
static void
ask_retry(struct console *c)
{
	char	line[MENU_TEXT], word[150];

	prompt_menu(c, "Send again now", do_retry);
	(void)snprintf(line, sizeof line, "this one    wirechief queue retry %.36s", c->subject.name);
	prompt_item(c, false, line);
	(void)snprintf(line, sizeof line, "for %-7.50s wirechief queue retry --to %.50s", c->subject.to,
	    shell_word(c->subject.to, word, sizeof word));
	prompt_item(c, false, line);
	prompt_item(c, false, "all         wirechief queue retry --all");
}

static void
on_deleted(void *arg, const json_t *m)
{
	struct console	*c = arg;

	if (!console_refused(c, m)) {
		if (c->pane == &pane_message)
			console_back(c);
		console_say(c, false, "deleted: message %.80s", c->subject.name);
	}
	c->wants_frame = true;
}

static void
do_delete(struct console *c, const char *text)
{
	(void)text;
	(void)console_ask(c, json_pack("{s:s, s:s}", "do", "queue delete", "name", c->subject.name), on_deleted, c);
}

static void
ask_delete(struct console *c)
{
	char	question[200], hint[200];

	(void)snprintf(question, sizeof question, "Delete this message for %.40s? It will not be delivered. y", c->subject.to);
	(void)snprintf(hint, sizeof hint, "wirechief queue delete %s --yes", c->subject.name);
	(void)prompt_yes(c, question, hint, do_delete);
}

void
message_show(struct console *c, const char *id)
{
	(void)snprintf(c->queued_id, sizeof c->queued_id, "%.36s", id);
	if (strcmp(text_of(c->queued, "id"), id) != 0) {
		json_decref(c->queued);
		c->queued = NULL;
	}
	console_enter(c, &pane_message);
}

bool
message_act(struct console *c, const json_t *message, const struct action_row *a)
{
	char	filter[64];

	c->subject.pane = c->pane;
	(void)snprintf(c->subject.noun, sizeof c->subject.noun, "message");
	(void)snprintf(c->subject.name, sizeof c->subject.name, "%s", text_of(message, "id"));
	(void)snprintf(c->subject.to, sizeof c->subject.to, "%s", text_of(message, "to_account"));
	switch (a->action) {
	case ACT_OPEN:
		message_show(c, c->subject.name);
		return true;
	case ACT_RETRY:
		ask_retry(c);
		return true;
	case ACT_DELETE:
		ask_delete(c);
		return true;
	case ACT_EVENTS_OF:
		(void)snprintf(filter, sizeof filter, "\"%.40s\"", c->subject.name);
		events_like(c, filter);
		return true;
	default:
		return false;
	}
}

const struct pane	pane_queue = { .bit = P_QUEUE, .place = "Queue", .open = queue_open, .close = queue_close, .tick = queue_tick,
	.paint = queue_paint, .act = queue_act, .list = queue };
const struct pane	pane_message = { .bit = P_MESSAGE, .place = "Message", .open = message_open, .tick = message_open,
	.paint = message_paint, .act = message_pane_act };
