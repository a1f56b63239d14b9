#include "core/command.h"

#include <stdio.h>
#include <string.h>

const struct command	commands[] = {
	{ NULL, "status", NULL, ARGS_NONE, REPLY_RECORD, ROLE_VIEWER, "node, version, uptime and counts" },
	{ "group", "list", "group", ARGS_LIST, REPLY_ROWS, ROLE_VIEWER, "list groups" },
	{ "group", "show", "group", ARGS_NAME, REPLY_RECORD, ROLE_VIEWER, "show one group" },
	{ "group", "add", "group", ARGS_SET, REPLY_RECORD, ROLE_OPERATOR, "make a group" },
	{ "group", "set", "group", ARGS_SET, REPLY_RECORD, ROLE_OPERATOR, "change a group's fields" },
	{ "group", "delete", "group", ARGS_REMOVE, REPLY_DONE, ROLE_OPERATOR, "delete an empty group" },
	{ "account", "list", "account", ARGS_LIST, REPLY_ROWS, ROLE_VIEWER, "list accounts" },
	{ "account", "show", "account", ARGS_NAME, REPLY_RECORD, ROLE_VIEWER, "show one account" },
	{ "account", "add", "account", ARGS_SET, REPLY_RECORD, ROLE_OPERATOR, "make an account" },
	{ "account", "set", "account", ARGS_SET, REPLY_RECORD, ROLE_OPERATOR, "change an account's fields" },
	{ "account", "delete", "account", ARGS_DELETE, REPLY_DONE, ROLE_OPERATOR, "delete an account and its registrations" },
	{ "account", "enable", "account", ARGS_NAME, REPLY_RECORD, ROLE_OPERATOR, "let an account place and receive calls and messages" },
	{ "account", "disable", "account", ARGS_NAME, REPLY_RECORD, ROLE_OPERATOR, "stop an account's calls and messages" },
	{ "account", "activate", "account", ARGS_NAME, REPLY_RECORD, ROLE_OPERATOR, "send its phone an SMS with a link to install and activate (again)" },
	{ "account", "link", "account", ARGS_LINK, REPLY_LINK, ROLE_OPERATOR, "print a new link that sets up and activates its phone; --qr also as a QR code" },
	{ "account", "import", "account", ARGS_IMPORT, REPLY_DONE, ROLE_OPERATOR, "make and change accounts from CSV or JSON: all rows or none" },
	{ "account", "export", "account", ARGS_EXPORT, REPLY_ROWS, ROLE_VIEWER, "print accounts as CSV, so that import can read them" },
	{ NULL, "why", "account", ARGS_ACCOUNT, REPLY_FACTS, ROLE_VIEWER, "say whether a call or a message would reach an account now, and if not, why" },
	{ NULL, "trace", "account", ARGS_ACCOUNT, REPLY_TRACE, ROLE_OPERATOR, "print an account's SIP messages as they come and go, without their secrets and contents" },
	{ "profile", "list", "profile", ARGS_LIST, REPLY_ROWS, ROLE_VIEWER, "list provisioning profiles" },
	{ "profile", "show", "profile", ARGS_NAME, REPLY_RECORD, ROLE_VIEWER, "show one profile" },
	{ "profile", "add", "profile", ARGS_SET, REPLY_RECORD, ROLE_OPERATOR, "make a profile" },
	{ "profile", "set", "profile", ARGS_SET, REPLY_RECORD, ROLE_OPERATOR, "change a profile's fields" },
	{ "profile", "delete", "profile", ARGS_REMOVE, REPLY_DONE, ROLE_OPERATOR, "delete a profile that nothing uses" },
	{ "profile", "render", "profile", ARGS_RENDER, REPLY_TEXT, ROLE_VIEWER, "print what a profile comes to for an account, without its password" },
	{ "licence", "list", "licence", ARGS_LIST, REPLY_ROWS, ROLE_VIEWER, "list the accounts that have a licence" },
	{ "licence", "show", "licence", ARGS_NAME, REPLY_RECORD, ROLE_VIEWER, "show an account's licence" },
	{ "licence", "set", "licence", ARGS_SET, REPLY_RECORD, ROLE_OPERATOR, "give an account a licence, or change it" },
	{ "licence", "clear", "licence", ARGS_NAME, REPLY_RECORD, ROLE_OPERATOR, "free a client that is stuck in CHECKING" },
	{ "registration", "list", "registration", ARGS_LIST, REPLY_ROWS, ROLE_VIEWER, "list who is on line now" },
	{ "registration", "watch", "registration", ARGS_NONE, REPLY_STREAM, ROLE_VIEWER, "print each change of that until interrupted" },
	{ "registration", "drop", "registration", ARGS_DROP, REPLY_DONE, ROLE_OPERATOR, "drop an account's registrations, or one contact" },
	{ "trunk", "list", "trunk", ARGS_LIST, REPLY_ROWS, ROLE_VIEWER, "list SIP trunks and what is true of them now" },
	{ "trunk", "show", "trunk", ARGS_NAME, REPLY_RECORD, ROLE_VIEWER, "show one trunk" },
	{ "trunk", "add", "trunk", ARGS_SET, REPLY_RECORD, ROLE_OPERATOR, "make a trunk" },
	{ "trunk", "set", "trunk", ARGS_SET, REPLY_RECORD, ROLE_OPERATOR, "change a trunk's fields" },
	{ "trunk", "delete", "trunk", ARGS_DELETE, REPLY_DONE, ROLE_OPERATOR, "delete a trunk; no call goes that way any more" },
	{ "trunk", "enable", "trunk", ARGS_NAME, REPLY_RECORD, ROLE_OPERATOR, "probe and use a trunk, and register there" },
	{ "trunk", "disable", "trunk", ARGS_NAME, REPLY_RECORD, ROLE_OPERATOR, "neither probe nor use a trunk" },
	{ "trunk", "test", "trunk", ARGS_TEST, REPLY_STEPS, ROLE_OPERATOR, "try each step of reaching a trunk, as it is or with these fields, saved or not, changing nothing; exit 1 if one fails" },
	{ "trunk", "retry", "trunk", ARGS_NAME, REPLY_DONE, ROLE_OPERATOR, "look a trunk up, probe it and register there now" },
	{ "call", "list", "call", ARGS_LIST, REPLY_ROWS, ROLE_VIEWER, "list calls now" },
	{ "call", "drop", "call", ARGS_NAME, REPLY_DONE, ROLE_OPERATOR, "end one, for both sides" },
	{ "queue", "list", "message", ARGS_LIST, REPLY_ROWS, ROLE_VIEWER, "list messages that wait; never what they say" },
	{ "queue", "show", "message", ARGS_NAME, REPLY_RECORD, ROLE_VIEWER, "show one, why it is still here and what was tried" },
	{ "queue", "retry", "message", ARGS_RETRY, REPLY_DONE, ROLE_OPERATOR, "send one, an account's or all again at once" },
	{ "queue", "delete", "message", ARGS_DELETE, REPLY_DONE, ROLE_OPERATOR, "delete one; it will not be delivered" },
	{ "queue", "watch", "message", ARGS_NONE, REPLY_STREAM, ROLE_VIEWER, "print what becomes of messages until interrupted" },
	{ "event", "list", "event", ARGS_LIST, REPLY_ROWS, ROLE_VIEWER, "list what happened, newest last" },
	{ "event", "watch", "event", ARGS_NONE, REPLY_STREAM, ROLE_VIEWER, "print events as they happen until interrupted" },
	{ "event", "verify", NULL, ARGS_NONE, REPLY_DONE, ROLE_VIEWER, "check that the log's chain is unbroken" },
	{ "web", "check", NULL, ARGS_NONE, REPLY_RECORD, ROLE_VIEWER, "check now whether the HTTPS service is reached at its public name" },
	{ "debug", "on", NULL, ARGS_WORD, REPLY_DONE, ROLE_OPERATOR, "debug logging of a subsystem on" },
	{ "debug", "off", NULL, ARGS_WORD, REPLY_DONE, ROLE_OPERATOR, "debug logging of a subsystem off" },
	{ NULL, "verify", NULL, ARGS_NONE, REPLY_DONE, ROLE_VIEWER, "check that every index agrees with its records" },
	{ NULL, "backup", NULL, ARGS_BACKUP, REPLY_DONE, ROLE_OPERATOR, "copy the store to a file while the daemon serves" },
	{ NULL, "restore", NULL, ARGS_RESTORE, REPLY_DONE, ROLE_OPERATOR, "put such a copy in the store's place; the daemon must be stopped" },
};
const size_t	n_commands = sizeof commands / sizeof commands[0];

