#include "core/sms.h"

#include <stdio.h>

const char *const	sms_state_words[] = {
	[SMS_NONE] = "", [SMS_WAITING] = "WAITING", [SMS_SENDING] = "SENDING", [SMS_SENT] = "SENT", [SMS_FAILED] = "FAILED", NULL,
};

#define RECORD sms

static const char *const	what_words[] = { [SMS_INSTALLATION] = "Installation", [SMS_ACTIVATION] = "Activation", NULL };

/* Ours alone: an account shows what is to be seen of it. */
static const struct field	sms_fields[] = {
	{ .tag = 1, AT(FT_ID, account_id), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 2, AT(FT_ID, serial), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 3, AT(FT_ENUM, what), .words = what_words, .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 4, AT(FT_ENUM, state), .words = sms_state_words, .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 5, AT(FT_STR, number), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 6, AT(FT_STR, text), .flags = FF_HIDDEN | FF_SERVER | FF_SECRET },
	{ .tag = 7, AT(FT_NUM, was), .max = UINT8_MAX, .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 8, AT(FT_TIME, was_at), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 9, AT(FT_NUM, tries), .max = UINT32_MAX, .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 10, AT(FT_TIME, accepted_at), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 11, AT(FT_TIME, tried_at), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 12, AT(FT_TIME, next_at), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 13, AT(FT_STR, answer), .flags = FF_HIDDEN | FF_SERVER },
};

static const struct index	sms_indexes[] = {
	{ .table = TABLE_SMS_BY_NEXT, .unique = false, .tags = { 12 } },
};

const struct kind	sms_kind = {
	.name = "sms", .title = "SMS", .table = TABLE_SMS, .key = { 1 }, .name_tag = 5, .sort = "number",
	.fields = sms_fields, .n_fields = sizeof sms_fields / sizeof sms_fields[0], .size = sizeof(struct sms),
	.indexes = sms_indexes, .n_indexes = sizeof sms_indexes / sizeof sms_indexes[0],
};

const char *
sms_name(const struct sms *s)
{
	return s->what == SMS_ACTIVATION ? "Activation SMS" : "Installation SMS";
}

static const char *
times(uint32_t n, char buf[32])
{
	if (n == 1)
		return "once";
	(void)snprintf(buf, 32, "%u times", n);
	return buf;
}

const char *
sms_sentence(const struct sms *s, char *buf, size_t size)
{
	bool	said = s->answer[0] != '\0';
	char	n[32];

	switch ((enum sms_state)s->state) {
	case SMS_NONE:
		buf[0] = '\0';
		break;
	case SMS_WAITING:
		if (s->tries == 0)
			(void)snprintf(buf, size, "%s waits to be sent%s%s", sms_name(s), said ? ": " : "", s->answer);
		else
			(void)snprintf(buf, size, "%s failed %s: %s", sms_name(s), times(s->tries, n), s->answer);
		break;
	case SMS_SENDING:
		(void)snprintf(buf, size, "%s is being sent%s%s", sms_name(s), said ? ", failed before: " : "", s->answer);
		break;
	case SMS_SENT:
		(void)snprintf(buf, size, "%s sent: %s", sms_name(s), s->answer);
		break;
	case SMS_FAILED:
		(void)snprintf(buf, size, "%s failed %s and was given up: %s", sms_name(s), times(s->tries, n), s->answer);
		break;
	}
	return buf;
}
