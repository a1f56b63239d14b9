#include "sipd/sip/branch.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/binding.h"
#include "sipd/sip/due.h"
#include "sipd/sip/large.h"
#include "sipd/sip/out.h"

enum {
	T1_MS = 500, T2_MS = 4000, T4_MS = 5000, B_MS = 64 * T1_MS,
	C_MS = 200 * 1000,		/* more than 3 minutes (RFC 3261 section 16.6) */
	WORD = 8, LOOK_AT = 2048,
};

#define NAME	"z9hG4bKwp"		/* then in hex 8 digits of the place, 16 of the word, 16 of the loop value */
enum { NAME_N = sizeof NAME - 1, NAME_WORD_AT = NAME_N + 8, NAME_LOOP_AT = NAME_WORD_AT + 16, NAME_WHOLE = NAME_LOOP_AT + 16 };
_Static_assert((int)NAME_WHOLE < (int)BRANCH_NAME, "a name fits");

struct branches {
	uint8_t		 key[crypto_shorthash_siphashx24_KEYBYTES];
	uint64_t	 made;
	int32_t		 first_free, touched;
	size_t		 count;
	struct due	*due;
	struct branch	 places[BRANCH_PLACES];
};

struct branches *
branches_new(void)
{
	struct branches	*bs = calloc(1, sizeof *bs);

	if (bs == NULL || (bs->due = due_new(BRANCH_PLACES)) == NULL) {
		free(bs);
		return NULL;
	}
	randombytes_buf(bs->key, sizeof bs->key);
	bs->first_free = BRANCH_NONE;
	return bs;
}

void
branches_free(struct branches *bs)
{
	if (bs == NULL)
		return;
	for (int32_t i = 0; i < bs->touched; i++)
		free(bs->places[i].text);
	due_free(bs->due);
	free(bs);
}

struct branch *
branch_at(struct branches *bs, int32_t i)
{
	return &bs->places[i];
}

int32_t
branch_index(const struct branches *bs, const struct branch *b)
{
	return (int32_t)(b - bs->places);
}

static void
hex64(struct text_buf *b, uint64_t v)
{
	uint8_t	bytes[8];

	for (int i = 7; i >= 0; i--, v >>= 8)
		bytes[i] = (uint8_t)v;
	buf_hex(b, bytes, sizeof bytes);
}

static void
name_make(struct branches *bs, struct branch *b, uint64_t loop)
{
	uint32_t	place = (uint32_t)branch_index(bs, b);
	const uint8_t	at[] = { (uint8_t)(place >> 24), (uint8_t)(place >> 16), (uint8_t)(place >> 8), (uint8_t)place };
	uint8_t		sum[crypto_shorthash_siphashx24_BYTES];
	struct text_buf	t = { .s = b->name, .size = sizeof b->name };

	bs->made++;
	(void)crypto_shorthash_siphashx24(sum, (const uint8_t *)&bs->made, sizeof bs->made, bs->key);
	memcpy(b->word, sum, WORD);
	buf_add(&t, NAME);
	buf_hex(&t, at, sizeof at);
	buf_hex(&t, b->word, WORD);
	hex64(&t, loop);
	buf_bytes(&t, "", 1);
}

struct branch *
branch_take(struct branches *bs, uint64_t loop)
{
	int32_t		 i = bs->first_free;
	struct branch	*b;

	if (i != BRANCH_NONE)
		bs->first_free = bs->places[i].next;
	else if (bs->touched < BRANCH_PLACES)
		i = bs->touched++;
	else
		return NULL;
	b = &bs->places[i];
	*b = (struct branch){ .used = true, .next = BRANCH_NONE };
	bs->count++;
	name_make(bs, b, loop);
	return b;
}

static void
text_drop(struct branch *b)
{
	free(b->text);
	b->text = NULL;
	b->n = 0;
}

