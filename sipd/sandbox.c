/*
 * The sandbox, in this order: what is loaded lazily is loaded, capabilities go (fronts), Landlock takes the file system and TCP
 * ports, seccomp the system calls.  A call that isn't in the table fails with EPERM, so that a library that only tries something
 * goes on; one of the calls that only a taken-over process makes kills it, and the supervisor starts it again.
 */
#include "sipd/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sockios.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"

enum {
	FRONT = 1 << SANDBOX_FRONT,
	STREAM = 1 << SANDBOX_STREAM,
	WEB = 1 << SANDBOX_WEB,
	KEEPER = 1 << SANDBOX_KEEPER,
	FRONTS = FRONT | STREAM | WEB,
	ALL = FRONTS | KEEPER,
};

/* A system call and who may make it. */
struct syscall_row {
	int		 nr;
	unsigned	 profiles;
	const char	*why;
};

#define CALL(name, profiles, why)	{ SCMP_SYS(name), (profiles), (why) }

static const struct syscall_row	allowed[] = {
	/* Channels, sockets, memfds of orders, log lines. */
	CALL(read, ALL, "channels, memfds"),
	CALL(write, ALL, "log lines, wake-ups"),
	CALL(readv, ALL, "libevent's buffers"),
	CALL(writev, ALL, "libevent's buffers"),
	CALL(pread64, ALL, "memfds of orders, LMDB"),
	CALL(close, ALL, "connections, memfds"),
	CALL(recvmsg, ALL, "orders, libsofia"),
	CALL(sendmsg, ALL, "orders, libsofia"),
	CALL(recvfrom, ALL, "sockets"),
	CALL(sendto, ALL, "channels, sockets"),
	CALL(recvmmsg, FRONT, "datagrams, many at once"),
	CALL(sendmmsg, FRONT, "datagrams, many at once"),
	CALL(accept, ALL, "connections; the keeper's are of the control socket"),
	CALL(accept4, ALL, "connections; the keeper's are of the control socket"),
	CALL(connect, ALL, "sip: phones; stream: the sip front, trunks, name servers; web: gateways, name servers; keeper: the name service's socket"),
	CALL(bind, ALL, "fronts: an address to connect from; keeper: the control socket"),
	CALL(listen, KEEPER, "the control socket, again after a reload"),
	CALL(shutdown, ALL, "ends of connections"),
	CALL(getsockopt, ALL, "errors of connections, credentials of the control socket's peers"),
	CALL(setsockopt, ALL, "options of connections"),
	CALL(getsockname, ALL, "local addresses"),
	CALL(getpeername, ALL, "peers' addresses"),
	CALL(fcntl, ALL, "non-blocking, LMDB's locks"),
	CALL(dup, ALL, "stdio"),
	CALL(dup3, KEEPER, "a hot copy that nobody waits for any more"),
	/* Waiting and time. */
	CALL(poll, ALL, "loops"),
	CALL(ppoll, ALL, "loops"),
	CALL(select, ALL, "libsofia's resolver"),
	CALL(pselect6, ALL, "libsofia's resolver"),
	CALL(epoll_create, ALL, "loops"),
	CALL(epoll_create1, ALL, "loops"),
	CALL(epoll_ctl, ALL, "loops"),
	CALL(epoll_wait, ALL, "loops"),
	CALL(epoll_pwait, ALL, "loops"),
	CALL(epoll_pwait2, ALL, "loops"),
	CALL(eventfd2, ALL, "wake-ups between threads"),
	CALL(timerfd_create, ALL, "libevent's timers"),
	CALL(timerfd_settime, ALL, "libevent's timers"),
	CALL(clock_gettime, ALL, "where the vDSO has no answer"),
	CALL(clock_getres, ALL, "libevent at start of a loop"),
	CALL(gettimeofday, ALL, "where the vDSO has no answer"),
	CALL(time, ALL, "where the vDSO has no answer"),
	CALL(clock_nanosleep, ALL, "bounded waits at the end"),
	CALL(nanosleep, ALL, "bounded waits at the end"),
	CALL(restart_syscall, ALL, "the kernel's own, after a stop signal"),
	/* Memory; never executable, see conditions[]. */
	CALL(brk, ALL, "malloc"),
	CALL(munmap, ALL, "malloc"),
	CALL(mremap, ALL, "malloc"),
	CALL(madvise, ALL, "malloc, secrets kept out of dumps"),
	CALL(mlock, ALL, "keys kept out of swap"),
	CALL(mlock2, KEEPER, "a table with secrets, locked as far as it is filled"),
	CALL(munlock, ALL, "keys kept out of swap"),
	CALL(getrandom, ALL, "keys, nonces, tags"),
	/* Threads, signals, the end. */
	CALL(futex, ALL, "locks"),
	CALL(rseq, ALL, "glibc for each thread"),
	CALL(set_robust_list, ALL, "glibc for each thread"),
	CALL(sched_yield, ALL, "locks"),
	CALL(rt_sigaction, ALL, "libraries that ignore SIGPIPE, abort()"),
	CALL(rt_sigprocmask, ALL, "threads, abort()"),
	CALL(rt_sigreturn, ALL, "the end of a signal's handler"),
	CALL(gettid, ALL, "locks that know their owner"),
	CALL(getpid, ALL, "libraries that watch for fork"),
	CALL(exit, ALL, "the end of a thread"),
	CALL(exit_group, ALL, "the end"),
	/* Who and where we are. */
	CALL(uname, ALL, "libsofia, gethostname()"),
	CALL(getuid, ALL, "who we are"),
	CALL(geteuid, ALL, "who we are"),
	CALL(getgid, ALL, "who we are"),
	CALL(getegid, ALL, "who we are"),
	CALL(getppid, ALL, "whether the supervisor lives"),
	CALL(getrusage, ALL, "counters"),
	CALL(sysinfo, ALL, "how many processors, how much memory"),
	CALL(sched_getaffinity, ALL, "how many processors"),
	/* Looking at files.  What there is to see is Landlock's. */
	CALL(fstat, ALL, "stdio, sizes of memfds"),
	CALL(stat, ALL, "the time zone, nsswitch.conf"),
	CALL(lstat, ALL, "the time zone, nsswitch.conf"),
	CALL(newfstatat, ALL, "the time zone, nsswitch.conf"),
	CALL(statx, ALL, "the time zone, nsswitch.conf"),
	CALL(lseek, ALL, "stdio"),
	CALL(access, ALL, "libraries' configuration files"),
	CALL(faccessat, ALL, "libraries' configuration files"),
	CALL(faccessat2, ALL, "libraries' configuration files"),
	CALL(readlink, ALL, "libraries' own names"),
	/* The store, the control socket's file. */
	CALL(open, KEEPER, "store, keys, groups"),
	CALL(openat, KEEPER, "store, keys, groups"),
	CALL(pwrite64, KEEPER, "LMDB"),
	CALL(pwritev, KEEPER, "LMDB"),
	CALL(preadv, KEEPER, "LMDB"),
	CALL(ftruncate, KEEPER, "LMDB"),
	CALL(fallocate, KEEPER, "LMDB"),
	CALL(fdatasync, KEEPER, "LMDB: what was acknowledged is durable"),
	CALL(fsync, KEEPER, "LMDB, key files"),
	CALL(msync, KEEPER, "LMDB"),
	CALL(sync_file_range, KEEPER, "LMDB"),
	CALL(flock, KEEPER, "one keeper a store"),
	CALL(statfs, KEEPER, "free space of the disk"),
	CALL(fstatfs, KEEPER, "free space of the disk"),
	CALL(getdents64, KEEPER, "the state folder"),
	CALL(mkdir, KEEPER, "the state folder"),
	CALL(mkdirat, KEEPER, "the state folder"),
	CALL(unlink, KEEPER, "the control socket of a dead keeper"),
	CALL(unlinkat, KEEPER, "the control socket of a dead keeper"),
	CALL(rename, KEEPER, "key files and backups appear whole"),
	CALL(renameat, KEEPER, "key files and backups appear whole"),
	CALL(renameat2, KEEPER, "key files and backups appear whole"),
	CALL(link, KEEPER, "key files appear whole"),
	CALL(linkat, KEEPER, "key files appear whole"),
	CALL(chmod, KEEPER, "the control socket's rights"),
	CALL(fchmod, KEEPER, "the control socket's rights"),
	CALL(fchmodat, KEEPER, "the control socket's rights"),
	CALL(umask, KEEPER, "files made with exact rights"),
	CALL(getgroups, KEEPER, "peers' roles"),
	CALL(pipe2, KEEPER, "LMDB's hot copy"),
#ifdef SANITIZED
	/* AddressSanitizer: stacks of handlers, names of mappings, probing of addresses in a report. */
	CALL(sigaltstack, ALL, "AddressSanitizer"),
	CALL(prctl, ALL, "AddressSanitizer"),
	CALL(mincore, ALL, "AddressSanitizer"),
	CALL(pipe, ALL, "AddressSanitizer"),
	CALL(readlinkat, ALL, "AddressSanitizer"),
#endif
};

