#include "core/binding.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FLOW_COUNT_BITS = 24 };	/* of a flow's number; the rest is its epoch (core/wire.h) */

static const char *const	transport_words[] = { "", "UDP", "TCP", "TLS", NULL };

#define RECORD binding
static const struct field	binding_fields[] = {
	{ .tag = 1, AT(FT_ID, account_id) },
	{ .tag = 2, AT(FT_BYTES, hash) },
	{ .tag = 3, AT(FT_STR, contact) },
	{ .tag = 4, AT(FT_STR, instance) },
	{ .tag = 5, AT(FT_NUM, reg_id) },
	{ .tag = 6, AT(FT_NUM, q) },
	{ .tag = 7, AT(FT_STR, path) },
	{ .tag = 8, AT(FT_STR, call_id) },
	{ .tag = 9, AT(FT_NUM, cseq) },
	{ .tag = 10, AT(FT_ADDR, source) },
	{ .tag = 11, AT(FT_ENUM, transport), .words = transport_words },
	{ .tag = 12, AT(FT_ID, flow) },
	{ .tag = 13, AT(FT_STR, user_agent) },
	{ .tag = 14, AT(FT_TIME, registered_at) },
	{ .tag = 15, AT(FT_TIME, refreshed_at) },
	{ .tag = 16, AT(FT_TIME, expires_at) },
	{ .tag = 17, AT(FT_ENUM, device_status), .words = device_status_words },
	{ .tag = 18, AT(FT_NUM, latency_ms) },
	{ .tag = 19, AT(FT_STR, node) },
	{ .tag = 20, AT(FT_ADDR, local) },
	{ .tag = 21, AT(FT_TIME, status_at) },
};
#undef RECORD

static const struct index	binding_indexes[] = {
	{ .table = TABLE_BINDING_EXPIRY, .unique = false, .tags = { 16 } },
	{ .table = TABLE_BINDING_BY_FLOW, .unique = false, .tags = { 12 } },
};

const struct kind	binding_kind = {
	.name = "binding", .title = "Bindings", .table = TABLE_BINDING, .key = { 1, 2 }, .name_tag = 3, .sort = NULL,
	.fields = binding_fields, .n_fields = sizeof binding_fields / sizeof binding_fields[0], .size = sizeof(struct binding),
	.indexes = binding_indexes, .n_indexes = sizeof binding_indexes / sizeof binding_indexes[0],
};

#define RECORD registration
static const struct field	registration_fields[] = {
	{ .tag = 1, AT(FT_STR, id), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 2, .name = "username", .title = "Username", .width = 10, .keep = 1, AT(FT_STR, username),
	  .flags = FF_COLUMN | FF_SEARCH | FF_SERVER, .help = "The account." },
	{ .tag = 3, .name = "owner", .title = "Owner", .width = 12, .keep = 5, AT(FT_STR, owner),
	  .flags = FF_COLUMN | FF_SEARCH | FF_SERVER, .help = "Who uses it." },
	{ .tag = 4, .name = "caller_id", .title = "Caller Id", .width = 13, .keep = 4, AT(FT_STR, caller_id),
	  .flags = FF_COLUMN | FF_SEARCH | FF_SERVER, .help = "Its primary virtual phone number." },
	{ .tag = 5, .name = "caller_id_2", .title = "Caller Id 2", .width = 13, .keep = 10, AT(FT_STR, caller_id_2),
	  .flags = FF_COLUMN | FF_SEARCH | FF_SERVER, .help = "Its secondary virtual phone number." },
	{ .tag = 6, .name = "group", .title = "Group", .width = 7, .keep = 7, AT(FT_STR, group),
	  .flags = FF_COLUMN | FF_SEARCH | FF_SERVER, .help = "Its group." },
	{ .tag = 15, .name = "device_status", .title = "Status", .width = 11, .keep = 8, AT(FT_ENUM, device_status), .words = device_status_words,
	  .ranks = device_status_ranks, .flags = FF_COLUMN | FF_SEARCH | FF_SERVER, .help = "What its last probe found." },
	{ .tag = 7, .name = "ip_addr", .title = "IpAddr", .width = 15, .keep = 2, AT(FT_STR, ip_addr),
	  .flags = FF_COLUMN | FF_SEARCH | FF_SERVER, .help = "Source address of its REGISTER." },
	{ .tag = 8, .name = "port", .title = "Port", .width = 5, .keep = 6, AT(FT_NUM, port),
	  .flags = FF_COLUMN | FF_SERVER, .help = "Source port of its REGISTER." },
	{ .tag = 9, .name = "transport", .title = "Transport", .width = 5, AT(FT_ENUM, transport), .words = transport_words,
	  .flags = FF_SERVER, .help = "UDP, TCP or TLS." },
	{ .tag = 10, .name = "encryption", .title = "Encryption", .width = 5, AT(FT_BOOL, encryption),
	  .flags = FF_SERVER, .help = "Whether its signalling is encrypted." },
	{ .tag = 11, .name = "registration_expires", .title = "Registration Expires", .width = 23, .keep = 3,
	  AT(FT_TIME, registration_expires), .flags = FF_COLUMN | FF_SERVER, .help = "Until when it is valid." },
	{ .tag = 12, .name = "user_agent", .title = "UserAgent", .width = 28, .keep = 9, AT(FT_STR, user_agent),
	  .flags = FF_COLUMN | FF_SEARCH | FF_SERVER, .help = "What the latest REGISTER said of itself." },
	{ .tag = 13, .name = "contact", .title = "Contact", .width = 30, AT(FT_STR, contact),
	  .flags = FF_SEARCH | FF_SERVER, .help = "The URI that it gave." },
	{ .tag = 14, .name = "registered_at", .title = "Registered", .width = 29, AT(FT_TIME, registered_at),
	  .flags = FF_SERVER, .help = "When this binding was made." },
	{ .tag = 16, .name = "latency_ms", .title = "Latency", .width = 7, AT(FT_NUM, latency_ms),
	  .flags = FF_SERVER, .help = "How long its last answer took." },
};

