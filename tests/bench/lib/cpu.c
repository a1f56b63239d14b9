#include "tests/bench/lib/cpu.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
cpu_pids(struct cpu *c, char *list)
{
	for (char *p = strtok(list, ","); p != NULL && c->n < CPU_PIDS_MAX; p = strtok(NULL, ","))
		c->pids[c->n++] = (pid_t)atoi(p);
}

uint64_t
cpu_ns(const struct cpu *c)
{
	uint64_t	total = 0;

	for (int i = 0; i < c->n; i++) {
		char		 path[64], file[512];
		struct dirent	*e;
		DIR		*d;

		(void)snprintf(path, sizeof path, "/proc/%d/task", (int)c->pids[i]);
		if ((d = opendir(path)) == NULL)
			continue;
		while ((e = readdir(d)) != NULL) {
			unsigned long long	ns;
			FILE			*f;

			(void)snprintf(file, sizeof file, "%s/%s/schedstat", path, e->d_name);
			if (e->d_name[0] == '.' || (f = fopen(file, "r")) == NULL)
				continue;
			if (fscanf(f, "%llu", &ns) == 1)
				total += ns;
			fclose(f);
		}
		closedir(d);
	}
	return total;
}