/* Calls that depend on their arguments: allowed where (argument & mask) == value, of both conditions where there are two. */
struct condition_row {
	int			nr;
	unsigned		profiles;
	unsigned		n;
	struct scmp_arg_cmp	args[2];
};

#define WHEN(a, m, v)	{ .arg = (a), .op = SCMP_CMP_MASKED_EQ, .datum_a = (m), .datum_b = (v) }
#define INT		UINT32_MAX	/* an int argument; what stands above it is nobody's */
enum { SOCKET_TYPE = 0xf };		/* of socket()'s second argument, without SOCK_CLOEXEC and SOCK_NONBLOCK */

static const struct condition_row	conditions[] = {
	/* No new code: what runs is what was mapped at start. */
	{ SCMP_SYS(mmap), ALL, 1, { WHEN(2, PROT_EXEC, 0) } },
	{ SCMP_SYS(mprotect), ALL, 1, { WHEN(2, PROT_EXEC, 0) } },
	/* Sockets: the fronts TCP and UDP (the stream process asks name servers), the keeper nothing that leaves the machine. */
	{ SCMP_SYS(socket), FRONTS, 2, { WHEN(0, INT, AF_INET), WHEN(1, SOCKET_TYPE, SOCK_STREAM) } },
	{ SCMP_SYS(socket), FRONTS, 2, { WHEN(0, INT, AF_INET6), WHEN(1, SOCKET_TYPE, SOCK_STREAM) } },
	{ SCMP_SYS(socket), FRONTS, 2, { WHEN(0, INT, AF_INET), WHEN(1, SOCKET_TYPE, SOCK_DGRAM) } },
	{ SCMP_SYS(socket), FRONTS, 2, { WHEN(0, INT, AF_INET6), WHEN(1, SOCKET_TYPE, SOCK_DGRAM) } },
	{ SCMP_SYS(socket), KEEPER, 1, { WHEN(0, INT, AF_UNIX) } },
	/* Fronts write no file: the time zone and /dev/urandom are all they read. */
	{ SCMP_SYS(open), FRONTS, 1, { WHEN(1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY) } },
	{ SCMP_SYS(openat), FRONTS, 1, { WHEN(2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY) } },
	/* No typing into the operator's terminal (TIOCSTI): bytes that wait, non-blocking, "is stderr a terminal". */
	{ SCMP_SYS(ioctl), ALL, 1, { WHEN(1, INT, FIONREAD) } },
	{ SCMP_SYS(ioctl), ALL, 1, { WHEN(1, INT, FIONBIO) } },
	{ SCMP_SYS(ioctl), ALL, 1, { WHEN(1, INT, SIOCOUTQ) } },
	{ SCMP_SYS(ioctl), ALL, 1, { WHEN(1, INT, TCGETS) } },
	/* Threads but no processes; glibc falls back to clone() where clone3() does not exist, see errors[]. */
	{ SCMP_SYS(clone), KEEPER, 1, { WHEN(0, CLONE_THREAD, CLONE_THREAD) } },
	{ SCMP_SYS(prctl), ALL, 1, { WHEN(0, INT, PR_SET_NAME) } },
	/* Own limits are read, not changed. */
	{ SCMP_SYS(prlimit64), ALL, 2, { WHEN(0, INT, 0), WHEN(2, UINT64_MAX, 0) } },
	{ SCMP_SYS(getrlimit), ALL, 0, { { 0 } } },
};