void
branch_release(struct branches *bs, struct branch *b)
{
	int32_t	i = branch_index(bs, b);

	due_clear(bs->due, i);
	text_drop(b);
	bs->count--;
	*b = (struct branch){ .next = bs->first_free };
	bs->first_free = i;
}

static bool
is_datagram(const struct branch *b)
{
	return b->where.flow == 0;
}

/* D and M: how long answers that are repeated are known; less when half of the room is taken, as in passing.h. */
static int64_t
life(const struct branches *bs)
{
	return bs->count > BRANCH_PLACES / 2 ? T4_MS : B_MS;
}

/* When it is sent again or comes to its end, whichever is first. */
static void
arm(struct branches *bs, const struct branch *b)
{
	due_set(bs->due, branch_index(bs, b), b->interval > 0 && b->again_at < b->until ? b->again_at : b->until);
}

static void
repeat_from(struct branch *b, int64_t now_ms)
{
	b->interval = is_datagram(b) ? T1_MS : 0;
	b->again_at = now_ms + b->interval;
}

static void
enter(struct branches *bs, struct branch *b, enum branch_state state, int64_t life_ms, int64_t now_ms)
{
	b->state = state;
	b->until = now_ms + life_ms;
	if (state == BRANCH_COMPLETED || state == BRANCH_ACCEPTED) {
		b->interval = 0;
		text_drop(b);
	}
	arm(bs, b);
}

/* Too large for a datagram: true while it is not known yet whether the phone takes a connection. */
static bool
is_waiting(struct front *f, struct branch *b, int64_t now_ms)
{
	struct way	 way = { .transport = TRANSPORT_TCP };
	struct addr	 sent_by;
	enum large_way	 how = large_way(f, &b->where.source, now_ms, &way.flow);
	char		*udp;

	if (how == LARGE_WAIT)
		return true;
	b->large = false;
	if (how == LARGE_TCP && (udp = memmem(b->text, b->n, "SIP/2.0/UDP", 11)) != NULL && where_to(f, &way, &b->where, &sent_by) == NULL) {
		memcpy(udp + 8, "TCP", 3);		/* of our Via, the first line but one */
		b->how.transport = TRANSPORT_TCP;
	}
	return false;
}

static bool
send_large(struct front *f, struct branch *b, int64_t now_ms)
{
	bool	sent = true;

	if (is_waiting(f, b, now_ms)) {
		b->interval = LARGE_ASK_MS;
		b->again_at = now_ms + LARGE_ASK_MS;
		return true;
	}
	sent = out_send(f->out, f->flows, &b->where, b->text, b->n, false);
	if (!is_datagram(b))
		text_drop(b);
	repeat_from(b, now_ms);
	return sent;
}

const char *
branch_start(struct front *f, struct branch *b, const struct way *way, struct text_buf *t, int64_t now_ms)
{
	const char	*why;
	size_t		 from = t->n;

	if ((why = where_to(f, way, &b->where, &b->how.sent_by)) != NULL)
		return why;
	b->how.transport = b->where.transport;
	b->how.branch = b->name;
	forward_request(t, b->forward, &b->how);
	if (t->overflow)
		return "Request Too Large";
	b->n = t->n - from;
	if (is_datagram(b)) {
		if ((b->text = malloc(b->n)) == NULL)
			return "Out of Memory";
		memcpy(b->text, t->s + from, b->n);
	}
	if (is_datagram(b) && b->n > LARGE_BYTES && b->trunk == 0) {
		b->large = true;
		if (!send_large(f, b, now_ms))
			return "Request Too Large";
		enter(f->branches, b, BRANCH_CALLING, b->wait_ms > 0 ? b->wait_ms : B_MS, now_ms);
		return NULL;
	}
	if (!out_send(f->out, f->flows, &b->where, t->s + from, b->n, false))
		return is_datagram(b) ? "Request Too Large" : "Connection Gone";
	repeat_from(b, now_ms);
	enter(f->branches, b, BRANCH_CALLING, b->wait_ms > 0 ? b->wait_ms : B_MS, now_ms);
	return NULL;
}

