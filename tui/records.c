#include "tui/records.h"

#include <stdio.h>
#include <string.h>

#include "core/account.h"
#include "core/binding.h"
#include "core/call.h"
#include "core/group.h"
#include "core/licence.h"
#include "core/message.h"
#include "core/profile.h"
#include "core/trunk.h"
#include "tui/shell.h"

bool
record_ask_about(struct console *c, const char *noun, const char *name)
{
	c->subject.pane = c->pane;
	c->subject.done = NULL;
	(void)snprintf(c->subject.noun, sizeof c->subject.noun, "%s", noun);
	(void)snprintf(c->subject.name, sizeof c->subject.name, "%s", name);
	return console_may_write(c);
}

/* Whether the person still is where the question came from, and not at another one. */
static bool
is_waited_for(const struct console *c)
{
	return c->pane == c->subject.pane && c->prompt.kind == PROMPT_NONE;
}

static bool
is_details(const struct pane *p)
{
	return p == &pane_account || p == &pane_trunk;
}

static void
on_done(void *arg, const json_t *m)
{
	struct console	*c = arg;

	if (!console_refused(c, m))
		console_say(c, false, "done%s%.80s%s", c->subject.done == NULL ? "" : ": ", c->subject.done == NULL ? "" : c->subject.name,
		    c->subject.done == NULL ? "" : c->subject.done);
	if (is_details(c->pane) && c->pane->open != NULL)
		c->pane->open(c);
	c->wants_frame = true;
}

static void
on_deleted(void *arg, const json_t *m)
{
	struct console	*c = arg;

	if (!console_refused(c, m)) {
		if (is_details(c->pane))
			console_back(c);
		console_say(c, false, "deleted: %s %.80s", c->subject.noun, c->subject.name);
	}
	c->wants_frame = true;
}

static void
do_delete(struct console *c, const char *text)
{
	char	what[32];

	(void)text;
	(void)snprintf(what, sizeof what, "%s delete", c->subject.noun);
	(void)console_ask(c, json_pack("{s:s, s:s}", "do", what, "name", c->subject.name), on_deleted, c);
}

/* "2 contacts on line and 1 queued message go with it", of what the daemon counted. */
static void
deleted_text(const json_t *ok, char *buf, size_t size)
{
	static const struct {
		const char	*name, *one, *many;
	} parts[] = {
		{ "registrations", "contact on line", "contacts on line" }, { "messages", "queued message", "queued messages" },
		{ "prefixes", "prefix", "prefixes" }, { "registered", "registration there", "registrations there" }, { "calls", "call", "calls" },
	};
	json_int_t	all = 0, n;
	int		at = 0;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if ((n = json_integer_value(json_object_get(ok, parts[i].name))) <= 0)
			continue;
		at += snprintf(buf + at, size - (size_t)at, "%s%" JSON_INTEGER_FORMAT " %s", all == 0 ? "" : " and ", n,
		    n == 1 ? parts[i].one : parts[i].many);
		all += n;
	}
	(void)snprintf(buf + at, size - (size_t)at, all == 0 ? "Nothing else goes with it." : all == 1 ? " goes with it." : " go with it.");
}

/* A group that holds accounts stays: how many, and how to see them. */
static bool
group_is_in_use(struct console *c, const json_t *m)
{
	const char	*code = json_string_value(json_object_get(json_object_get(m, "error"), "code"));

	if (strcmp(c->subject.noun, "group") != 0 || code == NULL || strcmp(code, "in-use") != 0)
		return false;
	(void)console_refused(c, m);
	(void)snprintf(c->message + strlen(c->message), sizeof c->message - strlen(c->message), "; Enter lists them");
	return true;
}

/* The daemon has said what goes with it. */
static void
on_dry(void *arg, const json_t *m)
{
	struct console	*c = arg;
	char		 question[300], hint[300], with[120], word[200];

	if (group_is_in_use(c, m) || console_refused(c, m) || !is_waited_for(c))
		return;
	deleted_text(json_object_get(m, "ok"), with, sizeof with);
	(void)snprintf(question, sizeof question, "Delete %s %.80s? %s", c->subject.noun, c->subject.name, with);
	(void)snprintf(hint, sizeof hint, "wirechief %s delete %s --yes", c->subject.noun, shell_word(c->subject.name, word, sizeof word));
	prompt_name(c, question, c->subject.name, hint, do_delete);
	c->wants_frame = true;
}