/* Calls that nothing of ours makes, and every shell code does. */
static const int	killing[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
};

static int
add_rules(scmp_filter_ctx ctx, unsigned me)
{
	struct scmp_arg_cmp	self = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid() };
	int			rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof allowed / sizeof allowed[0]; i++)
		if ((allowed[i].profiles & me) && allowed[i].nr >= 0)	/* negative: not on this machine */
			rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, allowed[i].nr, 0, NULL);
	for (size_t i = 0; rc == 0 && i < sizeof conditions / sizeof conditions[0]; i++)
		if ((conditions[i].profiles & me) && conditions[i].nr >= 0)
			rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, conditions[i].nr, conditions[i].n, conditions[i].args);
	for (size_t i = 0; rc == 0 && i < sizeof killing / sizeof killing[0]; i++)
		rc = seccomp_rule_add_array(ctx, SCMP_ACT_KILL_PROCESS, killing[i], 0, NULL);
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (rc == 0)	/* abort(): a signal to oneself */
		rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self);
	return rc;
}

static int
enter_seccomp(unsigned me)
{
	scmp_filter_ctx	ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int		rc = -ENOMEM;

	if (ctx == NULL)
		return rc;
	if ((rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2)) == 0 && (rc = add_rules(ctx, me)) == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}

/* The kernel's interface, with what Debian's header is too old for. */
struct ruleset {
	uint64_t	fs, net, scoped;
};
struct path_rule {
	uint64_t	access;
	int32_t		fd;
} __attribute__((packed));
struct port_rule {
	uint64_t	access, port;
};