void
branch_keep(struct front *f, struct branch *b, int64_t now_ms)
{
	enter(f->branches, b, b->state, B_MS, now_ms);
}

static void
send_cancel(struct front *f, const struct branch *b)
{
	char		text[16 * 1024];
	struct text_buf	t = { .s = text, .size = sizeof text };

	forward_cancel(&t, b->forward, &b->how);
	if (!t.overflow)
		(void)out_send(f->out, f->flows, &b->where, t.s, t.n, false);
}

void
branch_cancel(struct front *f, struct branch *b, int64_t now_ms)
{
	if (!b->invite || b->cancel_sent || b->state == BRANCH_COMPLETED || b->state == BRANCH_ACCEPTED)
		return;
	b->cancelled = true;
	if (b->state == BRANCH_CALLING)
		return;
	b->cancel_sent = true;
	send_cancel(f, b);
	repeat_from(b, now_ms);
	b->until = now_ms + B_MS;
	arm(f->branches, b);
}

bool
branch_is_open(const struct branch *b)
{
	return !b->given_up && (b->state == BRANCH_CALLING || b->state == BRANCH_PROCEEDING);
}

void
branch_give_up(struct front *f, struct branch *b, int64_t now_ms)
{
	b->given_up = b->cancelled = true;
	b->interval = 0;
	branch_keep(f, b, now_ms);
}