static void
ask_delete(struct console *c, const char *noun, const char *name)
{
	char	what[32];

	(void)snprintf(what, sizeof what, "%s delete", noun);
	if (record_ask_about(c, noun, name))
		(void)console_ask(c, json_pack("{s:s, s:s, s:b}", "do", what, "name", name, "dry", 1), on_dry, c);
}

void
account_delete(struct console *c, const char *username)
{
	ask_delete(c, "account", username);
}

static void
do_drop(struct console *c, const char *text)
{
	json_t	*r = json_pack("{s:s, s:s}", "do", "registration drop", "name", c->subject.name);

	if (strcmp(text, "y") == 0)
		(void)json_object_set_new(r, "contact", json_string(c->subject.contact));
	(void)console_ask(c, r, on_done, c);
}

static void
ask_drop(struct console *c)
{
	char	question[300], hint[PROMPT_TEXT], name[ACCOUNT_USERNAME], word[200], contact[CONTACT_MAX + 100];

	if (!record_ask_about(c, "registration", list_value(&c->registered, "username", name, sizeof name)))
		return;
	(void)list_value(&c->registered, "contact", c->subject.contact, sizeof c->subject.contact);
	(void)snprintf(question, sizeof question, "Drop this registration of %.40s? y; a drops all of them", name);
	(void)snprintf(hint, sizeof hint, "wirechief registration drop %s %.200s", shell_word(name, word, sizeof word),
	    shell_word(c->subject.contact, contact, sizeof contact));
	prompt_yes(c, question, hint, do_drop)->also = 'a';
}

static void
do_block(struct console *c, const char *text)
{
	char	what[40];

	(void)text;
	(void)snprintf(what, sizeof what, "%s %s", c->subject.noun, c->subject.enabled ? "disable" : "enable");
	(void)console_ask(c, json_pack("{s:s, s:s}", "do", what, "name", c->subject.name), on_done, c);
}

/* without: what there is none of then. */
static void
block(struct console *c, const char *noun, const char *name, bool enabled, const char *without)
{
	char	question[200], hint[300], word[200];

	if (!record_ask_about(c, noun, name))
		return;
	c->subject.enabled = enabled;
	c->subject.done = enabled ? " is disabled" : " is enabled";
	if (enabled)
		(void)snprintf(question, sizeof question, "Disable %.80s: %s? y", name, without);
	else
		(void)snprintf(question, sizeof question, "Enable %.80s? y", name);
	(void)snprintf(hint, sizeof hint, "wirechief %s %s %s", noun, enabled ? "disable" : "enable", shell_word(name, word, sizeof word));
	(void)prompt_yes(c, question, hint, do_block);
}

void
account_block(struct console *c, const char *username, bool enabled)
{
	block(c, "account", username, enabled, "no calls, no messages");
}

static void
do_activate(struct console *c, const char *text)
{
	(void)text;
	(void)console_ask(c, json_pack("{s:s, s:s}", "do", "account activate", "name", c->subject.name), on_done, c);
}

/* What has been reached of it is lost, and is told before. */
void
account_activate(struct console *c, const json_t *account)
{
	const char	*name = json_string_value(json_object_get(account, "username"));
	const char	*number = json_string_value(json_object_get(account, "caller_id"));
	const char	*status = json_string_value(json_object_get(account, "status"));
	bool		 again = status != NULL && strcmp(status, "Created") != 0;
	char		 question[300], hint[300], word[200];

	if (name == NULL || !record_ask_about(c, "account", name))
		return;
	if (number == NULL || number[0] == '\0') {
		console_say(c, true, "%.80s has no Caller Id, so there is no number to send an SMS to", name);
		return;
	}
	c->subject.done = ": the SMS is on its way";
	(void)snprintf(question, sizeof question, "Send %.40s the installation SMS%s, to %.31s%s%.40s%s? y", name, again ? " again" : "", number,
	    again ? " (" : "", again ? status : "", again ? ")" : "");
	(void)snprintf(hint, sizeof hint, "wirechief account activate %s", shell_word(name, word, sizeof word));
	(void)prompt_yes(c, question, hint, do_activate);
}

