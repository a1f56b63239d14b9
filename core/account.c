#include "core/account.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/addr.h"
#include "core/err.h"
#include "core/device.h"
#include "core/licence.h"
#include "core/sms.h"

#define RECORD account

static const char *const	creation_words[] = { "plain", "wizard", NULL };
static const char *const	qualify_words[] = { "no", "yes", NULL };
const char *const	account_status_words[] = {
	[STATUS_CREATED] = "Created", [STATUS_INSTALL_SENT] = "Installation SMS sent",
	[STATUS_INSTALL_CLICKED] = "Installation clicked", [STATUS_ACTIVATION_SENT] = "Activation SMS sent",
	[STATUS_INSTALLED] = "Installed", [STATUS_ACTIVATED] = "Activated", [STATUS_CONNECTED] = "Connected", NULL,
};

static const struct field	account_fields[] = {
	{ .tag = 1, AT(FT_ID, id), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 2, AT(FT_ID, version), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 3, .name = "username", .title = "Username", .width = 12, .keep = 1, AT(FT_STR, username), .check = username_check,
	  .flags = FF_FORM | FF_ONCE | FF_COLUMN | FF_SORT | FF_SEARCH | FF_UNIQUE,
	  .help = "User part of its SIP address. Empty makes a random number. Fixed once made." },
	{ .tag = 4, .name = "owner", .title = "Owner", .width = 14, .keep = 2, AT(FT_STR, owner),
	  .flags = FF_FORM | FF_COLUMN | FF_SORT | FF_SEARCH, .help = "Who uses it." },
	{ .tag = 5, .name = "caller_id", .title = "Caller Id", .width = 14, .keep = 3, AT(FT_STR, caller_id), .check = caller_id_check,
	  .flags = FF_FORM | FF_ONCE | FF_COLUMN | FF_SORT | FF_SEARCH | FF_UNIQUE, .help = "Primary virtual phone number. Fixed once made." },
	{ .tag = 6, .name = "caller_id_2", .title = "Caller Id 2", .width = 14, .keep = 8, AT(FT_STR, caller_id_2), .check = caller_id_check,
	  .flags = FF_FORM | FF_ONCE | FF_UNIQUE, .help = "Secondary virtual phone number. Fixed once made." },
	{ .tag = 7, .name = "group", .title = "Group", .width = 10, .keep = 6, AT(FT_REF, group_id), .ref = "group",
	  .flags = FF_FORM | FF_COLUMN | FF_SORT | FF_NEEDED, .help = "The group that it belongs to." },
	{ .tag = 8, .name = "email", .title = "Email", .width = 20, .keep = 9, AT(FT_STR, email), .check = email_check,
	  .flags = FF_FORM | FF_SEARCH, .help = "For people, and for provisioning profiles. May be empty." },
	{ .tag = 9, .name = "description", .title = "Description", .width = 24, .keep = 10, AT(FT_STR, description),
	  .flags = FF_FORM | FF_SEARCH, .help = "For people only." },
	{ .tag = 10, .name = "password", .title = "Password", AT(FT_STR, password),
	  .flags = FF_FORM | FF_SECRET | FF_VIRTUAL, .help = "Empty keeps it; random makes one and shows it once." },
	{ .tag = 11, .name = "deny", .title = "Deny", AT(FT_STR, deny), .check = acl_check, .flags = FF_FORM | FF_LIST,
	  .help = "Sources that are refused: address/mask, separated by commas; 0.0.0.0/0.0.0.0 is everybody." },
	{ .tag = 12, .name = "permit", .title = "Permit", AT(FT_STR, permit), .check = acl_check, .flags = FF_FORM | FF_LIST,
	  .help = "Sources that are let in although Deny holds them: address/mask, separated by commas." },
	{ .tag = 13, .name = "qualify", .title = "Qualify", AT(FT_NUM, qualify), .min = 2, .max = 60000, .unit = "ms", .words = qualify_words,
	  .flags = FF_FORM, .help = "Probe its devices: yes, no, or after how many ms an answer is late." },
	{ .tag = 14, .name = "enabled", .title = "En", .width = 3, .keep = 4, AT(FT_BOOL, enabled), .flags = FF_FORM | FF_COLUMN | FF_SORT,
	  .help = "A disabled account can register, and can neither place nor receive calls or messages." },
	{ .tag = 15, .name = "max_contacts", .title = "Max contacts", AT(FT_NUM, max_contacts), .min = 1, .max = 50,
	  .flags = FF_FORM, .help = "How many devices may be registered at once." },
	{ .tag = 16, .name = "server", .title = "Server", AT(FT_STR, server), .check = server_check, .flags = FF_FORM,
	  .help = "The node that it must register at; empty is any." },
	/* 17 was a profile's name, 21 a licence */
	{ .tag = 26, .name = "profile", .title = "Profile", .width = 12, AT(FT_REF, profile_id), .ref = "profile", .nothing = "(the group's)",
	  .flags = FF_FORM,
	  .help = "Provisioning profile; empty is the group's." },
	{ .tag = 18, .name = "creation", .title = "Creation", AT(FT_ENUM, creation), .words = creation_words, .flags = FF_FORM | FF_ONCE,
	  .help = "plain is enabled at once, wizard only when activated." },
	{ .tag = 19, .name = "status", .title = "Last Status", .width = 21, .keep = 5, AT(FT_ENUM, status), .words = account_status_words,
	  .flags = FF_COLUMN | FF_SORT | FF_SERVER, .help = "The last step of its activation that was taken." },
	{ .tag = 20, .name = "status_at", .title = "Last Status date", .width = 29, AT(FT_TIME, status_at), .flags = FF_SERVER,
	  .help = "When that was." },
	{ .tag = 104, .name = "sms", .title = "SMS", .width = 40, AT(FT_STR, sms), .flags = FF_SERVER | FF_VIRTUAL,
	  .help = "What became of the last SMS to it, with the gateway's answer." },
	{ .tag = 105, .name = "sms_state", .title = "SMS state", .width = 9, AT(FT_ENUM, sms_state), .words = sms_state_words,
	  .flags = FF_SERVER | FF_VIRTUAL, .help = "WAITING for its first or next try, SENDING, SENT or FAILED." },
	{ .tag = 106, .name = "sms_at", .title = "SMS tried", .width = 29, AT(FT_TIME, sms_at), .flags = FF_SERVER | FF_VIRTUAL,
	  .help = "When it was last tried." },
	{ .tag = 107, .name = "sms_next_at", .title = "SMS next try", .width = 29, AT(FT_TIME, sms_next_at),
	  .flags = FF_SERVER | FF_VIRTUAL, .help = "When it is tried again." },
	{ .tag = 100, .name = "licence", .title = "Licence", .width = 8, AT(FT_ENUM, licence), .words = licence_words,
	  .flags = FF_SERVER | FF_VIRTUAL, .help = "Whether its client may be used; licence show tells more." },
	{ .tag = 102, .name = "device_status", .title = "Device", .width = 11, .keep = 7, AT(FT_ENUM, device_status), .words = device_status_words,
	  .ranks = device_status_ranks, .flags = FF_COLUMN | FF_SERVER | FF_VIRTUAL, .help = "What the last probe found, of the best of its devices." },
	{ .tag = 103, .name = "latency_ms", .title = "Latency", .width = 7, AT(FT_NUM, latency_ms), .max = UINT32_MAX,
	  .flags = FF_SERVER | FF_VIRTUAL, .help = "How many ms that one's last answer took." },
	{ .tag = 22, .name = "created_at", .title = "Created", .width = 29, AT(FT_TIME, created_at), .flags = FF_SERVER,
	  .help = "When it was made." },
	{ .tag = 23, .name = "updated_at", .title = "Updated", .width = 29, AT(FT_TIME, updated_at), .flags = FF_SERVER,
	  .help = "When it was last changed." },
	{ .tag = 27, AT(FT_BOOL, connected), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 24, AT(FT_BYTES, ha1_md5), .flags = FF_HIDDEN | FF_SERVER | FF_SECRET },
	{ .tag = 25, AT(FT_BYTES, ha1_sha256), .flags = FF_HIDDEN | FF_SERVER | FF_SECRET },
};