static int
hex_digit(char ch)
{
	return ch >= '0' && ch <= '9' ? ch - '0' : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static bool
hex_read(const char *s, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int	high = hex_digit(s[2 * i]), low = high < 0 ? -1 : hex_digit(s[2 * i + 1]);

		if (low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* name is at least as long as a word's end. */
static struct branch *
find(struct branches *bs, const char *name)
{
	uint8_t		b[4 + WORD];
	uint32_t	place;

	if (!hex_read(name + NAME_N, b, sizeof b))
		return NULL;
	place = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	if (place >= BRANCH_PLACES || !bs->places[place].used || memcmp(bs->places[place].word, b + 4, WORD) != 0)
		return NULL;
	return &bs->places[place];
}

struct branch *
branch_in(struct branches *bs, const char *text, size_t n)
{
	const char	*name;

	n = n < LOOK_AT ? n : LOOK_AT;
	name = bs->count == 0 ? NULL : memmem(text, n, NAME, NAME_N);
	return name != NULL && (size_t)(text + n - name) >= NAME_WHOLE ? find(bs, name) : NULL;
}

bool
branch_expects(struct branches *bs, const char *text, size_t n)
{
	return n >= 8 && memcmp(text, "SIP/2.0 ", 8) == 0 && branch_in(bs, text, n) != NULL;
}

struct branch *
branch_of(struct branches *bs, const sip_t *sip)
{
	const char	*name = sip == NULL || sip->sip_status == NULL || sip->sip_via == NULL ? NULL : sip->sip_via->v_branch;

	if (name == NULL || strncmp(name, NAME, NAME_N) != 0 || strlen(name) < NAME_WHOLE)
		return NULL;
	return find(bs, name);
}

bool
branch_loop(const char *name, uint64_t *loop)
{
	uint8_t	b[8];

	if (name == NULL || strncmp(name, NAME, NAME_N) != 0 || strlen(name) < NAME_WHOLE || !hex_read(name + NAME_LOOP_AT, b, sizeof b))
		return false;
	*loop = 0;
	for (size_t i = 0; i < sizeof b; i++)
		*loop = *loop << 8 | b[i];
	return true;
}

static void
send_ack(struct front *f, const struct branch *b, const sip_t *sip)
{
	char		text[16 * 1024];
	struct text_buf	t = { .s = text, .size = sizeof text };

	if (sip->sip_to == NULL)
		return;
	forward_ack(&t, b->forward, &b->how, sip->sip_to);
	if (!t.overflow)
		(void)out_send(f->out, f->flows, &b->where, t.s, t.n, false);
}

static bool
hear_provisional(struct front *f, struct branch *b, int code, int64_t now_ms)
{
	if (b->state != BRANCH_CALLING && b->state != BRANCH_PROCEEDING)
		return false;
	if (!b->invite) {
		b->state = BRANCH_PROCEEDING;
		b->interval = b->interval > 0 ? T2_MS : 0;
		return code > 100;
	}
	if (b->state == BRANCH_CALLING)
		b->interval = 0;
	if (!b->cancel_sent && (b->state == BRANCH_CALLING || code > 100))
		enter(f->branches, b, BRANCH_PROCEEDING, C_MS, now_ms);
	if (b->cancelled)
		branch_cancel(f, b, now_ms);
	return code > 100;
}

bool
branch_hear(struct front *f, struct branch *b, const sip_t *sip, int64_t now_ms)
{
	int	code = sip->sip_status->st_status;

	if (sip->sip_cseq == NULL || sip->sip_cseq->cs_method_name == NULL)
		return false;
	if (b->cancel_sent && strcmp(sip->sip_cseq->cs_method_name, "CANCEL") == 0) {
		if (code >= 200 && b->state == BRANCH_PROCEEDING)
			b->interval = 0;
		return false;
	}
	if (strcmp(sip->sip_cseq->cs_method_name, b->forward->method) != 0 || sip->sip_cseq->cs_seq != b->forward->cseq)
		return false;
	if (code < 200)
		return hear_provisional(f, b, code, now_ms);
	if (b->state == BRANCH_COMPLETED || (b->state == BRANCH_ACCEPTED && code >= 300)) {
		if (b->invite && code >= 300)
			send_ack(f, b, sip);
		return false;
	}
	if (b->invite && code >= 300)
		send_ack(f, b, sip);
	if (b->state == BRANCH_ACCEPTED)
		return true;
	if (b->invite && code < 300)
		enter(f->branches, b, BRANCH_ACCEPTED, life(f->branches), now_ms);
	else
		enter(f->branches, b, BRANCH_COMPLETED, !is_datagram(b) ? 0 : b->invite ? life(f->branches) : T4_MS, now_ms);
	return true;
}

static void
send_again(struct front *f, struct branch *b, int64_t now_ms)
{
	if (b->large) {
		(void)send_large(f, b, now_ms);
		arm(f->branches, b);
		return;
	}
	if (b->cancel_sent)
		send_cancel(f, b);
	else if (b->text != NULL)
		(void)out_send(f->out, f->flows, &b->where, b->text, b->n, false);
	b->interval = b->invite && !b->cancel_sent ? 2 * b->interval : 2 * b->interval < T2_MS ? 2 * b->interval : T2_MS;
	b->again_at = now_ms + b->interval;
	arm(f->branches, b);
}

struct branch *
branch_due(struct front *f, int64_t now_ms, bool *over)
{
	struct branches	*bs = f->branches;
	struct branch	*b;
	int64_t		 at;
	int32_t		 i;

	if ((i = due_first(bs->due, &at)) < 0 || at > now_ms)
		return NULL;
	b = &bs->places[i];
	*over = false;
	if (b->until > now_ms)
		send_again(f, b, now_ms);
	else if (b->invite && b->state == BRANCH_PROCEEDING && !b->cancel_sent)
		branch_cancel(f, b, now_ms);		/* timer C */
	else {
		*over = true;
		due_clear(bs->due, i);
	}
	return b;
}

struct branch *
branch_next(struct branches *bs, int32_t *at)
{
	while (bs->count > 0 && *at < bs->touched)
		if (bs->places[(*at)++].used)
			return &bs->places[*at - 1];
	return NULL;
}

int64_t
branch_next_at(const struct branches *bs)
{
	int64_t	at = INT64_MAX;

	(void)due_first(bs->due, &at);
	return at;
}
