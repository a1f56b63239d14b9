/*
 * Many phones' inboxes: answers a MESSAGE with 200 and keeps account of what came, how often, and when.
 */
#ifndef BENCH_INBOX_H
#define BENCH_INBOX_H

#include <stddef.h>
#include <stdint.h>

enum { INBOX_STEP_MS = 100, INBOX_STEPS = 6000 };

struct inbox {
	uint64_t	*seen;			/* hashes of what came, 0: free; a table of size, a power of two */
	size_t		 size;
	uint64_t	 first_ns, last_ns;	/* when the first and the last new one came; 0: none */
	uint64_t	 came, again;		/* different ones, and those that had come before */
	uint32_t	 steps[INBOX_STEPS];	/* new ones in each tenth of a second since the first */
};

int	inbox_init(struct inbox *, size_t messages_max);	/* 0 or -ENOMEM */

/* A request: the length of the answer in out, 0 where there is none to be given. */
size_t	inbox_take(struct inbox *, const char *request, uint64_t now_ns, char *out, size_t size);

/* "{…}" with the time from first to last, the rate, and how even the tenths of a second were. */
void	inbox_print(const struct inbox *, const char *label);

#endif
