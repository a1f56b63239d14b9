#include "core/licence.h"

#include <stdio.h>
#include <string.h>

#include "core/err.h"

const char *const	licence_words[] = {
	[LICENCE_NONE] = "NONE", [LICENCE_VALID] = "VALID", [LICENCE_EXPIRED] = "EXPIRED", [LICENCE_REVOKED] = "REVOKED",
	[LICENCE_CHECKING] = "CHECKING", NULL,
};

#define RECORD licence

static const struct field	licence_fields[] = {
	{ .tag = 1, AT(FT_ID, account_id), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 2, AT(FT_ID, version), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 100, .name = "username", .title = "Username", .width = 12, .keep = 1, AT(FT_STR, username),
	  .flags = FF_FORM | FF_ONCE | FF_COLUMN | FF_SEARCH | FF_VIRTUAL, .help = "The account that it is of." },
	{ .tag = 3, .name = "key", .title = "Key", .width = 24, .keep = 4, AT(FT_STR, key), .check = licence_key_check,
	  .flags = FF_FORM | FF_COLUMN | FF_SEARCH | FF_UNIQUE | FF_NEEDED, .help = "What the client proves it by; random makes one." },
	{ .tag = 4, .name = "valid_until", .title = "Until", .width = 23, .keep = 3, AT(FT_TIME, valid_until),
	  .flags = FF_FORM | FF_COLUMN | FF_DATE, .help = "A date such as 2027-12-31, which is the last day, or a time; empty is for ever." },
	{ .tag = 5, .name = "state", .title = "State", .width = 8, .keep = 2, AT(FT_ENUM, state), .words = licence_words,
	  .flags = FF_FORM | FF_COLUMN | FF_SEARCH, .help = "VALID and REVOKED can be set; NONE takes the licence away." },
	{ .tag = 6, .name = "checked_at", .title = "Checked", .width = 23, .keep = 5, AT(FT_TIME, checked_at),
	  .flags = FF_COLUMN | FF_SERVER | FF_DATE, .help = "When its client last had it validated." },
	{ .tag = 7, AT(FT_TIME, ends_at), .flags = FF_HIDDEN | FF_SERVER },
};

static const struct index	licence_indexes[] = {
	{ .table = TABLE_LICENCE_BY_KEY, .unique = true, .tags = { 3 } },
	{ .table = TABLE_LICENCE_BY_END, .unique = false, .tags = { 7 } },
};

const struct kind	licence_kind = {
	.name = "licence", .title = "Licences", .table = TABLE_LICENCE, .key = { 1 }, .name_tag = 100, .sort = "username",
	.fields = licence_fields, .n_fields = sizeof licence_fields / sizeof licence_fields[0], .size = sizeof(struct licence),
	.indexes = licence_indexes, .n_indexes = sizeof licence_indexes / sizeof licence_indexes[0],
};

enum licence_state
licence_state_at(const struct licence *l, int64_t now)
{
	bool	over = l->valid_until != 0 && l->valid_until <= now;

	if ((l->state == LICENCE_VALID || l->state == LICENCE_CHECKING) && over)
		return LICENCE_EXPIRED;
	if (l->state == LICENCE_EXPIRED && !over)
		return LICENCE_VALID;
	return (enum licence_state)l->state;
}

/* It is typed off a letter or a screen, and goes into JSON and addresses as it is. */
int
licence_key_check(const char *s, char *why, size_t size)
{
	static const char	allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	if (s[strspn(s, allowed)] == '\0')
		return 0;
	(void)snprintf(why, size, "may hold only letters, digits and -_.; random makes one");
	return ERR_INVALID;
}
