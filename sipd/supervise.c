/*
 * One poll(2) loop over a signalfd and the order sockets.  The phases are STARTING (until each process said READY; what goes wrong
 * there ends the daemon with one line), RUNNING (what dies is started again, the others go on), STOPPING_REST and STOPPING_FIRST.
 */
#include "sipd/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "sipd/program.h"
#include "sipd/sandbox.h"
#include "sipd/settings.h"

enum phase { STARTING, RUNNING, STOPPING_REST, STOPPING_FIRST };

enum {
	CHILDREN_MAX = PROCESSES - 1,
	STOP_REST_MS = 5000,	/* fronts that take longer are killed */
	STOP_ALL_MS = 10000,	/* so is the keeper */
	ROUND_MS = 5000,	/* between two looks at whether the processes live */
	HUNG_ROUNDS = 6,	/* without reading an order: killed */
	STEADY_MS = 10000,	/* lived so long: its earlier deaths are forgotten */
	DELAY_MAX_MS = 5000,
};

struct child {
	const struct process_row	*row;
	pid_t				 pid;		/* 0: not there */
	int				 fd;		/* of the order socket, -1 with pid 0 */
	bool				 ready, failed;	/* it said so */
	bool				 killed;	/* by us, as it did not stop */
	unsigned			 deaths;	/* in a row */
	int64_t				 started_at, start_at;
	int				 silent;	/* rounds that its orders lie unread */
};

struct supervisor {
	const struct supervise	*how;
	struct settings		 settings;
	struct child		 children[CHILDREN_MAX];
	size_t			 n;
	struct programs		 programs;
	enum phase		 phase;
	int			 signal_fd;
	int			 status;
	int64_t			 stop_at;	/* began to stop */
	int64_t			 round_at;
	int			 round_ms;
};

static int64_t
now_ms(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

unsigned
supervise_delay_ms(unsigned deaths)
{
	if (deaths <= 1)
		return 0;
	return deaths > 6 ? DELAY_MAX_MS : 100u << (deaths - 1);
}

static const char *
name_of(const struct child *c)
{
	return process_name(c->row->process);
}

/* A process whose queue of orders is full, or which broke it, is of no use any more. */
static void
order(struct child *c, const struct boot_order *o)
{
	int	rc;

	if (c->pid == 0 || c->fd < 0 || (rc = boot_send(c->fd, o)) == 0 || rc == -EPIPE || rc == -ECONNRESET)
		return;		/* the dead are reaped soon */
	log_error("%s takes no orders: %s", name_of(c), err_text(rc));
	kill(c->pid, SIGKILL);
}

static void
order_settings(struct supervisor *s, struct child *c)
{
	const struct settings_files	*f = c->row->files ? settings_files(&s->settings, c->row->process) : NULL;
	struct boot_order		 tls = { .type = ORDER_TLS }, names = { .type = ORDER_FILES };

	if (f != NULL) {
		memcpy(tls.fds, f->pem_fds, sizeof tls.fds);
		memcpy(names.fds, f->names_fds, sizeof names.fds);
		if (tls.fds[0] >= 0)
			order(c, &tls);
		order(c, &names);
		if (f->pages_fd >= 0)
			order(c, &(struct boot_order){ .type = ORDER_PAGES, .fds = { f->pages_fd, -1, -1 } });
	}
	if (c->row->prompts)
		order(c, &(struct boot_order){ .type = ORDER_PROMPTS, .fds = { s->settings.prompts_fd, -1, -1 } });
	order(c, &(struct boot_order){ .type = ORDER_CONFIG, .fds = { s->settings.text_fd, -1, -1 } });
}

static struct child *
child_find(struct supervisor *s, enum process p)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->children[i].row->process == p && s->children[i].pid != 0)
			return &s->children[i];
	return NULL;
}

/* Gives a new process and each living one that it talks to the ends of a pair. */
static void
order_channels(struct supervisor *s, struct child *c)
{
	for (size_t i = 0; i < n_boot_links; i++) {
		const struct boot_link	*l = &boot_links[i];
		struct child		*a = child_find(s, l->a), *b = child_find(s, l->b);
		int			 ends[2];

		if (a == NULL || b == NULL || (a != c && b != c))
			continue;
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
			log_error("no channel from %s to %s: %s", name_of(a), name_of(b), err_text(-errno));
			kill(c->pid, SIGKILL);	/* started again, it gets another */
			return;
		}
		order(a, &(struct boot_order){ .type = ORDER_CHANNEL, .peer = l->b, .fds = { ends[0], -1, -1 } });
		order(b, &(struct boot_order){ .type = ORDER_CHANNEL, .peer = l->a, .fds = { ends[1], -1, -1 } });
		close(ends[0]);
		close(ends[1]);
	}
}

