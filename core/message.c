#include "core/message.h"

#define RECORD message

static const char *const	status_words[] = {
	[MESSAGE_ENQUEUED] = "ENQUEUED", [MESSAGE_DELIVERED] = "DELIVERED", [MESSAGE_EXPIRED] = "EXPIRED",
	[MESSAGE_INVALID_RECIPIENT] = "INVALID_RECIPIENT", [MESSAGE_INVALID_DEVICE] = "INVALID_DEVICE",
	[MESSAGE_INVALID_PAYLOAD] = "INVALID_PAYLOAD", NULL,
};

static const struct field	message_fields[] = {
	{ .tag = 1, AT(FT_ID, seq), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 2, .name = "id", .title = "Id", .width = 36, AT(FT_STR, id), .flags = FF_SERVER | FF_SEARCH | FF_UNIQUE,
	  .help = "Ours: a UUID in lower case." },
	{ .tag = 3, .name = "from_account", .title = "From Account", .width = 14, AT(FT_REF, from_account), .ref = "account",
	  .flags = FF_SERVER | FF_SEARCH, .help = "Username of the account that sent it." },
	{ .tag = 4, .name = "to_account", .title = "To Account", .width = 14, AT(FT_REF, to_account), .ref = "account",
	  .flags = FF_SERVER | FF_SEARCH, .help = "Username of the account that it is for." },
	{ .tag = 5, .name = "uuid", .title = "Uuid", .width = 36, AT(FT_STR, uuid), .flags = FF_SERVER | FF_SEARCH,
	  .help = "The sender's own id of it: Message-UUID, else the IMDN Message-ID, else made here." },
	{ .tag = 6, .name = "api_version", .title = "Api Version", .width = 4, AT(FT_NUM, api_version), .max = 1000000, .flags = FF_SERVER,
	  .help = "From its header Message-Version; 1 without." },
	{ .tag = 7, .name = "received", .title = "Received", .width = 23, .keep = 1, AT(FT_TIME, received), .flags = FF_COLUMN | FF_SERVER,
	  .help = "When it was accepted." },
	{ .tag = 8, .name = "from", .title = "From", .width = 14, .keep = 4, AT(FT_STR, from),
	  .flags = FF_COLUMN | FF_SORT | FF_SERVER | FF_SEARCH,
	  .help = "The sender's number, or username where it has none." },
	{ .tag = 9, .name = "to", .title = "To", .width = 14, .keep = 2, AT(FT_STR, to),
	  .flags = FF_COLUMN | FF_SORT | FF_SERVER | FF_SEARCH,
	  .help = "The number or username that it was sent to." },
	{ .tag = 10, .name = "status", .title = "Status", .width = 9, .keep = 3, AT(FT_ENUM, status), .words = status_words,
	  .flags = FF_COLUMN | FF_SERVER, .help = "ENQUEUED while it is here; how it ended stands in the events." },
	{ .tag = 11, .name = "sent", .title = "Sent", .width = 4, .keep = 5, AT(FT_ID, sent), .flags = FF_COLUMN | FF_SERVER,
	  .help = "How often it was sent to a device." },
	{ .tag = 18, .name = "next_try", .title = "Next try", .width = 18, .keep = 6, AT(FT_TIME, next_try),
	  .flags = FF_COLUMN | FF_SERVER | FF_DUE, .help = "When it is sent again; empty while it waits for something else." },
	{ .tag = 12, .name = "from_seq", .title = "From Seq", .width = 8, AT(FT_ID, from_seq), .flags = FF_SERVER,
	  .help = "Counts the sender's messages, from 1." },
	{ .tag = 13, .name = "to_seq", .title = "To Seq", .width = 8, AT(FT_ID, to_seq), .flags = FF_SERVER,
	  .help = "Counts the recipient's deliveries; 0 until it is delivered." },
	{ .tag = 14, .name = "managed", .title = "Managed", .width = 7, AT(FT_BOOL, managed), .flags = FF_SERVER,
	  .help = "Whether its delivery has come to an end." },
	{ .tag = 15, .name = "size", .title = "Size", .width = 6, AT(FT_NUM, size), .max = UINT32_MAX, .flags = FF_SERVER,
	  .help = "Bytes of its content, which is never shown." },
	{ .tag = 16, .name = "expires", .title = "Expires", .width = 29, AT(FT_TIME, expires), .flags = FF_SORT | FF_SERVER,
	  .help = "When it will be given up." },
	{ .tag = 17, .name = "last_error", .title = "Last error", .width = 24, AT(FT_STR, last_error), .flags = FF_SERVER,
	  .help = "What the last attempt was answered." },
	{ .tag = 19, AT(FT_NUM, tries), .max = UINT32_MAX, .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 22, AT(FT_STR, sender), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 21, AT(FT_ID, attempts), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 20, AT(FT_STR, timeline), .flags = FF_HIDDEN | FF_SERVER },
};

static const struct index	message_indexes[] = {
	{ .table = TABLE_MESSAGE_BY_ID, .unique = true, .tags = { 2 } },
	{ .table = TABLE_MESSAGE_BY_RECIPIENT, .unique = false, .tags = { 4 } },
	{ .table = TABLE_MESSAGE_EXPIRY, .unique = false, .tags = { 16 } },
};

const struct kind	message_kind = {
	.name = "message", .title = "Message Queue", .table = TABLE_MESSAGE, .key = { 1 }, .name_tag = 2, .sort = "received",
	.fields = message_fields, .n_fields = sizeof message_fields / sizeof message_fields[0], .size = sizeof(struct message),
	.indexes = message_indexes, .n_indexes = sizeof message_indexes / sizeof message_indexes[0],
	.sorts = TABLE_MESSAGE_SORT,
};

const char *
message_status_name(enum message_status s)
{
	return status_words[s];
}

#undef RECORD
#define RECORD message_seen

static const struct field	seen_fields[] = {
	{ .tag = 1, AT(FT_ID, from_account) },
	{ .tag = 2, AT(FT_BYTES, hash) },
	{ .tag = 3, AT(FT_TIME, until) },
	{ .tag = 4, AT(FT_NUM, code), .max = 699 },
};

static const struct index	seen_indexes[] = {
	{ .table = TABLE_MESSAGE_SEEN_UNTIL, .unique = false, .tags = { 3 } },
};

const struct kind	message_seen_kind = {
	.name = "message_seen", .title = "", .table = TABLE_MESSAGE_SEEN, .key = { 1, 2 }, .name_tag = 1,
	.fields = seen_fields, .n_fields = sizeof seen_fields / sizeof seen_fields[0], .size = sizeof(struct message_seen),
	.indexes = seen_indexes, .n_indexes = sizeof seen_indexes / sizeof seen_indexes[0],
};