static const struct index	account_indexes[] = {
	{ .table = TABLE_ACCOUNT_BY_USERNAME, .unique = true, .tags = { 3 } },
	{ .table = TABLE_ACCOUNT_BY_NUMBER, .unique = true, .tags = { 5 } },
	{ .table = TABLE_ACCOUNT_BY_NUMBER, .unique = true, .tags = { 6 } },
	{ .table = TABLE_ACCOUNT_BY_GROUP, .unique = false, .tags = { 7 } },
	{ .table = TABLE_ACCOUNT_BY_PROFILE, .unique = false, .tags = { 26 } },
};

const struct kind	account_kind = {
	.name = "account", .title = "Accounts", .table = TABLE_ACCOUNT, .key = { 1 }, .name_tag = 3, .sort = "owner",
	.fields = account_fields, .n_fields = sizeof account_fields / sizeof account_fields[0], .size = sizeof(struct account),
	.indexes = account_indexes, .n_indexes = sizeof account_indexes / sizeof account_indexes[0], .words = TABLE_ACCOUNT_WORD,
	.sorts = TABLE_ACCOUNT_SORT, .sort_tie = 3, .sort_with = 7,
};

void
account_defaults(struct account *a)
{
	memset(a, 0, sizeof *a);
	a->enabled = true;
	a->max_contacts = 10;
	a->qualify = QUALIFY_YES;
}