/*
 * In the new process: keeps stderr and its order socket, nothing else of the supervisor's.  Signals that a terminal or a service
 * manager sends to all of us are the supervisor's alone; a process stops by order, or when the supervisor is gone.
 */
static void
child_run(const struct supervisor *s, const struct process_row *row, int fd)
{
	struct boot	boot = { .process = row->process, .order_fd = 3, .debug = s->how->debug, .conf = s->settings.conf,
		.conf_name = s->how->file };
	char		name[16];
	sigset_t	none;
	int		null;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (fd != 3 && dup2(fd, 3) < 0)
		_exit(1);
	close_range(4, ~0u, 0);
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		close(null);
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	snprintf(name, sizeof name, "wc-%s", process_name(row->process));
	prctl(PR_SET_NAME, name);
	config_log(&boot.conf, process_name(row->process), boot.debug);
	_exit(row->main(&boot));
}

static void
child_start(struct supervisor *s, struct child *c)
{
	int	ends[2] = { -1, -1 };
	pid_t	pid = -1;

	c->start_at = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0)
		pid = fork();
	if (pid == 0)
		child_run(s, c->row, ends[1]);
	if (pid < 0) {
		log_error("%s: not started: %s", name_of(c), err_text(-errno));
		c->start_at = now_ms() + supervise_delay_ms(++c->deaths + 1);
	}
	if (ends[1] >= 0)
		close(ends[1]);
	if (pid < 0) {
		if (ends[0] >= 0)
			close(ends[0]);
		return;
	}
	c->pid = pid;
	c->fd = ends[0];
	c->ready = c->failed = c->killed = false;
	c->silent = 0;
	c->started_at = now_ms();
	order_settings(s, c);
	order_channels(s, c);
}

static bool
all_ready(const struct supervisor *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->children[i].pid == 0 || !s->children[i].ready)
			return false;
	return true;
}

/* True if none but the first (or, from 0 on, none at all) is there. */
static bool
gone_from(const struct supervisor *s, size_t first)
{
	for (size_t i = first; i < s->n; i++)
		if (s->children[i].pid != 0)
			return false;
	return true;
}

static void
order_stop(struct supervisor *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		order(&s->children[i], &(struct boot_order){ .type = ORDER_STOP, .fds = { -1, -1, -1 } });
}

static void
kill_from(struct supervisor *s, size_t first)
{
	for (size_t i = first; i < s->n; i++) {
		struct child	*c = &s->children[i];

		if (c->pid == 0 || c->killed)
			continue;
		log_error("%s did not stop in time", name_of(c));
		kill(c->pid, SIGKILL);
		c->killed = true;
	}
}

static void
stop(struct supervisor *s, int status)
{
	if (s->phase >= STOPPING_REST)
		return;
	sd_notify(0, "STOPPING=1");
	s->phase = STOPPING_REST;
	s->status = status;
	s->stop_at = now_ms();
	for (size_t i = 0; i < s->n; i++)
		s->children[i].start_at = 0;
	order_stop(s, 1, s->n);
}

/* Moves a stop along.  Returns false when all are gone. */
static bool
stop_step(struct supervisor *s, int64_t now)
{
	if (s->phase == STOPPING_REST && now >= s->stop_at + STOP_REST_MS)
		kill_from(s, 1);
	if (s->phase == STOPPING_REST && gone_from(s, 1)) {
		s->phase = STOPPING_FIRST;
		order_stop(s, 0, 1);
	}
	if (s->phase == STOPPING_FIRST && now >= s->stop_at + STOP_ALL_MS)
		kill_from(s, 0);
	return !gone_from(s, 0);
}

static void
on_ready(struct supervisor *s, struct child *c, const char *text)
{
	c->ready = true;
	log_info("%s is ready%s%s", name_of(c), text[0] == '\0' ? "" : ": ", text);
	if (s->phase == STARTING && all_ready(s)) {
		s->phase = RUNNING;
		log_notice("wirechiefd %s serves %s", VERSION, s->settings.conf.domains[0]);
		sd_notifyf(0, "READY=1\nSTATUS=Serves %s", s->settings.conf.domains[0]);
	}
}

static void
on_fail(struct supervisor *s, struct child *c, const char *text)
{
	if (c->failed || s->phase >= STOPPING_REST)
		return;
	c->failed = true;
	log_error("%s", text);
	if (s->phase == STARTING)
		stop(s, 1);
}

/* A program has come to its end: told to the process that wanted it, if that still is the same. */
static void
on_program(void *arg, pid_t asker, uint64_t id, int status, const char *text)
{
	struct supervisor	*s = arg;
	struct boot_order	 o = { .type = ORDER_RAN, .fds = { -1, -1, -1 } };

	(void)snprintf(o.text, sizeof o.text, "%llu %d %s", (unsigned long long)id, status, text);
	for (size_t i = 0; i < s->n; i++)
		if (s->children[i].pid == asker)
			order(&s->children[i], &o);
}