const struct status_field	status_fields[] = {
	{ "node", "Node", "this daemon's name" },
	{ "version", "Version", "of the daemon" },
	{ "domain", "Domain", "the SIP domain that it serves first" },
	{ "started_at", "Started", "when the daemon started" },
	{ "uptime", "Uptime", "seconds since then" },
	{ "listen", "Listening", "where phones reach it" },
	{ "accounts", "Accounts", "how many there are" },
	{ "disabled", "Disabled", "how many of them are disabled" },
	{ "registered", "Registered", "how many of them are on line" },
	{ "registrations", "Registrations", "their contacts" },
	{ "trunks", "Trunks", "how many there are" },
	{ "trunks_ok", "Trunks OK", "how many of them answer" },
	{ "queued", "Queued", "messages accepted and not delivered" },
	{ "queue_recipients", "Recipients", "accounts that they wait for" },
	{ "queue_oldest", "Oldest message", "when the oldest of them was accepted" },
	{ "queue_in_flight", "In flight", "messages that are being sent right now" },
	{ "queue_expiring", "Expiring", "of the messages queued, how many are given up within 24 hours; counted to 5000" },
	{ "queue_delivered", "Delivered", "messages since the start" },
	{ "queue_delivered_today", "Delivered today", "messages since midnight" },
	{ "queue_per_minute", "Delivered a minute", "messages delivered in each of the last 60 minutes, oldest first" },
	{ "calls", "Calls", "calls now" },
	{ "sms_waiting", "SMS waiting", "that wait for their first or next try" },
	{ "sms_failed", "SMS failed", "that were given up: their accounts say why" },
	{ "store_bytes", "Store", "bytes in use" },
	{ "store_max_bytes", "Store limit", "bytes it may grow to" },
	{ "store_ok", "Store taking", "whether the store takes changes" },
	{ "registers", "REGISTERs", "requests handled since the start" },
	{ "challenges", "Challenges", "of them answered 401" },
	{ "auth_failures", "Wrong answers", "of them with a wrong password" },
	{ "sip", "SIP front", "whether it runs" },
	{ "https", "HTTPS service", "whether it runs; nothing where there is none" },
	{ "https_expires", "HTTPS until", "end of its certificate's life" },
	{ "public_url", "Public address", "what phones reach that service by" },
	{ "public_reached", "Reached there", "whether it is reached by that, as far as can be seen from here" },
	{ "public_ms", "Took", "ms that this took" },
	{ "public_error", "Not reached", "why it is not" },
	{ "public_checked_at", "Checked", "when that was tried last" },
	{ "certificate_expires", "Certificate until", "end of the TLS certificate's life" },
};
const size_t	n_status_fields = sizeof status_fields / sizeof status_fields[0];

