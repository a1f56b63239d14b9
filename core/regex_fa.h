/*
 * Finite automata over code points, as regex.c puts them together: parts with one start and one end in a common pool of
 * states, joined by empty steps, and made deterministic where "and" and "not" need it and at the end.
 *
 * States and work are bounded: past the bound every function does nothing more and fa_error() tells.
 */
#ifndef CORE_REGEX_FA_H
#define CORE_REGEX_FA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FA_LAST = 0x10ffff };		/* the last code point */

struct fa;

struct fa_part {
	uint32_t	start, end;
};

/*
 * NULL: out of memory.  *work is what it may cost, in edges and members looked at, and goes down as it is spent: 1,000,000 takes
 * about 5 ms.
 */
struct fa *fa_new(uint32_t *work);
void	fa_free(struct fa *);
int	fa_error(const struct fa *);	/* 0, -ENOMEM, ERR_TOO_LARGE */
uint32_t fa_mark(const struct fa *);	/* parts made from here on have their states after it: for fa_copy */

struct fa_part fa_nothing(struct fa *);		/* no word */
struct fa_part fa_empty_word(struct fa *);
struct fa_part fa_range(struct fa *, uint32_t from, uint32_t to);	/* one code point of them */
void	fa_widen(struct fa *, struct fa_part, uint32_t from, uint32_t to);		/* one of these, too: of fa_nothing and fa_range */
struct fa_part fa_interval(struct fa *, uint32_t from, uint32_t to, int digits);	/* decimal numbers; digits 0: any leading zeros */
struct fa_part fa_concatenation(struct fa *, struct fa_part, struct fa_part);
struct fa_part fa_union(struct fa *, struct fa_part, struct fa_part);
struct fa_part fa_repeat(struct fa *, struct fa_part);			/* any number of times, also none */
struct fa_part fa_optional(struct fa *, struct fa_part);
struct fa_part fa_intersection(struct fa *, struct fa_part, struct fa_part);
struct fa_part fa_complement(struct fa *, struct fa_part);
struct fa_part fa_copy(struct fa *, struct fa_part, uint32_t mark, uint32_t until);	/* of what was made between the marks */

/* The deterministic automaton of a part: state 0 is its start; the edges of a state are in order and do not overlap. */
struct dfa_edge {
	uint32_t	from, to, state;
};
struct dfa_state {
	uint32_t	first, n;	/* of edges */
	bool		accepts;
};
struct dfa {
	struct dfa_state	*states;
	struct dfa_edge		*edges;
	uint32_t		 n_states, n_edges;
};
int	fa_determinize(struct fa *, struct fa_part, struct dfa *);	/* 0 or fa_error(); dfa_clear() it in any case */
void	dfa_clear(struct dfa *);

#endif