enum { RULE_PATH = 1, RULE_PORT = 2, ASK_VERSION = 1, BIND_TCP = 1, CONNECT_TCP = 2, SCOPES = 3 };
enum {
	FS_EXECUTE = 1 << 0, FS_WRITE_FILE = 1 << 1, FS_READ_FILE = 1 << 2, FS_READ_DIR = 1 << 3, FS_MAKE_CHAR = 1 << 6,
	FS_MAKE_BLOCK = 1 << 11, FS_TRUNCATE = 1 << 14, FS_IOCTL_DEV = 1 << 15,
};

/* What each version of Landlock knows: how many bits of files there are, whether TCP ports, whether scopes. */
static const struct {
	unsigned	fs_bits;
	uint64_t	net, scoped;
} abis[] = {
	{ 0, 0, 0 }, { 13, 0, 0 }, { 14, 0, 0 }, { 15, 0, 0 }, { 15, BIND_TCP | CONNECT_TCP, 0 }, { 16, BIND_TCP | CONNECT_TCP, 0 },
	{ 16, BIND_TCP | CONNECT_TCP, SCOPES },
};

/*
 * What stays readable: the time zone; random numbers, for libraries that ask no other way (libsofia, jansson); users and groups, for
 * the roles of the control socket's peers.
 */
static const struct {
	const char	*path;
	unsigned	 profiles;
} readable[] = {
	{ "/etc/localtime", FRONTS },
	{ "/usr/share/zoneinfo", ALL },
	{ "/dev/urandom", ALL },
	{ "/etc", KEEPER },
};

static int
allow_path(int ruleset, const char *path, uint64_t access)
{
	struct path_rule	rule = { .fd = open(path, O_PATH | O_CLOEXEC) };
	struct stat		st;
	int			rc = 0;

	if (rule.fd < 0 || fstat(rule.fd, &st) != 0) {
		rc = -errno;
	} else {
		rule.access = S_ISDIR(st.st_mode) ? access
		    : access & (FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV);
		if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0) != 0)
			rc = -errno;
	}
	if (rule.fd >= 0)
		close(rule.fd);
	return rc;
}

