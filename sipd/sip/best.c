#include "sipd/sip/best.h"

#include <string.h>

#include "sipd/sip/forward.h"
#include "sipd/sip/proxy.h"

enum { CHALLENGES_MAX = 16 * 1024 };

/* The smaller, the more it says (section 16.7, step 6). */
static uint32_t
worth(uint32_t code, bool ours)
{
	static const uint32_t	telling[] = { 401, 407, 415, 420, 484 };

	if (ours)
		return code == 408 ? 8 : 9;
	if (code / 100 == 6)
		return 0;
	for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++)
		if (code == telling[i])
			return 3;
	return code / 100 == 3 ? 1 : code == 408 || code == 480 ? 5 : code == 487 ? 6 : code / 100 == 4 ? 4 : code == 503 ? 7 : 6;
}

void
best_note(struct front *f, struct passing *p, uint32_t code, const sip_t *sip)
{
	struct text_buf	t = proxy_text(f);

	if (sip != NULL && (code == 401 || code == 407) && p->challenges.n < CHALLENGES_MAX) {
		buf_bytes(&t, p->challenges.s, p->challenges.n);
		if (p->best_code == 401 || p->best_code == 407)		/* the best has its own */
			forward_challenges(&t, sip);
		if (!t.overflow && t.n > 0)
			(void)held_set(&p->challenges, (struct span){ .s = t.s, .n = t.n });
		t = proxy_text(f);
	}
	if (p->best_code != 0 && worth(code, sip == NULL) >= worth(p->best_code, p->best_ours))
		return;
	p->best_code = code;
	p->best_ours = sip == NULL;
	held_drop(&p->best);
	if (sip == NULL)
		return;
	forward_answer(&t, p->forward, sip);
	if (t.overflow || !held_set(&p->best, (struct span){ .s = t.s, .n = t.n }))
		p->best_ours = true;
}

/* Text with the challenges of all branches, not only of the one whose answer it is: they go in behind the status line. */
struct span
best_text(struct front *f, const struct passing *p)
{
	const char	*end = memchr(p->best.s, '\n', p->best.n);
	struct text_buf	 t = proxy_text(f);
	size_t		 n;

	if (p->challenges.n == 0 || end == NULL)
		return held_span(&p->best);
	n = (size_t)(end + 1 - p->best.s);
	buf_bytes(&t, p->best.s, n);
	buf_bytes(&t, p->challenges.s, p->challenges.n);
	buf_bytes(&t, p->best.s + n, p->best.n - n);
	return t.overflow ? held_span(&p->best) : (struct span){ .s = t.s, .n = t.n };
}

/* What the best answer says for itself: the end of its first line. */
struct span
best_reason(const struct passing *p)
{
	enum { BEFORE = sizeof "SIP/2.0 486 " - 1 };
	const struct held	*best = &p->best;
	const char		*end = best->n > BEFORE ? memchr(best->s, '\r', best->n) : NULL;

	return end == NULL || end - best->s < BEFORE ? (struct span){ "", 0 } : (struct span){ best->s + BEFORE, (size_t)(end - best->s - BEFORE) };
}
