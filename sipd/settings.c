/*
 * The private key must not be in the memory of those that are forked to meet strangers: it goes from its file to a memfd through a
 * buffer that is wiped, and OpenSSL looks at it in a process of its own that is gone right after.
 */
#include "sipd/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"

enum { PEM_CERTIFICATE, PEM_KEY, PEM_CLIENT_CA, PEM_MAX = 1024 * 1024, WHY_MAX = 512 };

static const char *const pem_keys[BOOT_FDS] = {
	[PEM_CERTIFICATE] = "tls.certificate", [PEM_KEY] = "tls.key", [PEM_CLIENT_CA] = "tls.client_ca",
};

static const char *
pem_path(const struct config *c, int which)
{
	const char	*paths[BOOT_FDS] = {
		[PEM_CERTIFICATE] = c->tls.certificate, [PEM_KEY] = c->tls.key, [PEM_CLIENT_CA] = c->tls.client_ca,
	};

	return paths[which];
}

/* Copies the whole of from into to.  0, -errno, ERR_TOO_LARGE. */
static int
copy(int from, int to)
{
	char	buf[4096];
	ssize_t	n;
	size_t	total = 0;
	int	rc = 0;

	while (rc == 0 && (n = read(from, buf, sizeof buf)) != 0) {
		if (n < 0 || write(to, buf, (size_t)n) != n)
			rc = -errno;
		else if ((total += (size_t)n) > PEM_MAX)
			rc = ERR_TOO_LARGE;
	}
	explicit_bzero(buf, sizeof buf);
	return rc;
}

static int
file_to_memfd(const char *path, int *out)
{
	int	from = open(path, O_RDONLY | O_CLOEXEC), to, rc;

	if (from < 0)
		return -errno;
	to = memfd_create("pem", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	rc = to < 0 ? -errno : copy(from, to);
	if (rc == 0)
		rc = boot_seal(to);
	close(from);
	if (rc != 0 && to >= 0)
		close(to);
	if (rc == 0)
		*out = to;
	return rc;
}

/* No passphrase: nobody is there to type it. */
static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf, (void)size, (void)writing, (void)arg;
	return -1;
}

static BIO *
pem_open(int fd)
{
	char	*text = boot_text(dup(fd), PEM_MAX);	/* the process ends before it matters that nobody frees it */

	return text == NULL ? NULL : BIO_new_mem_buf(text, -1);
}

/* NULL, or what is wrong with the one named by *which. */
static const char *
pem_fault(const struct settings *s, int *which)
{
	X509		*cert = NULL;
	EVP_PKEY	*key = NULL;
	BIO		*bio;

	*which = PEM_CERTIFICATE;
	if ((bio = pem_open(s->pem_fds[PEM_CERTIFICATE])) == NULL || (cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) == NULL)
		return "holds no certificate";
	*which = PEM_KEY;
	if ((bio = pem_open(s->pem_fds[PEM_KEY])) == NULL || (key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL)) == NULL)
		return "holds no private key that is readable without a passphrase";
	if (X509_check_private_key(cert, key) != 1)
		return "does not belong to the certificate";
	*which = PEM_CLIENT_CA;
	if (s->pem_fds[PEM_CLIENT_CA] >= 0 && ((bio = pem_open(s->pem_fds[PEM_CLIENT_CA])) == NULL ||
	    PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) == NULL))
		return "holds no certificate";
	return NULL;
}

static int
pem_check(const struct settings *s, const char *file, char *why, size_t size)
{
	int		 ends[2], which = 0, status = -1;
	const char	*fault;
	ssize_t		 n;
	pid_t		 pid;

	if (pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		snprintf(why, size, "%s: %s", file, err_text(-errno));
		return -errno;
	}
	if (pid == 0) {
		if ((fault = pem_fault(s, &which)) != NULL)
			dprintf(ends[1], "%s: %s: %s: %s", file, pem_keys[which], pem_path(&s->conf, which), fault);
		_exit(fault != NULL);
	}
	close(ends[1]);
	n = read(ends[0], why, size - 1);
	why[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (status == 0)
		return 0;
	if (n <= 0)
		snprintf(why, size, "%s: the TLS files could not be checked", file);
	return ERR_INVALID;
}

static bool
has_tls(const struct config *c)
{
	for (uint32_t i = 0; i < c->n_listens; i++)
		if (c->listens[i].transport == TRANSPORT_TLS)
			return true;
	return false;
}

static int
pem_load(struct settings *s, const char *file, char *why, size_t size)
{
	int	rc;

	if (!has_tls(&s->conf))
		return 0;
	for (int i = 0; i < BOOT_FDS; i++) {
		if (pem_path(&s->conf, i)[0] == '\0')
			continue;
		if ((rc = file_to_memfd(pem_path(&s->conf, i), &s->pem_fds[i])) != 0) {
			snprintf(why, size, "%s: %s: %s: %s", file, pem_keys[i], pem_path(&s->conf, i), err_text(rc));
			return rc;
		}
	}
	return pem_check(s, file, why, size);
}

/* A file of the system's, or the one that stands in its place. */
static const char *
files_path(const struct config *c, int which)
{
	const char	*paths[BOOT_FDS] = {
		[FILES_RESOLV] = "/etc/resolv.conf", [FILES_HOSTS] = "/etc/hosts",
		[FILES_CA] = c->trunks.ca[0] != '\0' ? c->trunks.ca : "/etc/ssl/certs/ca-certificates.crt",
	};

	return paths[which];
}

static bool
holds_certificate(int fd)
{
	char	*text = boot_text(dup(fd), PEM_MAX);
	bool	 holds = text != NULL && strstr(text, "CERTIFICATE-----") != NULL;

	free(text);
	return holds;
}

static int
files_load(struct settings *s, const char *file, char *why, size_t size)
{
	int	rc;

	for (int i = 0; i < BOOT_FDS; i++) {
		const char	*path = files_path(&s->conf, i);
		bool		 wanted = i == FILES_CA && s->conf.trunks.ca[0] != '\0';

		rc = file_to_memfd(path, &s->files_fds[i]);
		if (wanted && (rc != 0 || !holds_certificate(s->files_fds[i]))) {
			snprintf(why, size, "%s: trunks.ca: %s: %s", file, path, rc != 0 ? err_text(rc) : "holds no certificate");
			return rc != 0 ? rc : ERR_INVALID;
		}
		if (rc != 0 && rc != -ENOENT)
			log_warn("%s: %s", path, err_text(rc));
	}
	return 0;
}

static void
fds_close(int fds[BOOT_FDS])
{
	for (int i = 0; i < BOOT_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

int
settings_load(struct settings *s, const char *file, char *why, size_t size)
{
	char	*text;
	int	 rc;

	s->text_fd = -1;
	for (int i = 0; i < BOOT_FDS; i++)
		s->pem_fds[i] = s->files_fds[i] = -1;
	if ((rc = config_read(file, &text, why, size)) != 0)
		return rc;
	if ((rc = config_parse(&s->conf, file, text, why, size)) == 0) {
		s->text_fd = rc = boot_memfd("configuration", text, strlen(text));
		if (rc < 0)
			snprintf(why, size, "%s: %s", file, err_text(rc));
	}
	free(text);
	if (rc >= 0)
		rc = pem_load(s, file, why, size);
	if (rc == 0)
		rc = files_load(s, file, why, size);
	if (rc != 0)
		settings_close(s);
	return rc;
}

void
settings_close(struct settings *s)
{
	if (s->text_fd >= 0)
		close(s->text_fd);
	s->text_fd = -1;
	fds_close(s->pem_fds);
	fds_close(s->files_fds);
}