static int
allow_paths(int ruleset, unsigned me, uint64_t all, const char *const *paths, char *why, size_t size)
{
	uint64_t	writable = all & ~(uint64_t)(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK);
	int		rc;

	for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++) {
		if (!(readable[i].profiles & me))
			continue;
		rc = allow_path(ruleset, readable[i].path, all & (FS_READ_FILE | FS_READ_DIR));
		if (rc != 0 && rc != -ENOENT) {
			snprintf(why, size, "sandbox: %s: %s", readable[i].path, err_text(rc));
			return rc;
		}
	}
	for (; paths != NULL && *paths != NULL; paths++) {
		if ((rc = allow_path(ruleset, *paths, writable)) != 0) {
			snprintf(why, size, "sandbox: %s: %s", *paths, err_text(rc));
			return rc;
		}
	}
	return 0;
}

static int
enter_landlock(unsigned me, const char *const *paths, char *why, size_t size)
{
	long			version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
	const size_t		newest = sizeof abis / sizeof abis[0] - 1;
	struct ruleset		r;
	struct port_rule	any_port = { .access = BIND_TCP };
	size_t			abi;
	int			fd, rc;

	if (version <= 0) {	/* a kernel without it, or a container's filter in front of it */
		log_warn("no Landlock here (%s): the file system stays visible", err_text(-errno));
		return 0;
	}
	abi = (size_t)version < newest ? (size_t)version : newest;
	/* Fronts connect to ports that nobody knows in advance, and bind only to ones that the system chooses (port 0). */
	r = (struct ruleset){ (1ull << abis[abi].fs_bits) - 1, abis[abi].net & ~(me & KEEPER ? 0 : (uint64_t)CONNECT_TCP),
		abis[abi].scoped };
	fd = (int)syscall(SYS_landlock_create_ruleset, &r, abi < 4 ? 8 : abi < 6 ? 16 : sizeof r, 0);
	if (fd < 0) {
		rc = -errno;
		snprintf(why, size, "sandbox: Landlock: %s", err_text(rc));
		return rc;
	}
	rc = allow_paths(fd, me, r.fs, paths, why, size);
	if (rc == 0 && ((!(me & KEEPER) && r.net != 0 && syscall(SYS_landlock_add_rule, fd, RULE_PORT, &any_port, 0) != 0) ||
	    syscall(SYS_landlock_restrict_self, fd, 0) != 0)) {
		rc = -errno;
		snprintf(why, size, "sandbox: Landlock: %s", err_text(rc));
	}
	close(fd);
	return rc;
}

/* Landlock binds the calling thread and those that it makes, not ones that are there already. */
static bool
has_threads(void)
{
	DIR	*dir = opendir("/proc/self/task");
	int	 n = 0;

	if (dir == NULL)
		return false;
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n > 1;
}

/* A front that was started by root, or with the right to bind low ports, has bound them. */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct	head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct	none[_LINUX_CAPABILITY_U32S_3] = { { 0, 0, 0 } };

	return syscall(SYS_capset, &head, none) == 0 ? 0 : -errno;
}

int
sandbox_enter(enum sandbox_profile profile, const char *const *paths, char *why, size_t size)
{
	unsigned	me = 1u << profile;
	int		rc;

	if (has_threads()) {
		snprintf(why, size, "sandbox: entered after threads were made");
		return -EBUSY;
	}
	tzset();
	if (me & KEEPER) {	/* the name service's modules can't be mapped any more afterwards */
		getpwuid(getuid());
		getgrgid(getgid());
	} else if ((rc = drop_capabilities()) != 0) {
		snprintf(why, size, "sandbox: capabilities: %s", err_text(rc));
		return rc;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		rc = -errno;
		snprintf(why, size, "sandbox: no_new_privs: %s", err_text(rc));
		return rc;
	}
	if ((rc = enter_landlock(me, paths, why, size)) != 0)
		return rc;
	if ((rc = enter_seccomp(me)) != 0)
		snprintf(why, size, "sandbox: seccomp: %s", err_text(rc));
	return rc;
}
