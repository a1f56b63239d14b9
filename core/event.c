#include "core/event.h"

#define RECORD event

static const char *const	level_words[] = { "info", "warn", "alert", NULL };

static const struct field	event_fields[] = {
	{ .tag = 1, .name = "time", .title = "Time", .width = 12, .keep = 1, AT(FT_TIME, time), .flags = FF_COLUMN | FF_SERVER,
	  .help = "When it happened." },
	{ .tag = 2, AT(FT_ID, n), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 3, .name = "level", .title = "Lv", .width = 2, .keep = 2, AT(FT_ENUM, level), .words = level_words,
	  .flags = FF_COLUMN | FF_SEARCH | FF_SERVER, .help = "info, warn or alert." },
	{ .tag = 4, .name = "module", .title = "Module", .width = 7, .keep = 4, AT(FT_STR, module),
	  .flags = FF_COLUMN | FF_SEARCH | FF_SERVER, .help = "What part of the server says so." },
	{ .tag = 5, .name = "subject", .title = "Subject", .width = 14, .keep = 3, AT(FT_STR, subject),
	  .flags = FF_COLUMN | FF_SEARCH | FF_SERVER, .help = "What it is about: a username, a group, an address." },
	{ .tag = 6, .name = "event", .title = "Event", .width = 48, .keep = 5, AT(FT_STR, text),
	  .flags = FF_COLUMN | FF_SEARCH | FF_SERVER, .help = "What happened." },
	{ .tag = 7, .name = "operator", .title = "Operator", .width = 10, .keep = 6, AT(FT_STR, operator),
	  .flags = FF_COLUMN | FF_SEARCH | FF_SERVER, .help = "Which operator did it; empty when none did." },
	{ .tag = 8, AT(FT_BYTES, chain), .flags = FF_HIDDEN | FF_SERVER },
};

const struct kind	event_kind = {
	.name = "event", .title = "Events", .table = TABLE_EVENT, .key = { 1, 2 }, .name_tag = 5, .sort = "time",
	.fields = event_fields, .n_fields = sizeof event_fields / sizeof event_fields[0], .size = sizeof(struct event),
};
