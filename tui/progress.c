#include "tui/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"

enum { EVERY_MS = 100, BAR = 30, CERTAIN_MS = 1000 };

void
progress_phase(struct progress *p, const char *phase)
{
	progress_clear(p);
	*p = (struct progress){ .phase = phase, .begun_ms = clock_boot_ms() };
}

/* "  1:05 left", once there is something to tell it from. */
static void
left_text(const struct progress *p, uint64_t done, uint64_t total, int64_t now, char *buf, size_t size)
{
	int64_t	took = now - p->begun_ms;
	long	left;

	buf[0] = '\0';
	if (done == 0 || total == 0 || done > total || took < CERTAIN_MS)
		return;
	left = (long)((double)took / (double)done * (double)(total - done) / 1000 + 0.5);
	(void)snprintf(buf, size, "  %ld:%02ld left", left / 60, left % 60);
}

void
progress_show(struct progress *p, uint64_t done, uint64_t total, bool bytes, uint64_t rows)
{
	int64_t	now = clock_boot_ms();
	char	bar[BAR + 1] = "", left[48], read[48] = "";
	size_t	full = total == 0 || done > total ? 0 : (size_t)(BAR * done / total);

	if (!isatty(STDERR_FILENO) || now - p->shown_ms < EVERY_MS)
		return;
	p->shown_ms = now;
	p->there = true;
	left_text(p, done, total, now, left, sizeof left);
	memset(bar, '.', BAR);
	memset(bar, '#', full);
	if (bytes)
		(void)snprintf(read, sizeof read, "  %.1f MB", (double)done / 1e6);
	if (total == 0)
		(void)fprintf(stderr, "\r%-8s%s  %" PRIu64 " rows\033[K", p->phase, read, rows);
	else
		(void)fprintf(stderr, "\r%-8s [%s] %3d %%%s  %" PRIu64 " rows%s\033[K", p->phase, bar,
		    (int)(100 * (done < total ? done : total) / total), read, rows, left);
	(void)fflush(stderr);
}

void
progress_clear(struct progress *p)
{
	if (p->there)
		(void)fputs("\r\033[K", stderr);
	p->there = false;
}
