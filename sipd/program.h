/*
 * The program that sends SMS (sms.command), run by the supervisor, the only process that can start another: at most a few at a time, each
 * with a deadline, never waited for.  There is no shell: number and text are put into the command's words (core/argv.h) as they are.
 * Which program it is says the configuration alone; an order brings number and text.
 */
#ifndef SIPD_PROGRAM_H
#define SIPD_PROGRAM_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sipd/boot.h"

enum { PROGRAM_TEXT = 2048, PROGRAM_LINE = 200, PROGRAMS_MAX = 8 };

/* One that runs. */
struct program {
	pid_t		pid;		/* 0: free */
	uint64_t	id;
	pid_t		asker;		/* the keeper that ordered it: another would not know the id */
	int		fd;		/* of its stderr; -1 once that is closed */
	int64_t		until;
	bool		killed;
	char		line[PROGRAM_LINE];
	size_t		n;
	bool		whole;		/* the line is */
};

struct programs {
	struct program	list[PROGRAMS_MAX];
};

/* One has come to its end: status as a shell tells it, -1 with text when it could not be started or had to be killed. */
typedef void	(*program_fn)(void *arg, pid_t asker, uint64_t id, int status, const char *text);

void	programs_init(struct programs *);
/* Takes the order's pipe.  fn may be called at once. */
void	programs_run(struct programs *, const char *command, const struct boot_order *, pid_t asker, int64_t now, int64_t timeout_ms,
	    program_fn, void *arg);
/* For poll(2): PROGRAMS_MAX entries, and what came of them. */
void	programs_poll(const struct programs *, struct pollfd *);
void	programs_read(struct programs *, const struct pollfd *);
void	programs_reap(struct programs *, program_fn, void *arg);
/* Kills what is over its time.  Returns when it is to be called next, or `next` if that is sooner. */
int64_t	programs_tick(struct programs *, int64_t now, int64_t next);
void	programs_kill(struct programs *);

#endif