static void
on_run(struct supervisor *s, const struct child *c, const struct boot_order *o)
{
	const struct config	*conf = &s->settings.conf;

	if (c->row->process == PROC_KEEPER && s->phase == RUNNING)
		programs_run(&s->programs, conf->sms.command, o, c->pid, now_ms(), (int64_t)conf->sms.timeout * 1000, on_program, s);
}

/* Reads what a process says, as far as it is there. */
static void
listen_to(struct supervisor *s, struct child *c)
{
	struct boot_order	o;
	int			rc;

	while ((rc = boot_receive(c->fd, &o)) == 1) {
		if (o.type == ORDER_RUN)
			on_run(s, c, &o);
		for (unsigned i = 0; i < BOOT_FDS; i++)
			if (o.fds[i] >= 0)
				close(o.fds[i]);
		if (o.type == ORDER_READY)
			on_ready(s, c, o.text);
		else if (o.type == ORDER_FAIL)
			on_fail(s, c, o.text);
	}
	if (rc < 0) {
		close(c->fd);
		c->fd = -1;
		if (c->pid != 0 && s->phase < STOPPING_REST)	/* without orders it is no use; if it is dying, this changes nothing */
			kill(c->pid, SIGKILL);
	}
}

static const char *
death_text(int status, char *buf, size_t size)
{
	const char	*abbrev;

	if (WIFEXITED(status)) {
		snprintf(buf, size, "exited with status %d", WEXITSTATUS(status));
	} else {
		abbrev = sigabbrev_np(WTERMSIG(status));
		snprintf(buf, size, "was killed by SIG%s", abbrev == NULL ? "?" : abbrev);
	}
	return buf;
}

static void
on_death(struct supervisor *s, struct child *c, int status)
{
	int64_t		now = now_ms();
	unsigned	delay;
	char		how[64];

	c->pid = 0;		/* the number may be another's by now */
	if (c->fd >= 0)
		listen_to(s, c);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	death_text(status, how, sizeof how);
	switch (s->phase) {
	case STARTING:
		log_error("%s %s before it was ready", name_of(c), how);
		stop(s, 1);
		break;
	case RUNNING:
		c->deaths = c->ready && now - c->started_at >= STEADY_MS ? 1 : c->deaths + 1;
		delay = supervise_delay_ms(c->deaths);
		c->start_at = now + delay;
		log_error("%s %s; it is started again in %u ms", name_of(c), how, delay);
		break;
	case STOPPING_REST:
	case STOPPING_FIRST:
		if (status != 0 && s->status == 0 && !c->killed) {
			log_error("%s %s while stopping", name_of(c), how);
			s->status = 1;
		}
		break;
	}
}

static void
reap(struct supervisor *s)
{
	int	status;

	for (size_t i = 0; i < s->n; i++)
		if (s->children[i].pid != 0 && waitpid(s->children[i].pid, &status, WNOHANG) == s->children[i].pid)
			on_death(s, &s->children[i], status);
	programs_reap(&s->programs, on_program, s);
}

/* What is in force now. */
static void
settings_apply(const struct supervisor *s)
{
	const struct config	*c = &s->settings.conf;

	config_log(c, process_name(PROC_SUPERVISOR), s->how->debug);
	if (c->metrics.listen[0] != '\0')
		log_warn("%s: metrics.listen: this version serves no metrics", s->how->file);
}

static void
reload(struct supervisor *s)
{
	struct settings	fresh;
	char		why[512];

	if (s->phase >= STOPPING_REST)
		return;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now_ms() * 1000);
	if (settings_load(&fresh, s->how->file, why, sizeof why) != 0) {
		log_error("%s; the configuration in force stays", why);
	} else {
		settings_close(&s->settings);
		s->settings = fresh;
		settings_apply(s);
		for (size_t i = 0; i < s->n; i++)
			order_settings(s, &s->children[i]);
		log_notice("%s was read again", s->how->file);
	}
	if (s->phase == RUNNING)
		sd_notify(0, "READY=1");
}

static void
on_signals(struct supervisor *s)
{
	struct signalfd_siginfo	si;

	while (read(s->signal_fd, &si, sizeof si) == sizeof si) {
		switch (si.ssi_signo) {
		case SIGCHLD:
			reap(s);
			break;
		case SIGHUP:
			reload(s);
			break;
		default:
			if (s->phase < STOPPING_REST)
				log_notice("stopping: SIG%s", sigabbrev_np((int)si.ssi_signo));
			stop(s, 0);
		}
	}
}

