#include "sipd/sip/heard.h"

#include <string.h>

#include "sipd/sip/ask.h"
#include "sipd/sip/best.h"
#include "sipd/sip/branch.h"
#include "sipd/sip/course.h"
#include "sipd/sip/dialog.h"
#include "sipd/sip/passing.h"
#include "sipd/sip/proxy.h"
#include "sipd/sip/spread.h"

enum { CHALLENGES_MAX = 16 * 1024 };

bool
heard_expects(struct front *f, const char *text, size_t n)
{
	return branch_expects(f->branches, text, n);
}

bool
heard_knows(struct front *f, const sip_t *sip)
{
	return branch_of(f->branches, sip) != NULL;
}

/* Sends an answer of a branch back as it is. */
static void
pass_back(struct front *f, struct passing *p, const sip_t *sip, int64_t now_ms)
{
	struct text_buf	t = proxy_text(f);

	forward_answer(&t, p->forward, sip);
	if (!t.overflow)
		passing_answer(f, p, sip->sip_status->st_status, (struct span){ .s = t.s, .n = t.n }, now_ms);
}

static void
on_provisional(struct front *f, struct passing *p, const struct branch *b, const sip_t *sip, int64_t now_ms)
{
	int	code = sip->sip_status->st_status;

	if (!p->invite || b->given_up || passing_is_over(p))
		return;
	pass_back(f, p, sip, now_ms);
	if (!p->rang && code >= 180 && code != 181 && code != 182) {
		p->rang = true;
		course_tell(f, p, CALL_RINGING, 0, (struct span){ NULL, 0 });
	}
}

static void
on_success(struct front *f, struct passing *p, struct branch *b, const sip_t *sip, int64_t now_ms)
{
	bool	first = !passing_is_over(p);

	p->left = (struct span){ NULL, 0 };
	if (first && p->bye)
		course_tell(f, p, CALL_ENDED, 0, (struct span){ NULL, 0 });
	if (first && p->invite && !p->in_dialog)
		dialog_add(f, p, b, sip);
	else if (first && p->in_dialog && (p->invite || strcmp(p->forward->method, "UPDATE") == 0))
		dialog_refreshed(f, p, sip);
	if (first || p->invite)
		pass_back(f, p, sip, now_ms);
	if (p->invite)
		spread_cancel(f, p, now_ms);
}

static void
on_final(struct front *f, struct passing *p, uint32_t code, const sip_t *sip, int64_t now_ms)
{
	if (passing_is_over(p))
		return;
	best_note(f, p, code, sip);
	if (code / 100 == 6)
		spread_cancel(f, p, now_ms);
	if (p->open == 0)
		course_go_on(f, p, now_ms);
}

/*
 * A trunk that we called asks for a password: ours, which no phone knows.  Only one that we asked, from where we asked it, once, and never
 * inside a dialog (reliability A7).  True: its answer waits for what the keeper says.
 *
 * The answer goes in a new transaction whose CSeq is the phone's, not one higher (RFC 3261 section 22.2), as Kamailio's uac_auth does: the
 * dialog is the phones', and a number raised here would have to be raised in all that they say in it, PRACK's RAck too, for as long as it
 * lasts, by a proxy that else need not know of it.
 */
static bool
ask_password(struct front *f, const struct passing *p, struct branch *b, const sip_t *sip, const struct where *w, int64_t now_ms)
{
	uint8_t			list[CHALLENGES_MAX];
	struct wire_authorize	a = { .trunk = b->trunk, .branch = (uint32_t)branch_index(f->branches, b), .method = span_of(p->forward->method),
		.uri = b->how.uri };
	bool			from_it = b->where.flow != 0 ? w->flow == b->where.flow : w->flow == 0 && addr_same_ip(&w->source, &b->where.source);

	if (b->authorized || p->in_dialog || p->cancelled || !from_it || f->keeper == NULL)
		return false;
	a.challenges = (struct span){ .s = (const char *)list, .n = ask_challenges(sip, list, sizeof list) };
	b->asking = a.challenges.n > 0 && channel_send(f->keeper, WIRE_AUTHORIZE, passing_id(f->passings, p), &a) == 0;
	if (b->asking)
		branch_keep(f, b, now_ms);
	return b->asking;
}

