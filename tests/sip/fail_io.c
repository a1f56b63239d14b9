/*
 * A library for LD_PRELOAD that has the n-th write or sync of files in a folder fail, as a disk does.  FAIL_UNDER is that folder, FAIL_IO a file of
 * the size of struct orders, which the test maps, too, and writes its orders into: so the calls of all processes that are ever started are counted.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FDS = 1024, HEADER_BYTES = 8192 };

/* tests/sip/messages_faults.py knows it by its layout. */
struct orders {
	_Atomic int64_t	in;		/* calls until the first that fails; 0: none */
	_Atomic int64_t	burst;		/* how many fail from there on */
	_Atomic int64_t	error;		/* with this errno */
	_Atomic int64_t	failed;		/* so many did */
	_Atomic int64_t	what;		/* the last of them: its place in enum what */
	_Atomic int64_t	calls;		/* all that were counted */
	_Atomic int64_t	header;		/* 1: only writes to a file's first pages count, where LMDB has its header */
};

enum what { WRITE, PWRITE, WRITEV, FDATASYNC, FSYNC, MSYNC, FTRUNCATE };

static struct orders	*orders;
static const char	*under;
static bool		 is_watched[FDS], watches;

static void __attribute__((constructor))
begin(void)
{
	const char	*file = getenv("FAIL_IO");
	int		 fd;
	void		*p;

	under = getenv("FAIL_UNDER");
	if (file == NULL || under == NULL || (fd = open(file, O_RDWR | O_CLOEXEC)) < 0)
		return;
	p = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		orders = p;
}

/* The C library's own; a function's address comes as an object's. */
static void
next(const char *name, void *fn, size_t n)
{
	void	*p = dlsym(RTLD_NEXT, name);

	if (p == NULL)
		abort();
	memcpy(fn, &p, n);
}

#define NEXT(name, fn)	do { if ((fn) == NULL) next((name), &(fn), sizeof (fn)); } while (0)

/* Counts a call; true: it is to fail, and errno is set. */
static bool
fails(enum what what)
{
	int64_t	left;

	if (orders == NULL || (what != PWRITE && atomic_load(&orders->header) != 0))
		return false;
	atomic_fetch_add(&orders->calls, 1);
	if (atomic_load(&orders->in) <= 0 || (left = atomic_fetch_sub(&orders->in, 1)) > 1)
		return false;
	if (left == 1 && atomic_fetch_sub(&orders->burst, 1) > 1)
		atomic_store(&orders->in, 1);
	atomic_store(&orders->what, what);
	atomic_fetch_add(&orders->failed, 1);
	errno = atomic_load(&orders->error) == 0 ? EIO : (int)atomic_load(&orders->error);
	return true;
}

static bool
fails_on(int fd, enum what what)
{
	return fd >= 0 && fd < FDS && is_watched[fd] && fails(what);
}

int
open(const char *path, int flags, ...)
{
	static int	(*real)(const char *, int, ...);
	va_list		ap;
	mode_t		mode = 0;
	int		fd;

	NEXT("open", real);
	if (flags & (O_CREAT | __O_TMPFILE)) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	fd = real(path, flags, mode);
	if (fd >= 0 && fd < FDS && orders != NULL) {
		is_watched[fd] = strncmp(path, under, strlen(under)) == 0;
		watches |= is_watched[fd];
	}
	return fd;
}

int
close(int fd)
{
	static int	(*real)(int);

	NEXT("close", real);
	if (fd >= 0 && fd < FDS)
		is_watched[fd] = false;
	return real(fd);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	static ssize_t	(*real)(int, const void *, size_t);

	NEXT("write", real);
	return fails_on(fd, WRITE) ? -1 : real(fd, p, n);
}

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	static ssize_t	(*real)(int, const void *, size_t, off_t);

	NEXT("pwrite", real);
	if (orders != NULL && atomic_load(&orders->header) != 0 && at >= HEADER_BYTES)
		return real(fd, p, n, at);
	return fails_on(fd, PWRITE) ? -1 : real(fd, p, n, at);
}

ssize_t
writev(int fd, const struct iovec *v, int n)
{
	static ssize_t	(*real)(int, const struct iovec *, int);

	NEXT("writev", real);
	return fails_on(fd, WRITEV) ? -1 : real(fd, v, n);
}

int
fdatasync(int fd)
{
	static int	(*real)(int);

	NEXT("fdatasync", real);
	return fails_on(fd, FDATASYNC) ? -1 : real(fd);
}

int
fsync(int fd)
{
	static int	(*real)(int);

	NEXT("fsync", real);
	return fails_on(fd, FSYNC) ? -1 : real(fd);
}

int
msync(void *p, size_t n, int flags)
{
	static int	(*real)(void *, size_t, int);

	NEXT("msync", real);
	return watches && fails(MSYNC) ? -1 : real(p, n, flags);
}

int
ftruncate(int fd, off_t n)
{
	static int	(*real)(int, off_t);

	NEXT("ftruncate", real);
	return fails_on(fd, FTRUNCATE) ? -1 : real(fd, n);
}
