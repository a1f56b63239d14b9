#include "core/web_token.h"

#define RECORD web_token

static const struct field	token_fields[] = {
	{ .tag = 1, AT(FT_BYTES, hash) },
	{ .tag = 2, AT(FT_ID, account_id) },
	{ .tag = 3, AT(FT_NUM, purpose), .max = TOKEN_CONFIGURE },
	{ .tag = 4, AT(FT_NUM, downloads), .max = UINT32_MAX },
	{ .tag = 5, AT(FT_TIME, made_at) },
	{ .tag = 6, AT(FT_TIME, expires_at) },
	{ .tag = 7, AT(FT_TIME, used_at) },
};

static const struct index	token_indexes[] = {
	{ .table = TABLE_TOKEN_BY_ACCOUNT, .unique = false, .tags = { 2 } },
	{ .table = TABLE_TOKEN_EXPIRY, .unique = false, .tags = { 6 } },
};

const struct kind	web_token_kind = {
	.name = "token", .title = "", .table = TABLE_TOKEN, .key = { 1 }, .name_tag = 1,
	.fields = token_fields, .n_fields = sizeof token_fields / sizeof token_fields[0], .size = sizeof(struct web_token),
	.indexes = token_indexes, .n_indexes = sizeof token_indexes / sizeof token_indexes[0],
};