void
heard_authorized(struct front *f, uint64_t id, const struct wire_authorize *a, int64_t now_ms)
{
	struct passing	*p = passing_of_id(f->passings, id);
	struct branch	*b = p == NULL || a->branch >= BRANCH_PLACES ? NULL : branch_at(f->branches, (int32_t)a->branch);

	if (b == NULL || !b->used || !b->asking || b->passing != passing_index(f->passings, p))
		return;
	b->asking = false;
	if (!p->cancelled && a->lines.n > 0 && spread_again(f, p, b, a->lines, now_ms))
		return;
	p->open--;
	on_final(f, p, 503, NULL, now_ms);	/* the phone can do nothing about it */
}

bool
heard_answer(struct front *f, const sip_t *sip, const struct where *w, int64_t now_ms)
{
	struct branch	*b = branch_of(f->branches, sip);
	struct passing	*p;
	int		 code;
	bool		 was_open;

	if (b == NULL)
		return false;
	code = sip->sip_status->st_status;
	p = passing_at(f->passings, b->passing);
	was_open = branch_is_open(b);
	if (!branch_hear(f, b, sip, now_ms))
		return true;
	if (code < 200) {
		on_provisional(f, p, b, sip, now_ms);
		return true;
	}
	if (b->trunk != 0 && (code == 401 || code == 407)) {
		if (was_open && ask_password(f, p, b, sip, w, now_ms))
			return true;
		p->open -= was_open;
		on_final(f, p, 503, NULL, now_ms);
		return true;
	}
	p->open -= was_open;
	if (code == 430 && was_open && spread_other(f, p, b, now_ms))
		return true;
	if (code < 300)
		on_success(f, p, b, sip, now_ms);
	else
		on_final(f, p, (uint32_t)code, sip, now_ms);
	return true;
}

/* Takes a branch out of its request's list, and forgets it. */
static void
drop_branch(struct front *f, struct branch *b)
{
	struct passing	*p = passing_at(f->passings, b->passing);
	int32_t		 i = branch_index(f->branches, b), *at = &p->branches;

	while (*at != i)
		at = &branch_at(f->branches, *at)->next;
	*at = b->next;
	branch_release(f->branches, b);
	if (p->ended && p->branches == BRANCH_NONE)
		passing_release(f->passings, p);
}

static void
branch_over(struct front *f, struct branch *b, int64_t now_ms)
{
	struct passing	*p = passing_at(f->passings, b->passing);

	if (b->state == BRANCH_CALLING && b->wait_ms > 0 && !b->given_up) {
		branch_give_up(f, b, now_ms);
		p->open--;
		on_final(f, p, 408, NULL, now_ms);
		return;
	}
	if (branch_is_open(b) || b->asking) {
		b->state = BRANCH_COMPLETED;
		p->open--;
		on_final(f, p, 408, NULL, now_ms);
	}
	drop_branch(f, b);
}

void
heard_turn(struct front *f, int64_t now_ms)
{
	struct passing	*p;
	struct branch	*b;
	bool		 over;

	while ((b = branch_due(f, now_ms, &over)) != NULL)
		if (over)
			branch_over(f, b, now_ms);
	while ((p = passing_due(f, now_ms)) != NULL) {
		p->ended = true;
		if (p->branches == BRANCH_NONE)
			passing_release(f->passings, p);
	}
}

/* Who was asked can't be reached, and is as good as one who never could. */
static void
branch_lost(struct front *f, struct branch *b, int64_t now_ms)
{
	struct passing	*p = passing_at(f->passings, b->passing);

	if (!branch_is_open(b))
		return;
	b->state = BRANCH_COMPLETED;
	p->open--;
	if (!spread_other(f, p, b, now_ms))
		on_final(f, p, 503, NULL, now_ms);
	drop_branch(f, b);
}

void
heard_flow_gone(struct front *f, uint64_t flow, int64_t now_ms)
{
	struct branch	*b;

	for (int32_t at = 0; (b = branch_next(f->branches, &at)) != NULL;)
		if (b->where.flow != 0 && (flow == 0 || b->where.flow == flow))
			branch_lost(f, b, now_ms);
}

bool
heard_refused(struct front *f, const char *text, size_t n, int64_t now_ms)
{
	struct branch	*b = branch_in(f->branches, text, n);

	if (b == NULL || b->where.flow != 0)
		return false;
	branch_lost(f, b, now_ms);
	return true;
}
