#include "core/group.h"

#include "core/prefix.h"

#define RECORD group

static const struct field	group_fields[] = {
	{ .tag = 1, AT(FT_ID, id), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 2, AT(FT_ID, version), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 3, .name = "name", .title = "Group", .width = 18, .keep = 1, AT(FT_STR, name), .check = name_check,
	  .flags = FF_FORM | FF_COLUMN | FF_SEARCH | FF_UNIQUE | FF_NEEDED, .help = "A name of its own, at most 64 characters." },
	{ .tag = 100, .name = "accounts", .title = "Accounts", .width = 8, .keep = 2, AT(FT_ID, accounts),
	  .flags = FF_COLUMN | FF_SERVER | FF_VIRTUAL, .help = "How many accounts it holds." },
	{ .tag = 101, .name = "enabled", .title = "Enabled", .width = 7, .keep = 4, AT(FT_ID, enabled),
	  .flags = FF_COLUMN | FF_SERVER | FF_VIRTUAL, .help = "How many of them are enabled." },
	{ .tag = 102, .name = "registered", .title = "Registered", .width = 10, .keep = 3, AT(FT_ID, registered),
	  .flags = FF_COLUMN | FF_SERVER | FF_VIRTUAL, .help = "How many of them are registered now." },
	{ .tag = 103, .name = "queue", .title = "Queue", .width = 5, .keep = 6, AT(FT_ID, queue),
	  .flags = FF_COLUMN | FF_SERVER | FF_VIRTUAL, .help = "How many messages are queued for them." },
	{ .tag = 4, .name = "description", .title = "Description", .width = 24, .keep = 5, AT(FT_STR, description),
	  .flags = FF_FORM | FF_COLUMN | FF_SEARCH, .help = "What it is for; for people only." },
	{ .tag = 9, .name = "profile", .title = "Profile", .width = 12, AT(FT_REF, profile_id), .ref = "profile",	/* 5 was one's name */
	  .flags = FF_FORM, .help = "Provisioning profile of its accounts, unless an account names its own." },
	{ .tag = 6, .name = "prefixes", .title = "Prefixes", .width = 16, AT(FT_STR, prefixes), .check = prefixes_check,
	  .flags = FF_FORM | FF_LIST, .help = "Number prefixes that its accounts may call through trunks, separated by commas." },
	{ .tag = 7, .name = "created_at", .title = "Created", .width = 29, AT(FT_TIME, created_at),
	  .flags = FF_SERVER, .help = "When it was made." },
	{ .tag = 8, AT(FT_TIME, updated_at), .flags = FF_HIDDEN | FF_SERVER },
};

static const struct index	group_indexes[] = {
	{ .table = TABLE_GROUP_BY_NAME, .unique = true, .tags = { 3 } },
	{ .table = TABLE_GROUP_BY_PROFILE, .unique = false, .tags = { 9 } },
};

const struct kind	group_kind = {
	.name = "group", .title = "Groups", .table = TABLE_GROUP, .key = { 1 }, .name_tag = 3, .sort = "name",
	.fields = group_fields, .n_fields = sizeof group_fields / sizeof group_fields[0], .size = sizeof(struct group),
	.indexes = group_indexes, .n_indexes = sizeof group_indexes / sizeof group_indexes[0],
};
