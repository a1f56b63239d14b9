/*
 * Spoken announcements, as a process that plays them has them: 8 kHz, one channel, one text for all of them, which the supervisor made of
 * their files (prompt_files.h).
 *
 *	char language[16], name[16]; uint32_t n; int16_t samples[n]		each, in the machine's own order
 */
#ifndef SIPD_PROMPTS_H
#define SIPD_PROMPTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/language.h"
#include "core/span.h"

enum { PROMPT_NAME = 16, PROMPT_RATE = 8000, PROMPT_SECONDS = 60, PROMPTS_MAX = 64,
	PROMPTS_BYTES = PROMPTS_MAX * (LANGUAGE + PROMPT_NAME + 4 + 2 * PROMPT_RATE * PROMPT_SECONDS) };

/* What there are for: rows of prompt_names[] (prompts.c). */
extern const char *const	prompt_names[];
extern const size_t		n_prompt_names;

struct prompt {
	char		 language[LANGUAGE], name[PROMPT_NAME];
	uint32_t	 n;
	const int16_t	*samples;
};

struct prompts;

/* Takes the memfd; -1: there are none.  NULL: no memory, or not what we wrote.  Whoever plays one holds them all until it has ended. */
struct prompts *prompts_new(int memfd);
struct prompts *prompts_hold(struct prompts *);
void	prompts_release(struct prompts *);

/*
 * The one of that name whose language the Accept-Language wants most; else that of the language given; else any.  Where a language has none
 * of that name, its first one (prompt_names[0]) does as well.  NULL: there are none.
 */
const struct prompt *prompts_find(const struct prompts *, struct span name, struct span accept, const char *language);

#endif
