#include "sipd/sip/course.h"

#include "sipd/sip/best.h"
#include "sipd/sip/dialog.h"
#include "sipd/sip/spread.h"

#define AWAY	"Retry-After: 5\r\n"

void
course_tell(struct front *f, const struct passing *p, enum call_state state, uint32_t code, struct span reason)
{
	const struct wire_call	c = { .call = p->call, .call_id = p->forward->call_id_value, .state = (uint8_t)state, .code = code,
		.reason = reason };

	if (f->keeper != NULL && (p->call != 0 || p->bye))
		(void)channel_send(f->keeper, WIRE_CALL, 0, &c);
	if (state == CALL_ENDED && p->bye)
		dialog_over(f, p->forward->call_id_value);
}

/* A BYE that is to come again with a password ended nothing yet; ours does not come again. */
static bool
is_asked_again(const struct passing *p, uint32_t code)
{
	return !p->own && (code == 401 || code == 407);
}

void
course_finish(struct front *f, struct passing *p, uint32_t code, const char *reason, struct span text, int64_t now_ms)
{
	if (p->invite || (p->bye && !is_asked_again(p, code)))
		course_tell(f, p, CALL_ENDED, code, reason == NULL ? best_reason(p) : span_of(reason));
	if (text.n > 0)
		passing_answer(f, p, (int)code, text, now_ms);
	else
		passing_reply(f, p, (int)code, reason, code == 503 ? AWAY : NULL, now_ms);
	p->left = (struct span){ NULL, 0 };
}

/* Nothing is told of a request but an INVITE that nobody answered: RFC 4320 section 4.2. */
static void
finish_silently(struct front *f, struct passing *p, int64_t now_ms)
{
	if (p->bye)
		course_tell(f, p, CALL_ENDED, 408, span_of("Request Timeout"));
	p->left = (struct span){ NULL, 0 };
	passing_silence(f, p, now_ms);
}

void
course_answer(struct front *f, struct passing *p, int64_t now_ms)
{
	const struct span	none = { NULL, 0 };

	if (p->cancelled)
		course_finish(f, p, 487, "Request Terminated", none, now_ms);
	else if (p->best_code == 0)
		course_finish(f, p, 480, "Temporarily Unavailable", none, now_ms);
	else if (p->best_code == 408 && !p->invite)
		finish_silently(f, p, now_ms);
	else if (p->best_ours)
		course_finish(f, p, p->best_code == 503 ? 480 : p->best_code, p->best_code == 503 ? "Temporarily Unavailable" : "Request Timeout",
		    none, now_ms);
	else if (p->best_code == 503)	/* it is not we who are unavailable (section 16.7, step 6) */
		course_finish(f, p, 500, "Server Failure", none, now_ms);
	else
		course_finish(f, p, p->best_code, NULL, best_text(f, p), now_ms);
}

void
course_go_on(struct front *f, struct passing *p, int64_t now_ms)
{
	while (p->open == 0 && spread_next(f, p, now_ms))
		;
	if (p->open == 0)
		course_answer(f, p, now_ms);
}

void
course_go(struct front *f, struct passing *p, struct span targets, int64_t now_ms)
{
	p->state = PASSING_GOING;
	if (!held_set(&p->targets, targets)) {
		course_finish(f, p, 503, "Service Unavailable", (struct span){ NULL, 0 }, now_ms);
		return;
	}
	p->left = held_span(&p->targets);
	course_go_on(f, p, now_ms);
}

void
course_cancel(struct front *f, struct passing *p, int64_t now_ms)
{
	if (passing_is_over(p) || p->cancelled)
		return;
	p->cancelled = true;
	p->left = (struct span){ NULL, 0 };
	spread_cancel(f, p, now_ms);
	if (p->open == 0)
		course_answer(f, p, now_ms);
}