/*
 * A process lives while it reads its orders.  Rounds are counted and not time, so that a machine that sleeps harms nobody.  The
 * service manager hears of us only while all of them live.
 */
static void
look_round(struct supervisor *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct child	*c = &s->children[i];

		if (c->pid == 0 || c->fd < 0 || !c->ready)
			continue;
		c->silent = boot_ping(c->fd) == 0 ? c->silent + 1 : 0;
		if (c->silent >= HUNG_ROUNDS && !s->how->debug) {	/* it may stand in a debugger */
			log_error("%s hangs: no order was read for %d ms", name_of(c), c->silent * s->round_ms);
			kill(c->pid, SIGKILL);
		}
	}
	if (s->phase == RUNNING && all_ready(s))
		sd_notify(0, "WATCHDOG=1");
}

/* Does what is due, and returns the milliseconds until something is. */
static int
run_timers(struct supervisor *s)
{
	static const int	deadlines[] = { STOP_REST_MS, STOP_ALL_MS };
	int64_t			now = now_ms(), next;

	for (size_t i = 0; i < s->n; i++)
		if (s->children[i].start_at != 0 && now >= s->children[i].start_at)
			child_start(s, &s->children[i]);
	if (now >= s->round_at) {
		look_round(s);
		s->round_at = now + s->round_ms;
	}
	next = programs_tick(&s->programs, now, s->round_at);
	for (size_t i = 0; i < s->n; i++)
		if (s->children[i].start_at != 0 && s->children[i].start_at < next)
			next = s->children[i].start_at;
	for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++)
		if (s->phase >= STOPPING_REST && s->stop_at + deadlines[i] > now && s->stop_at + deadlines[i] < next)
			next = s->stop_at + deadlines[i];
	return (int)(next - now);
}

static void
run(struct supervisor *s)
{
	struct pollfd	fds[1 + CHILDREN_MAX + PROGRAMS_MAX];
	int		wait_ms;

	for (;;) {
		if (s->phase >= STOPPING_REST && !stop_step(s, now_ms()))
			return;
		wait_ms = run_timers(s);
		fds[0] = (struct pollfd){ s->signal_fd, POLLIN, 0 };
		for (size_t i = 0; i < s->n; i++)
			fds[1 + i] = (struct pollfd){ s->children[i].fd, POLLIN, 0 };
		programs_poll(&s->programs, &fds[1 + s->n]);
		if (poll(fds, 1 + s->n + PROGRAMS_MAX, wait_ms) < 0)
			continue;
		programs_read(&s->programs, &fds[1 + s->n]);
		for (size_t i = 0; i < s->n; i++)
			if (fds[1 + i].revents != 0 && fds[1 + i].fd == s->children[i].fd)
				listen_to(s, &s->children[i]);
		if (fds[0].revents != 0)
			on_signals(s);
	}
}

/* Nobody looks into our memory, and no file holds it: there are keys in the keeper's.  Sanitizers have to look. */
static void
close_memory(void)
{
	struct rlimit	none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
#ifndef SANITIZED
	prctl(PR_SET_DUMPABLE, 0);
#endif
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* The right to bind low ports, if the service manager gave it, is not for the programs that we start. */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/* As many connections as the system lets us have: a shell's soft limit is made for others. */
static void
raise_files(void)
{
	struct rlimit	l;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0)
		return;
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

static int
signals_open(void)
{
	sigset_t	set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
supervise(const struct supervise *how)
{
	struct supervisor	s = { .how = how, .n = how->n_rows, .round_ms = ROUND_MS };
	uint64_t		watchdog_us;
	char			why[512];

	log_init(process_name(PROC_SUPERVISOR), how->debug ? LOG_L_DEBUG : LOG_L_INFO);
	if (settings_load(&s.settings, how->file, why, sizeof why) != 0) {
		log_error("%s", why);
		return 1;
	}
	settings_apply(&s);
	close_memory();
	raise_files();
	if ((s.signal_fd = signals_open()) < 0) {
		log_error("signalfd: %s", err_text(-errno));
		settings_close(&s.settings);
		return 1;
	}
	if (sd_watchdog_enabled(0, &watchdog_us) > 0 && watchdog_us / 2000 < ROUND_MS)
		s.round_ms = (int)(watchdog_us / 2000) + 1;
	s.round_at = now_ms() + s.round_ms;
	programs_init(&s.programs);
	for (size_t i = 0; i < s.n; i++)
		s.children[i] = (struct child){ .row = &how->rows[i], .fd = -1 };
	for (size_t i = 0; i < s.n; i++)
		child_start(&s, &s.children[i]);
	run(&s);
	programs_kill(&s.programs);
	close(s.signal_fd);
	settings_close(&s.settings);
	log_notice("stopped");
	return s.status;
}
