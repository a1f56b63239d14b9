#include "core/call.h"

#define RECORD call

static const char *const	state_words[] = { [CALL_TRYING] = "TRYING", [CALL_RINGING] = "RINGING", [CALL_ANSWERED] = "ANSWERED", NULL };

static const struct field	call_fields[] = {
	{ .tag = 1, AT(FT_ID, seq), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 2, .name = "id", .title = "Id", .width = 8, .keep = 7, AT(FT_STR, id), .flags = FF_SERVER | FF_SEARCH,
	  .help = "What call drop takes." },
	{ .tag = 3, .name = "from", .title = "From", .width = 16, .keep = 1, AT(FT_STR, from), .flags = FF_COLUMN | FF_SERVER | FF_SEARCH,
	  .help = "Who calls: a number, or a username where it has none." },
	{ .tag = 4, .name = "to", .title = "To", .width = 16, .keep = 2, AT(FT_STR, to), .flags = FF_COLUMN | FF_SERVER | FF_SEARCH,
	  .help = "What was dialled." },
	{ .tag = 5, .name = "state", .title = "State", .width = 8, .keep = 3, AT(FT_ENUM, state), .words = state_words,
	  .flags = FF_COLUMN | FF_SERVER | FF_SEARCH, .help = "TRYING until a phone rings, then RINGING, then ANSWERED." },
	{ .tag = 6, .name = "since", .title = "Since", .width = 19, .keep = 4, AT(FT_TIME, since), .flags = FF_COLUMN | FF_SERVER,
	  .help = "When it came into that state." },
	{ .tag = 100, .name = "duration", .title = "Duration", .width = 8, .keep = 5, AT(FT_ID, duration),
	  .flags = FF_COLUMN | FF_SERVER | FF_VIRTUAL, .help = "Seconds since it was answered; before, since it began." },
	{ .tag = 7, .name = "trunk", .title = "Trunk", .width = 12, .keep = 6, AT(FT_REF, trunk_id), .ref = "trunk",
	  .flags = FF_COLUMN | FF_SERVER, .help = "The trunk that it goes through, if any." },
	{ .tag = 8, AT(FT_ID, from_account), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 9, AT(FT_ID, to_account), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 10, AT(FT_TIME, began_at), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 11, AT(FT_TIME, answered_at), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 12, AT(FT_BYTES, hash), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 13, AT(FT_STR, call_id), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 14, AT(FT_ID, epoch), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 15, AT(FT_TIME, session_until), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 16, AT(FT_TIME, gone_at), .flags = FF_HIDDEN | FF_SERVER },
};

static const struct index	call_indexes[] = {
	{ .table = TABLE_CALL_BY_HASH, .unique = false, .tags = { 12 } },
};

const struct kind	call_kind = {
	.name = "call", .title = "Calls", .table = TABLE_CALL, .key = { 1 }, .name_tag = 2, .sort = "since",
	.fields = call_fields, .n_fields = sizeof call_fields / sizeof call_fields[0], .size = sizeof(struct call),
	.indexes = call_indexes, .n_indexes = sizeof call_indexes / sizeof call_indexes[0],
};

#undef RECORD
#define RECORD call_dialog

static const struct field	dialog_fields[] = {
	{ .tag = 1, AT(FT_ID, seq), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 2, AT(FT_STR, text), .flags = FF_HIDDEN | FF_SERVER },
};

const struct kind	call_dialog_kind = {
	.name = "call dialog", .table = TABLE_CALL_DIALOG, .key = { 1 }, .fields = dialog_fields,
	.n_fields = sizeof dialog_fields / sizeof dialog_fields[0], .size = sizeof(struct call_dialog),
};

uint32_t
call_duration(const struct call *c, int64_t now)
{
	int64_t	from = c->answered_at != 0 ? c->answered_at : c->began_at;

	return now <= from ? 0 : (uint32_t)((now - from) / 1000);
}