/* user = 1*( unreserved / escaped / user-unreserved ), RFC 3261 section 25.1; we take no escapes: nobody can type them. */
int
username_check(const char *s, char *why, size_t size)
{
	for (size_t i = 0; s[i] != '\0'; i++) {
		if (isalnum((unsigned char)s[i]) && (unsigned char)s[i] < 0x80)
			continue;
		if (strchr("-_.!~*'()&=+$,;?/", s[i]) != NULL)
			continue;
		(void)snprintf(why, size, "only letters, digits and -_.!~*'()&=+$,;?/ may stand in it");
		return ERR_INVALID;
	}
	return 0;
}

int
caller_id_check(const char *s, char *why, size_t size)
{
	size_t	digits = strspn(s + (s[0] == '+'), "0123456789");

	if (digits == 0 || digits > 30 || s[digits + (s[0] == '+')] != '\0') {
		(void)snprintf(why, size, "must be digits with an optional leading +, such as +390612345678");
		return ERR_INVALID;
	}
	return 0;
}

int
email_check(const char *s, char *why, size_t size)
{
	const char	*at = strchr(s, '@');

	if (at == NULL || at == s) {
		(void)snprintf(why, size, "not an address: it needs name@host");
		return ERR_INVALID;
	}
	for (const char *p = s; *p != '\0'; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr(",;<>()[]\\\"", *p) != NULL || (*p == '@' && p != at)) {
			(void)snprintf(why, size, "not an address: '%c' %s '@'", *p < ' ' ? '?' : *p, p < at ? "before" : "after");
			return ERR_INVALID;
		}
	}
	if (at[1] == '\0' || at[1] == '.' || strchr(at, '.') == NULL || s[strlen(s) - 1] == '.') {
		(void)snprintf(why, size, "not an address: no host such as example.com after '@'");
		return ERR_INVALID;
	}
	return 0;
}

int
server_check(const char *s, char *why, size_t size)
{
	static const char	allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	if (s[strspn(s, allowed)] == '\0')
		return 0;
	(void)snprintf(why, size, "must be a node's name: letters, digits and -_.");
	return ERR_INVALID;
}
