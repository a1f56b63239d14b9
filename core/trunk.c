#include "core/trunk.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/addr.h"
#include "core/err.h"
#include "core/prefix.h"

static const char *const	transport_words[] = { "UDP", "TCP", "TLS", NULL };	/* enum transport from TRANSPORT_UDP on */
static const char *const	qualify_words[] = { "no", "yes", NULL };
static const char *const	status_words[] = {
	[TRUNK_NONE] = "", [TRUNK_OK] = "OK", [TRUNK_LAGGED] = "LAGGED", [TRUNK_UNREACHABLE] = "UNREACHABLE", [TRUNK_UNKNOWN] = "UNKNOWN",
	[TRUNK_UNMONITORED] = "UNMONITORED", [TRUNK_UNREGISTERED] = "UNREGISTERED", [TRUNK_REJECTED] = "REJECTED",
	[TRUNK_DISABLED] = "DISABLED", NULL,
};

/* The worst first. */
static const uint8_t	status_ranks[] = {
	[TRUNK_REJECTED] = 0, [TRUNK_UNREACHABLE] = 1, [TRUNK_UNKNOWN] = 2, [TRUNK_UNREGISTERED] = 3, [TRUNK_LAGGED] = 4, [TRUNK_NONE] = 5,
	[TRUNK_OK] = 6, [TRUNK_UNMONITORED] = 7, [TRUNK_DISABLED] = 8,
};
_Static_assert(sizeof status_ranks == TRUNK_DISABLED + 1, "each status has a rank");

#define RECORD trunk

static const struct field	trunk_fields[] = {
	{ .tag = 1, AT(FT_ID, id), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 2, AT(FT_ID, version), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 4, .name = "host", .title = "Host", .width = 22, .keep = 2, AT(FT_STR, host), .check = host_check,
	  .flags = FF_FORM | FF_COLUMN | FF_SEARCH | FF_NEEDED, .help = "Its domain name or address." },
	{ .tag = 3, .name = "name", .title = "Name", .width = 10, .keep = 1, AT(FT_STR, name), .check = name_check,
	  .flags = FF_FORM | FF_COLUMN | FF_SEARCH | FF_UNIQUE | FF_NEEDED, .help = "A name of its own, at most 64 characters." },
	{ .tag = 5, .name = "port", .title = "Port", .width = 5, AT(FT_NUM, port), .max = 65535, .flags = FF_FORM,
	  .help = "0 is found by name (SRV), or the transport's own." },
	{ .tag = 6, .name = "number", .title = "Virtual Phone Number", .width = 20, .keep = 5, AT(FT_STR, number), .check = caller_id_check,
	  .flags = FF_FORM | FF_COLUMN | FF_SEARCH, .help = "Shown as the caller of calls through it, where an account has no number. May be empty." },
	{ .tag = 7, .name = "username", .title = "Username", .width = 10, .keep = 6, AT(FT_STR, username), .check = username_check,
	  .flags = FF_FORM | FF_COLUMN | FF_SEARCH, .help = "That we are known by there; needed to register." },
	{ .tag = 8, .name = "password", .title = "Password", AT(FT_STR, password), .flags = FF_FORM | FF_SECRET,
	  .help = "Of that user. Empty keeps it; it is sealed, and never shown again." },
	{ .tag = 9, .name = "transport", .title = "Transport", .width = 9, .keep = 4, AT(FT_ENUM, transport), .words = transport_words,
	  .flags = FF_FORM | FF_COLUMN | FF_SEARCH, .help = "UDP, TCP or TLS." },
	{ .tag = 10, .name = "encryption", .title = "Encryption", .width = 10, .keep = 7, AT(FT_BOOL, encryption), .flags = FF_FORM | FF_COLUMN,
	  .help = "Only TLS and SRTP; a call without is refused both ways." },
	{ .tag = 11, .name = "register", .title = "Register", .width = 8, AT(FT_BOOL, registers), .flags = FF_FORM,
	  .help = "Whether we register there, as a phone does." },
	{ .tag = 12, .name = "qualify", .title = "Qualify", .width = 7, AT(FT_NUM, qualify), .min = 2, .max = 60000, .unit = "ms", .words = qualify_words,
	  .flags = FF_FORM, .help = "Probe it: yes, no, or after how many ms an answer is late." },
	{ .tag = 13, .name = "prefixes", .title = "Prefixes", .width = 14, AT(FT_STR, prefixes), .check = prefixes_check,
	  .flags = FF_FORM | FF_LIST | FF_SEARCH, .help = "Numbers that begin so go this way; separated by commas, * is every number." },
	{ .tag = 14, .name = "strip", .title = "Strip", .width = 5, AT(FT_NUM, strip), .max = 30, .flags = FF_FORM,
	  .help = "How many characters are taken off a number's front." },
	{ .tag = 15, .name = "prepend", .title = "Prepend", .width = 8, AT(FT_STR, prepend), .check = caller_id_check, .flags = FF_FORM,
	  .help = "Digits that are then put in front." },
	{ .tag = 16, .name = "priority", .title = "Priority", .width = 8, AT(FT_NUM, priority), .max = 1000, .flags = FF_FORM,
	  .help = "Among trunks with an equally long prefix the lowest goes first." },
	{ .tag = 17, .name = "enabled", .title = "Enabled", .width = 7, AT(FT_BOOL, enabled), .flags = FF_FORM,
	  .help = "A disabled trunk is neither probed nor used." },
	{ .tag = 18, .name = "permit", .title = "Permit", AT(FT_STR, permit), .check = acl_check, .flags = FF_FORM | FF_LIST,
	  .help = "Sources whose requests are its own, beside its host's: address/mask, separated by commas." },
	{ .tag = 21, .name = "realm", .title = "Realm", .width = 16, AT(FT_STR, realm), .flags = FF_FORM,
	  .help = "The only one that is told our password. Empty: learned when we register." },
	{ .tag = 19, AT(FT_TIME, created_at), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 20, AT(FT_TIME, updated_at), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 100, .name = "status", .title = "Status", .width = 14, .keep = 3, AT(FT_ENUM, status), .words = status_words, .ranks = status_ranks,
	  .flags = FF_COLUMN | FF_SERVER | FF_VIRTUAL, .help = "What is true of it now; sorted by it the worst stands first." },
	{ .tag = 101, .name = "status_at", .title = "Since", .width = 29, AT(FT_TIME, status_at), .flags = FF_SERVER | FF_VIRTUAL,
	  .help = "Since when." },
	{ .tag = 102, .name = "latency_ms", .title = "Latency", .width = 7, AT(FT_NUM, latency_ms), .max = UINT32_MAX,
	  .flags = FF_SERVER | FF_VIRTUAL, .help = "How long its last answer took." },
	{ .tag = 103, .name = "registration_expires", .title = "Registration Expires", .width = 23, AT(FT_TIME, registration_expires),
	  .flags = FF_SERVER | FF_VIRTUAL, .help = "Until when we are registered there." },
	{ .tag = 104, .name = "last_error", .title = "Last error", .width = 30, AT(FT_STR, last_error), .flags = FF_SERVER | FF_VIRTUAL,
	  .help = "Why it is not well." },
	{ .tag = 105, .name = "calls", .title = "Calls", .width = 5, AT(FT_ID, calls), .flags = FF_SERVER | FF_VIRTUAL,
	  .help = "Calls through it now." },
};