const struct command *
command_find(const char *do_)
{
	char	name[64];

	for (size_t i = 0; i < n_commands; i++) {
		const struct command	*c = &commands[i];

		(void)snprintf(name, sizeof name, "%s%s%s", c->noun == NULL ? "" : c->noun, c->noun == NULL ? "" : " ", c->verb);
		if (strcmp(name, do_) == 0)
			return c;
	}
	return NULL;
}

bool
command_has_group(const struct command *c)
{
	return c->args == ARGS_LIST && c->kind != NULL && (strcmp(c->kind, "account") == 0 || strcmp(c->kind, "registration") == 0);
}

const char *
command_usage(const struct command *c, char *buf, size_t size)
{
	static const char *const	args[] = {
		[ARGS_NONE] = "", [ARGS_LIST] = " [--query Q] [--sort FIELD] [--reverse] [--limit N]", [ARGS_NAME] = " ID", [ARGS_ACCOUNT] = " USERNAME",
		[ARGS_SET] = " ID [FIELD=VALUE ...]", [ARGS_DELETE] = " ID [--yes]", [ARGS_DROP] = " ID [CONTACT]",
		[ARGS_RETRY] = " ID | --all | --to USERNAME", [ARGS_TEST] = " [ID] [FIELD=VALUE ...]",
		[ARGS_WORD] = " SUBSYSTEM", [ARGS_BACKUP] = " FILE [--yes]",
		[ARGS_RESTORE] = " FILE [--yes] [--config FILE]", [ARGS_REMOVE] = " ID", [ARGS_RENDER] = " ID USERNAME", [ARGS_LINK] = " ID [--qr]",
		[ARGS_IMPORT] = " FILE", [ARGS_EXPORT] = " [--query Q]",
	};
	bool	set = c->args == ARGS_SET && strcmp(c->verb, "set") == 0;

	(void)snprintf(buf, size, "%s%s%s%s%s", c->noun == NULL ? "" : c->noun, c->noun == NULL ? "" : " ", c->verb,
	    command_has_group(c) ? " [--group G]" : "", set ? " ID FIELD=VALUE ..." : args[c->args]);
	return buf;
}

const char *
role_name(enum role r)
{
	switch (r) {
	case ROLE_STRANGER:
		return "stranger";
	case ROLE_VIEWER:
		return "viewer";
	case ROLE_OPERATOR:
		return "operator";
	}
	return "";
}
