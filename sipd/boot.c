/*
 * Orders on the wire: a header of four bytes (type, peer, which of the descriptors are there, 0) and the text.  Both ends are the
 * same program, yet a front may have been taken over by a stranger: what the supervisor receives is checked like anything else.
 *
 * A PING is known to this file alone.  boot_receive() eats it, so that an empty queue on the supervisor's side shows that a process
 * still comes to read its orders (boot_ping()).
 */
#include "sipd/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"

enum { HEADER = 4, PING = BOOT_ORDERS };

const struct boot_link	boot_links[] = {
	{ PROC_KEEPER, PROC_SIP },
	{ PROC_KEEPER, PROC_STREAM },
	{ PROC_KEEPER, PROC_WEB },
	{ PROC_SIP, PROC_STREAM },
};
const size_t		n_boot_links = sizeof boot_links / sizeof boot_links[0];

static const char *const process_names[PROCESSES] = {
	[PROC_SUPERVISOR] = "main", [PROC_KEEPER] = "keeper", [PROC_SIP] = "sip", [PROC_STREAM] = "stream",
	[PROC_WEB] = "web",
};

const char *
process_name(enum process p)
{
	return process_names[p];
}

/* Space for the descriptors, aligned as the kernel wants it. */
union control {
	struct cmsghdr	align;
	char		bytes[CMSG_SPACE(BOOT_FDS * sizeof(int))];
};

static int
send_bytes(int fd, struct msghdr *m)
{
	ssize_t	n;

	do
		n = sendmsg(fd, m, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int
boot_send(int fd, const struct boot_order *o)
{
	uint8_t		 bytes[HEADER + BOOT_TEXT] = { (uint8_t)o->type, (uint8_t)o->peer };
	union control	 control = { .bytes = { 0 } };
	struct iovec	 iov = { bytes, HEADER + strnlen(o->text, BOOT_TEXT - 1) };
	struct msghdr	 m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr	*c = &control.align;
	int		 fds[BOOT_FDS];
	size_t		 n = 0;

	for (unsigned i = 0; i < BOOT_FDS; i++) {
		if (o->fds[i] >= 0) {
			fds[n++] = o->fds[i];
			bytes[2] |= (uint8_t)(1u << i);
		}
	}
	memcpy(bytes + HEADER, o->text, iov.iov_len - HEADER);
	if (n > 0) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	return send_bytes(fd, &m);
}

int
boot_ping(int fd)
{
	uint8_t		bytes[HEADER] = { PING };
	struct iovec	iov = { bytes, sizeof bytes };
	struct msghdr	m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int		waiting;

	if (ioctl(fd, SIOCOUTQ, &waiting) != 0)
		return -errno;
	if (waiting > 0)
		return 0;
	return send_bytes(fd, &m) == 0 ? 1 : 0;
}

/* Collects the descriptors of a message; what doesn't fit the mask is closed. */
static int
take_fds(struct msghdr *m, unsigned mask, int fds[BOOT_FDS])
{
	int	 got[BOOT_FDS];
	size_t	 n = 0, used = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		n = n > BOOT_FDS ? BOOT_FDS : n;
		memcpy(got, CMSG_DATA(c), n * sizeof(int));
	}
	for (unsigned i = 0; i < BOOT_FDS; i++)
		fds[i] = (mask >> i & 1) && used < n ? got[used++] : -1;
	if (used == n && mask >> BOOT_FDS == 0 && (unsigned)__builtin_popcount(mask) == n && !(m->msg_flags & (MSG_CTRUNC | MSG_TRUNC)))
		return 0;
	for (size_t i = 0; i < n; i++)
		close(got[i]);
	return -EPROTO;
}

void
boot_close(struct boot_order *o)
{
	for (unsigned i = 0; i < BOOT_FDS; i++)
		if (o->fds[i] >= 0)
			close(o->fds[i]);
}

int
boot_receive(int fd, struct boot_order *o)
{
	uint8_t		 bytes[HEADER + BOOT_TEXT];
	union control	 control;
	struct iovec	 iov = { bytes, sizeof bytes };
	struct msghdr	 m;
	ssize_t		 n;
	int		 rc;

	do {
		m = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		/* ECONNRESET comes once, before what was said last: the other end went without reading all of ours. */
	} while ((n < 0 && (errno == EINTR || errno == ECONNRESET)) || (n == HEADER && bytes[0] == PING));
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	if (n < HEADER)
		bytes[2] = 0;
	if ((rc = take_fds(&m, bytes[2], o->fds)) != 0)
		return rc;
	if (n < HEADER || bytes[0] < ORDER_CHANNEL || bytes[0] >= BOOT_ORDERS || bytes[1] >= PROCESSES) {
		boot_close(o);
		return -EPROTO;
	}
	o->type = (enum boot_order_type)bytes[0];
	o->peer = (enum process)bytes[1];
	n -= HEADER;
	n = n < BOOT_TEXT ? n : BOOT_TEXT - 1;
	memcpy(o->text, bytes + HEADER, (size_t)n);
	o->text[n] = '\0';
	return 1;
}

static int
send_text(int fd, enum boot_order_type type, const char *text)
{
	struct boot_order	o = { .type = type, .fds = { -1, -1, -1 } };
	size_t			n = strnlen(text, BOOT_TEXT - 1);

	memcpy(o.text, text, n);
	o.text[n] = '\0';
	return boot_send(fd, &o);
}

int
boot_ready(int fd, const char *status)
{
	return send_text(fd, ORDER_READY, status);
}

int
boot_fail(int fd, const char *reason)
{
	return send_text(fd, ORDER_FAIL, reason);
}

int
boot_memfd(const char *name, const char *text, size_t n)
{
	int	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t	done;
	int	rc;

	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < n; at += (size_t)done) {
		if ((done = write(fd, text + at, n - at)) < 0) {
			rc = -errno;
			close(fd);
			return rc;
		}
	}
	if ((rc = boot_seal(fd)) != 0)
		close(fd);
	return rc == 0 ? fd : rc;
}

int
boot_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0 ? 0 : -errno;
}

/* Read from the start with pread(2): the offset is shared with everyone who was sent the same memfd. */
char *
boot_bytes(int fd, size_t max, size_t *n_bytes)
{
	struct stat	 st;
	char		*text = NULL;
	size_t		 at = 0, size;
	ssize_t		 n = 1;

	if (fstat(fd, &st) != 0 || st.st_size < 0 || (uint64_t)st.st_size > max)
		goto out;
	size = (size_t)st.st_size;
	if ((text = malloc(size + 1)) == NULL)
		goto out;
	while (at < size && (n = pread(fd, text + at, size - at, (off_t)at)) > 0)
		at += (size_t)n;
	text[at] = '\0';
	if (at < size) {
		free(text);
		text = NULL;
	}
	*n_bytes = at;
out:
	close(fd);
	return text;
}

char *
boot_text(int fd, size_t max)
{
	size_t	n;

	return boot_bytes(fd, max, &n);
}

int
boot_config(const struct boot *b, struct boot_order *o, struct config *conf)
{
	char	*text = boot_text(o->fds[0], CONFIG_MAX_BYTES), why[BOOT_TEXT] = "the configuration can't be read";
	int	 rc = text == NULL ? ERR_UNAVAILABLE : config_parse(conf, b->conf_name, text, why, sizeof why);

	o->fds[0] = -1;
	free(text);
	if (rc != 0)
		log_error("%s", why);
	return rc;
}