void
accounts_of(struct console *c, const char *group)
{
	struct list	*l = &c->accounts;

	if (strcmp(l->group, group) == 0)
		return;
	(void)snprintf(l->group, sizeof l->group, "%s", group);
	l->top = 0;
	l->line = 0;
	l->selected[0] = '\0';
	if (l->view != 0 || l->asked)
		list_open(l);
}

void
account_show(struct console *c, const char *username)
{
	(void)snprintf(c->account, sizeof c->account, "%s", username);
	json_decref(c->details);
	c->details = NULL;
	console_enter(c, &pane_account);
}

static void
edit(struct console *c, const struct kind *k, const json_t *m)
{
	if (!console_refused(c, m) && is_waited_for(c))
		form_begin(c, k, json_object_get(m, "ok"), json_integer_value(json_object_get(m, "version")), "");
	c->wants_frame = true;
}

static void
on_edit_account(void *arg, const json_t *m)
{
	edit(arg, &account_kind, m);
}

static void
on_edit_group(void *arg, const json_t *m)
{
	edit(arg, &group_kind, m);
}

static void
on_edit_profile(void *arg, const json_t *m)
{
	edit(arg, &profile_kind, m);
}

static void
on_edit_trunk(void *arg, const json_t *m)
{
	edit(arg, &trunk_kind, m);
}

static void
on_edit_licence(void *arg, const json_t *m)
{
	edit(arg, &licence_kind, m);
}

void
account_edit(struct console *c, const char *username)
{
	if (record_ask_about(c, "account", username))
		(void)console_ask(c, json_pack("{s:s, s:s}", "do", "account show", "name", username), on_edit_account, c);
}

static void
new_account(struct console *c, const char *text)
{
	form_begin(c, &account_kind, NULL, 0, c->subject.name);
	form_preset(c, "creation", strcmp(text, "1") == 0 ? "wizard" : "plain");
}

static const char *
way_to_make(struct console *c, int i)
{
	(void)c;
	return i == 0 ? "plain    enabled at once" : "wizard   not enabled until activated on the phone";
}

static void
account_add(struct console *c, const char *group)
{
	if (record_ask_about(c, "account", group))
		prompt_choose(c, "Add an account: how is it made?", way_to_make, 2, 0, new_account);
}

static bool
account_act(struct console *c, struct list *l, const struct action_row *a)
{
	char	name[ACCOUNT_USERNAME], group[GROUP_NAME];

	(void)list_value(l, "username", name, sizeof name);
	switch (a->action) {
	case ACT_ADD:
		account_add(c, c->accounts.group[0] != '\0' ? c->accounts.group : list_value(l, "group", group, sizeof group));
		return true;
	case ACT_EDIT:
		account_edit(c, name);
		return true;
	case ACT_DELETE:
		account_delete(c, name);
		return true;
	case ACT_BLOCK:
		account_block(c, name, json_is_true(json_object_get(list_row(l), "enabled")));
		return true;
	case ACT_ACTIVATE:
		account_activate(c, list_row(l));
		return true;
	case ACT_EVENTS_OF:
		events_of(c, name);
		return true;
	case ACT_MESSAGES_OF:
		messages_of(c, name);
		return true;
	case ACT_WHY:
		why_show(c, name);
		return true;
	case ACT_TRACE:
		trace_show(c, name);
		return true;
	case ACT_OPEN:
		account_show(c, name);
		return true;
	case ACT_QR:
		account_qr(c, name);
		return true;
	case ACT_RENDER:
		account_render(c, name);
		return true;
	default:
		return false;
	}
}