static const struct index	trunk_indexes[] = {
	{ .table = TABLE_TRUNK_BY_NAME, .unique = true, .tags = { 3 } },
};

const struct kind	trunk_kind = {
	.name = "trunk", .title = "SIP Trunks", .table = TABLE_TRUNK, .key = { 1 }, .name_tag = 3, .sort = "name",
	.fields = trunk_fields, .n_fields = sizeof trunk_fields / sizeof trunk_fields[0], .size = sizeof(struct trunk),
	.indexes = trunk_indexes, .n_indexes = sizeof trunk_indexes / sizeof trunk_indexes[0],
};

void
trunk_defaults(struct trunk *t)
{
	memset(t, 0, sizeof *t);
	t->qualify = QUALIFY_YES;
	t->enabled = true;
}

enum transport
trunk_transport(const struct trunk *t)
{
	return (enum transport)(t->transport + TRANSPORT_UDP);
}

const char *
trunk_status_name(enum trunk_status s)
{
	return (unsigned)s <= TRUNK_DISABLED ? status_words[s] : "";
}

int
host_check(const char *s, char *why, size_t size)
{
	struct addr	a;
	size_t		label = 0;

	if (strchr(s, ':') != NULL || s[0] == '[') {
		if (addr_parse(&a, s) == 0 && a.port == 0)
			return 0;
		(void)snprintf(why, size, "not an address; a port goes into the field port");
		return ERR_INVALID;
	}
	for (const char *p = s; *p != '\0'; p++) {
		bool	ends = *p == '.';

		if ((!isalnum((unsigned char)*p) || (unsigned char)*p >= 0x80) && *p != '-' && *p != '_' && !ends) {
			(void)snprintf(why, size, "must be a domain name such as sip.example.com, or an address");
			return ERR_INVALID;
		}
		if ((ends && label == 0) || (label = ends ? 0 : label + 1) > 63) {
			(void)snprintf(why, size, "a part between its dots must have 1 to 63 characters");
			return ERR_INVALID;
		}
	}
	return 0;
}

int
trunk_check(const struct trunk *t, const struct field **f, char *why, size_t size)
{
	*f = NULL;
	if (t->encryption && trunk_transport(t) != TRANSPORT_TLS) {
		*f = kind_field(&trunk_kind, "encryption");
		(void)snprintf(why, size, "needs transport TLS");
	} else if (t->registers && t->username[0] == '\0') {
		*f = kind_field(&trunk_kind, "register");
		(void)snprintf(why, size, "needs a username");
	}
	return *f == NULL ? 0 : ERR_INVALID;
}
