/* The CPU that processes took, from schedstat. */
#ifndef BENCH_CPU_H
#define BENCH_CPU_H

#include <stdint.h>
#include <sys/types.h>

enum { CPU_PIDS_MAX = 64 };

struct cpu {
	pid_t	pids[CPU_PIDS_MAX];
	int	n;
};

void	 cpu_pids(struct cpu *, char *list);		/* "4711,4712"; list is taken apart */
uint64_t cpu_ns(const struct cpu *);			/* of all their threads */

#endif