static bool
group_act(struct console *c, struct list *l, const struct action_row *a)
{
	char	name[GROUP_NAME];

	(void)list_value(l, "name", name, sizeof name);
	switch (a->action) {
	case ACT_ADD:
		if (console_may_write(c))
			form_begin(c, &group_kind, NULL, 0, "");
		return true;
	case ACT_EDIT:
		if (record_ask_about(c, "group", name))
			(void)console_ask(c, json_pack("{s:s, s:s}", "do", "group show", "name", name), on_edit_group, c);
		return true;
	case ACT_DELETE:
		ask_delete(c, "group", name);
		return true;
	case ACT_EVENTS_OF:
		events_of(c, name);
		return true;
	default:
		return false;
	}
}

static bool
profile_act(struct console *c, struct list *l, const struct action_row *a)
{
	char	name[PROFILE_NAME];

	(void)list_value(l, "name", name, sizeof name);
	switch (a->action) {
	case ACT_ADD:
		if (console_may_write(c))
			form_begin(c, &profile_kind, NULL, 0, "");
		return true;
	case ACT_OPEN:
	case ACT_EDIT:
		if (record_ask_about(c, "profile", name))
			(void)console_ask(c, json_pack("{s:s, s:s}", "do", "profile show", "name", name), on_edit_profile, c);
		return true;
	case ACT_DELETE:
		ask_delete(c, "profile", name);
		return true;
	case ACT_RENDER:
		profile_render(c, name);
		return true;
	case ACT_EVENTS_OF:
		events_of(c, name);
		return true;
	default:
		return false;
	}
}

static void
trunk_retry(struct console *c, const char *name)
{
	if (!record_ask_about(c, "trunk", name))
		return;
	c->subject.done = " is looked up, probed and registered at anew";
	(void)console_ask(c, json_pack("{s:s, s:s}", "do", "trunk retry", "name", name), on_done, c);
}

bool
trunk_act(struct console *c, const char *name, const json_t *trunk, const struct action_row *a)
{
	switch (a->action) {
	case ACT_ADD:
		if (console_may_write(c))
			form_begin(c, &trunk_kind, NULL, 0, "");
		return true;
	case ACT_OPEN:
		trunk_show(c, name);
		return true;
	case ACT_EDIT:
		if (record_ask_about(c, "trunk", name))
			(void)console_ask(c, json_pack("{s:s, s:s}", "do", "trunk show", "name", name), on_edit_trunk, c);
		return true;
	case ACT_DELETE:
		ask_delete(c, "trunk", name);
		return true;
	case ACT_RETRY:
		trunk_retry(c, name);
		return true;
	case ACT_BLOCK:
		block(c, "trunk", name, json_is_true(json_object_get(trunk, "enabled")), "not probed, not used");
		return true;
	case ACT_EVENTS_OF:
		events_of(c, name);
		return true;
	default:
		return false;
	}
}

static bool
trunk_row_act(struct console *c, struct list *l, const struct action_row *a)
{
	char	name[TRUNK_NAME];

	return trunk_act(c, list_value(l, "name", name, sizeof name), list_row(l), a);
}

static void
licence_edit(struct console *c, const char *username)
{
	if (username[0] != '\0' && record_ask_about(c, "licence", username))
		(void)console_ask(c, json_pack("{s:s, s:s}", "do", "licence show", "name", username), on_edit_licence, c);
}

static void
do_licence_clear(struct console *c, const char *text)
{
	(void)text;
	(void)console_ask(c, json_pack("{s:s, s:s}", "do", "licence clear", "name", c->subject.name), on_done, c);
}

static void
do_licence_remove(struct console *c, const char *text)
{
	(void)text;
	(void)console_ask(c, json_pack("{s:s, s:s, s:{s:s}}", "do", "licence set", "name", c->subject.name, "set", "state", "NONE"), on_done, c);
}

static void
ask_licence(struct console *c, const char *username, bool clear)
{
	char	question[200], hint[300], word[200];

	if (!record_ask_about(c, "licence", username))
		return;
	c->subject.done = clear ? "'s licence is cleared" : "'s licence is taken away";
	(void)snprintf(question, sizeof question, clear ? "Clear the licence of %.80s: its client may ask again? y" :
	    "Take the licence of %.80s away, key and all? y", username);
	(void)snprintf(hint, sizeof hint, "wirechief licence %s %s%s", clear ? "clear" : "set", shell_word(username, word, sizeof word),
	    clear ? "" : " state=NONE");
	(void)prompt_yes(c, question, hint, clear ? do_licence_clear : do_licence_remove);
}