const struct kind	registration_kind = {
	.name = "registration", .title = "Registered Accounts", .table = TABLE_NONE, .key = { 1 }, .name_tag = 2, .sort = "owner",
	.fields = registration_fields, .n_fields = sizeof registration_fields / sizeof registration_fields[0],
	.size = sizeof(struct registration),
};

bool
binding_is_cut_off(const struct binding *b, uint64_t epoch)
{
	const uint64_t	mask = UINT64_MAX >> FLOW_COUNT_BITS;

	return b->flow != 0 && (b->flow >> FLOW_COUNT_BITS) < (epoch & mask);
}

bool
binding_is_reachable(const struct binding *b, uint64_t epoch, int64_t now)
{
	return b->expires_at > now && (b->transport == TRANSPORT_UDP || (b->flow != 0 && !binding_is_cut_off(b, epoch)));
}

bool
account_is_elsewhere(const struct account *a, const struct binding *b)
{
	return a->server[0] != '\0' && b->node[0] != '\0' && strcmp(a->server, b->node) != 0;
}

void
registration_make(struct registration *r, const struct binding *b, const struct account *a, const struct group *g)
{
	size_t	n;

	memset(r, 0, sizeof *r);
	n = (size_t)snprintf(r->id, sizeof r->id, "%" PRIx64 "-", b->account_id);
	for (size_t i = 0; i < sizeof b->hash; i++, n += 2)
		(void)snprintf(r->id + n, sizeof r->id - n, "%02x", b->hash[i]);
	memcpy(r->username, a->username, sizeof r->username);
	memcpy(r->owner, a->owner, sizeof r->owner);
	memcpy(r->caller_id, a->caller_id, sizeof r->caller_id);
	memcpy(r->caller_id_2, a->caller_id_2, sizeof r->caller_id_2);
	if (g != NULL)
		memcpy(r->group, g->name, sizeof r->group);
	(void)addr_ip_text(&b->source, r->ip_addr);
	r->port = b->source.port;
	r->transport = b->transport;
	r->encryption = b->transport == TRANSPORT_TLS;
	r->registration_expires = b->expires_at;
	memcpy(r->user_agent, b->user_agent, sizeof r->user_agent);
	memcpy(r->contact, b->contact, sizeof r->contact);
	r->registered_at = b->registered_at;
	r->device_status = account_is_elsewhere(a, b) ? DEVICE_NONE : b->device_status;
	r->latency_ms = b->latency_ms;
}
