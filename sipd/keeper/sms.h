/*
 * Sending SMS, by the gateway's URL or by a program (product H1, H2).  What sms_send() took is on disk with its transaction and is tried
 * until it is sent or given up, over restarts too; how that goes is seen in the account (its fields sms…) and in events.
 */
#ifndef SIPD_KEEPER_SMS_H
#define SIPD_KEEPER_SMS_H

#include "core/account.h"
#include "core/sms.h"
#include "db/store.h"
#include "sipd/boot.h"
#include "sipd/keeper/edit.h"

struct keeper;
struct sms_engine;
struct wire_fetched;

struct sms_engine *sms_new(struct keeper *);
void	sms_free(struct sms_engine *);

/* Whether the account could be sent one: 0, or ERR_INVALID with what is missing (a gateway, a number, a process that sends). */
int	sms_ready(struct keeper *, const struct account *, struct fault *);

/*
 * Adds an SMS to the account's caller_id to txn, in the place of the one before.  When the gateway has taken it, the account takes that
 * step of its activation, unless it went on by itself meanwhile: its status is not as in *account any more.  0, or what sms_ready() says,
 * or ERR_TOO_LARGE; then nothing is added.
 */
int	sms_send(struct keeper *, struct txn *, const struct account *, enum sms_what, const char *text, struct fault *);

void	sms_delete(struct keeper *, struct txn *, uint64_t account_id);	/* with its account */
void	sms_live(struct keeper *, struct account *);			/* fills what is shown of it */

/* What the gateway said last, when that was no and an SMS still waits; else "". */
const char *sms_trouble(const struct sms_engine *);

bool	sms_tick(struct sms_engine *);		/* four times a second.  True: there is more to do at once */
void	sms_answered(struct sms_engine *, uint64_t id, const struct wire_fetched *);
void	sms_ran(struct sms_engine *, const char *text);			/* the supervisor: of ORDER_RAN */
void	sms_process_gone(struct sms_engine *, enum process);

#endif
