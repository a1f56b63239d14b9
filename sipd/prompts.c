#include "sipd/prompts.h"

#include <stdlib.h>
#include <string.h>

#include "sipd/boot.h"

/* The account that calls, that is called. */
const char *const	prompt_names[] = { "disabled", "called" };
const size_t		n_prompt_names = sizeof prompt_names / sizeof prompt_names[0];

struct prompts {
	unsigned	 held;
	char		*text;
	size_t		 n;
	struct prompt	 rows[PROMPTS_MAX];
};

/* Takes the next off the text. */
static bool
prompt_read(struct prompt *p, struct span *text)
{
	const size_t	head = LANGUAGE + PROMPT_NAME + sizeof p->n;

	if (text->n < head)
		return false;
	memcpy(p->language, text->s, LANGUAGE);
	memcpy(p->name, text->s + LANGUAGE, PROMPT_NAME);
	memcpy(&p->n, text->s + LANGUAGE + PROMPT_NAME, sizeof p->n);
	if (p->language[LANGUAGE - 1] != '\0' || p->name[PROMPT_NAME - 1] != '\0' || (text->n - head) / sizeof *p->samples < p->n)
		return false;
	p->samples = (const int16_t *)(const void *)(text->s + head);
	text->s += head + p->n * sizeof *p->samples;
	text->n -= head + p->n * sizeof *p->samples;
	return true;
}

struct prompts *
prompts_new(int memfd)
{
	struct prompts	*ps = calloc(1, sizeof *ps);
	struct span	 left = { NULL, 0 };

	if (ps == NULL)
		return NULL;
	ps->held = 1;
	if (memfd < 0)
		return ps;
	ps->text = boot_bytes(memfd, PROMPTS_BYTES, &left.n);
	left.s = ps->text;
	while (left.s != NULL && left.n > 0 && ps->n < PROMPTS_MAX && prompt_read(&ps->rows[ps->n], &left))
		ps->n++;
	if (left.s != NULL && left.n == 0)
		return ps;
	prompts_release(ps);
	return NULL;
}

struct prompts *
prompts_hold(struct prompts *ps)
{
	ps->held++;
	return ps;
}

void
prompts_release(struct prompts *ps)
{
	if (ps == NULL || --ps->held > 0)
		return;
	free(ps->text);
	free(ps);
}

/* How well it fits: what is wanted by its hearer before the language of the house, the right name before the other. */
static int
fits(const struct prompt *p, struct span name, struct span accept, const char *language)
{
	int	named = span_is(name, p->name) ? 2 : strcmp(p->name, prompt_names[0]) == 0 ? 1 : 0;

	if (named == 0)
		return 0;
	return 8 * language_wanted(accept, p->language) + 4 * (strcasecmp(p->language, language) == 0) + named;
}

const struct prompt *
prompts_find(const struct prompts *ps, struct span name, struct span accept, const char *language)
{
	const struct prompt	*best = NULL;
	int			 how_well = 0;

	for (size_t i = 0; i < ps->n; i++) {
		int	fit = fits(&ps->rows[i], name, accept, language);

		if (fit > how_well) {
			how_well = fit;
			best = &ps->rows[i];
		}
	}
	return best;
}
