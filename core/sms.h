/*
 * An SMS on its way to the phone of an account (product H1, H2).  One an account, kept under its id: a newer one takes the place of the
 * one before.  Its text, which holds a link that is a secret, is sealed, and gone once it was sent or given up; how that went stays.
 */
#ifndef CORE_SMS_H
#define CORE_SMS_H

#include "core/field.h"

/* The numbers are on disk. */
enum sms_what { SMS_INSTALLATION, SMS_ACTIVATION };
/* SENDING: a try is under way, or was when the daemon was killed.  WAITING: for the first try, or the next. */
enum sms_state { SMS_NONE, SMS_WAITING, SMS_SENDING, SMS_SENT, SMS_FAILED };

enum { SMS_TEXT = 1025, SMS_ANSWER = 161 };

struct sms {
	uint64_t	account_id;
	uint64_t	serial;			/* that no other SMS ever had */
	uint8_t		what;			/* enum sms_what */
	uint8_t		state;			/* enum sms_state */
	char		number[32];
	char		text[SMS_TEXT];
	uint32_t	was;			/* enum account_status: as it was then */
	int64_t		was_at;			/* its status_at */
	uint32_t	tries;			/* that were begun */
	int64_t		accepted_at;
	int64_t		tried_at;		/* the last time */
	int64_t		next_at;		/* when something is to be done about it; 0: nothing more */
	char		answer[SMS_ANSWER];	/* the gateway's last one: "403 Authorization failed" */
};

extern const struct kind	sms_kind;
extern const char *const	sms_state_words[];	/* of enum sms_state; ends with NULL */

/* "Installation SMS" */
const char *sms_name(const struct sms *);
/* "Installation SMS failed 3 times: 403 Authorization failed": how it stands.  Empty for SMS_NONE. */
const char *sms_sentence(const struct sms *, char *buf, size_t size);

#endif
