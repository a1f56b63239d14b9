#include "sipd/keeper/trunk_register.h"

#include <stdio.h>

void
trunk_register_init(struct trunk_register *r, int64_t first_at)
{
	*r = (struct trunk_register){ .expires = REGISTER_EXPIRES, .next_at = first_at };
}

/* What another try in a while will not change: the request is wrong, or not wanted.  All others are for now. */
static bool
is_refusal(uint32_t code)
{
	static const uint32_t	for_now[] = { 408, 423, 425, 429, 430, 439, 440, 480, 481, 491, 494, 600, 603 };

	for (size_t i = 0; i < sizeof for_now / sizeof for_now[0]; i++)
		if (for_now[i] == code)
			return false;
	return code / 100 == 4 || code / 100 == 6;
}

static void
granted(struct trunk_register *r, uint32_t expires, int64_t now_ms, uint32_t random)
{
	int64_t	lasts_ms = (int64_t)(expires == UINT32_MAX || expires == 0 ? r->expires : expires) * 1000;

	if (lasts_ms > (int64_t)REGISTER_EXPIRES_MAX * 1000)
		lasts_ms = (int64_t)REGISTER_EXPIRES_MAX * 1000;
	r->state = REGISTERED_YES;
	r->failures = r->refusals = 0;
	r->until = now_ms + lasts_ms;
	r->next_at = now_ms + lasts_ms * (8000 + random % 500) / 10000;
}

/* 30 s, 60 s, … 15 minutes, and up to a quarter of that more. */
static int64_t
back_off_ms(uint32_t failures, uint32_t random)
{
	int64_t	wait = REGISTER_RETRY_S;

	for (uint32_t i = 1; i < failures && wait < REGISTER_RETRY_MAX_S; i++)
		wait *= 2;
	wait *= 1000;
	wait += wait / 4 * (random % 1000) / 1000;
	return wait < (int64_t)REGISTER_RETRY_MAX_S * 1000 ? wait : (int64_t)REGISTER_RETRY_MAX_S * 1000;
}

static void
failed(struct trunk_register *r, uint32_t retry_after, int64_t now_ms, uint32_t random)
{
	int64_t	wait = back_off_ms(++r->failures, random);

	if (retry_after > 0)
		wait = (int64_t)(retry_after < REGISTER_RETRY_AFTER_MAX_S ? retry_after : REGISTER_RETRY_AFTER_MAX_S) * 1000;
	r->next_at = now_ms + wait;
	r->refusals = 0;
	if (r->until <= now_ms)
		r->state = REGISTERED_FAILED;
}

static void
refused(struct trunk_register *r, int64_t now_ms)
{
	r->next_at = now_ms + (int64_t)(r->refusals++ == 0 ? REGISTER_REFUSED_S : REGISTER_REFUSED_AGAIN_S) * 1000;
	r->failures = 0;
	r->until = 0;
	r->state = REGISTERED_REFUSED;
}

void
trunk_register_answered(struct trunk_register *r, const struct register_result *a, int64_t now_ms, uint32_t random)
{
	bool	raise = a->code == 423 && a->min_expires > r->expires && a->min_expires <= REGISTER_EXPIRES_MAX && !r->raised;

	r->code = a->code;
	(void)snprintf(r->reason, sizeof r->reason, "%s", a->reason);
	r->raised = raise;
	if (raise) {
		r->expires = a->min_expires;
		r->next_at = now_ms;
	} else if (!a->refused && a->code / 100 == 2)
		granted(r, a->expires, now_ms, random);
	else if (a->refused || is_refusal(a->code))
		refused(r, now_ms);
	else
		failed(r, a->retry_after, now_ms, random);
}

bool
trunk_register_passed(struct trunk_register *r, int64_t now_ms)
{
	if (r->state != REGISTERED_YES || r->until > now_ms)
		return false;
	r->state = REGISTERED_FAILED;
	return true;
}

void
trunk_register_again(struct trunk_register *r, int64_t now_ms)
{
	r->failures = r->refusals = 0;
	r->next_at = now_ms;
}