static bool
licence_act(struct console *c, struct list *l, const struct action_row *a)
{
	char	name[ACCOUNT_USERNAME];

	(void)list_value(l, "username", name, sizeof name);
	switch (a->action) {
	case ACT_ADD:
		if (console_may_write(c))
			(void)prompt_line(c, "Licence for account:", "", NULL, licence_edit);
		return true;
	case ACT_EDIT:
		licence_edit(c, name);
		return true;
	case ACT_DELETE:
		ask_licence(c, name, false);
		return true;
	case ACT_LICENCE_CLEAR:
		ask_licence(c, name, true);
		return true;
	case ACT_EVENTS_OF:
		events_of(c, name);
		return true;
	case ACT_OPEN:
		account_show(c, name);
		return true;
	default:
		return false;
	}
}

static bool
registration_act(struct console *c, struct list *l, const struct action_row *a)
{
	char	name[ACCOUNT_USERNAME];

	if (a->action == ACT_DELETE) {
		ask_drop(c);
		return true;
	}
	if (a->action == ACT_EVENTS_OF) {
		events_of(c, list_value(l, "username", name, sizeof name));
		return true;
	}
	if (a->action == ACT_MESSAGES_OF) {
		messages_of(c, list_value(l, "username", name, sizeof name));
		return true;
	}
	if (a->action == ACT_WHY) {
		why_show(c, list_value(l, "username", name, sizeof name));
		return true;
	}
	if (a->action == ACT_TRACE) {
		trace_show(c, list_value(l, "username", name, sizeof name));
		return true;
	}
	return false;
}

const json_t *
record_shown(const struct console *c, const struct kind **k)
{
	if (c->pane == &pane_message) {
		*k = &message_kind;
		return c->queued;
	}
	if (c->pane == &pane_trunk) {
		*k = &trunk_kind;
		return c->trunk.record;
	}
	*k = &account_kind;
	return json_object_get(c->details, "ok");
}

static void
do_hang_up(struct console *c, const char *text)
{
	(void)text;
	(void)console_ask(c, json_pack("{s:s, s:s}", "do", "call drop", "name", c->subject.name), on_done, c);
}

static bool
call_act(struct console *c, struct list *l, const struct action_row *a)
{
	char	id[CALL_NAME], from[CALL_PARTY], to[CALL_PARTY], question[300], hint[80];

	(void)list_value(l, "id", id, sizeof id);
	(void)list_value(l, "from", from, sizeof from);
	if (a->action == ACT_EVENTS_OF) {
		events_of(c, from);
		return true;
	}
	if (a->action != ACT_DELETE || !record_ask_about(c, "call", id))
		return false;
	(void)snprintf(question, sizeof question, "End the call from %.64s to %.64s, for both? y", from, list_value(l, "to", to, sizeof to));
	(void)snprintf(hint, sizeof hint, "wirechief call drop %s", id);
	c->subject.done = " is ended";
	(void)prompt_yes(c, question, hint, do_hang_up);
	return true;
}

bool
record_act(struct console *c, struct list *l, const struct action_row *a)
{
	if ((a->flags & ACT_RECORD) && (a->flags & ACT_WRITE) && !list_may_act(l)) {
		if (list_row(l) != NULL)
			console_say(c, true, "another row has just come under the cursor: nothing is done");
		return true;
	}
	if (a->action != ACT_ADD && list_row(l) == NULL)
		return false;
	if (l->kind == &account_kind)
		return account_act(c, l, a);
	if (l->kind == &group_kind)
		return group_act(c, l, a);
	if (l->kind == &registration_kind)
		return registration_act(c, l, a);
	if (l->kind == &profile_kind)
		return profile_act(c, l, a);
	if (l->kind == &licence_kind)
		return licence_act(c, l, a);
	if (l->kind == &trunk_kind)
		return trunk_row_act(c, l, a);
	if (l->kind == &message_kind)
		return message_act(c, list_row(l), a);
	if (l->kind == &call_kind)
		return call_act(c, l, a);
	return false;
}
