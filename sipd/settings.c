/*
 * The private key must not be in the memory of those that are forked to meet strangers: it goes from its file to a memfd through a
 * buffer that is wiped, and OpenSSL looks at it in a process of its own that is gone right after.
 */
#include "sipd/settings.h"

#include <dirent.h>
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
#include "core/web.h"
#include "sipd/prompt_files.h"

enum { PEM_CERTIFICATE, PEM_KEY, PEM_CLIENT_CA, PEM_MAX = 1024 * 1024, WHY_MAX = 512 };

/* The PEM files of one server, and how the configuration calls them. */
struct pem {
	const char	*keys[BOOT_FDS], *paths[BOOT_FDS];
};

static struct pem
pem_of_stream(const struct config *c)
{
	return (struct pem){ { "tls.certificate", "tls.key", "tls.client_ca" }, { c->tls.certificate, c->tls.key, c->tls.client_ca } };
}

static struct pem
pem_of_web(const struct config *c)
{
	return (struct pem){ { "http.certificate", "http.key", "" }, { c->http.certificate, c->http.key, "" } };
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
pem_fault(const int fds[BOOT_FDS], int *which)
{
	X509		*cert = NULL;
	EVP_PKEY	*key = NULL;
	BIO		*bio;

	*which = PEM_CERTIFICATE;
	if ((bio = pem_open(fds[PEM_CERTIFICATE])) == NULL || (cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) == NULL)
		return "holds no certificate";
	*which = PEM_KEY;
	if ((bio = pem_open(fds[PEM_KEY])) == NULL || (key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL)) == NULL)
		return "holds no private key that is readable without a passphrase";
	if (X509_check_private_key(cert, key) != 1)
		return "does not belong to the certificate";
	*which = PEM_CLIENT_CA;
	if (fds[PEM_CLIENT_CA] >= 0 && ((bio = pem_open(fds[PEM_CLIENT_CA])) == NULL ||
	    PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) == NULL))
		return "holds no certificate";
	return NULL;
}

static int
pem_check(const struct pem *pem, const int fds[BOOT_FDS], const char *file, char *why, size_t size)
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
		if ((fault = pem_fault(fds, &which)) != NULL)
			dprintf(ends[1], "%s: %s: %s: %s", file, pem->keys[which], pem->paths[which], fault);
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

static int
pem_load(const struct pem *pem, int fds[BOOT_FDS], const char *file, char *why, size_t size)
{
	int	rc;

	for (int i = 0; i < BOOT_FDS; i++) {
		if (pem->paths[i][0] == '\0')
			continue;
		if ((rc = file_to_memfd(pem->paths[i], &fds[i])) != 0) {
			snprintf(why, size, "%s: %s: %s: %s", file, pem->keys[i], pem->paths[i], err_text(rc));
			return rc;
		}
	}
	return pem_check(pem, fds, file, why, size);
}

static bool
holds_certificate(int fd)
{
	char	*text = boot_text(dup(fd), PEM_MAX);
	bool	 holds = text != NULL && strstr(text, "CERTIFICATE-----") != NULL;

	free(text);
	return holds;
}

/* Names, and the authorities: those of ca, which the configuration calls key, else the system's. */
static int
names_load(int fds[BOOT_FDS], const char *key, const char *ca, const char *file, char *why, size_t size)
{
	const char	*paths[BOOT_FDS] = {
		[FILES_RESOLV] = "/etc/resolv.conf", [FILES_HOSTS] = "/etc/hosts",
		[FILES_CA] = ca[0] != '\0' ? ca : "/etc/ssl/certs/ca-certificates.crt",
	};
	int		 rc;

	for (int i = 0; i < BOOT_FDS; i++) {
		bool	wanted = i == FILES_CA && ca[0] != '\0';

		rc = file_to_memfd(paths[i], &fds[i]);
		if (wanted && (rc != 0 || !holds_certificate(fds[i]))) {
			snprintf(why, size, "%s: %s: %s: %s", file, key, paths[i], rc != 0 ? err_text(rc) : "holds no certificate");
			return rc != 0 ? rc : ERR_INVALID;
		}
		if (rc != 0 && rc != -ENOENT)
			log_warn("%s: %s", paths[i], err_text(rc));
	}
	return 0;
}

static int
is_template(const struct dirent *e)
{
	size_t	n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".html") == 0;
}

/* Adds a file to all, as templates_new() takes it. */
static int
template_add(const char *dir, const char *name, char *all, size_t *n)
{
	char	path[2 * CONFIG_TEXT + 2];
	ssize_t	got = -1;
	int	fd, rc = 0;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	*n += (size_t)snprintf(all + *n, TEMPLATES_TEXT - *n, "\f%.*s\n", (int)strlen(name) - 5, name);
	if (*n >= TEMPLATES_TEXT)
		return ERR_TOO_LARGE;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return -errno;
	while (rc == 0 && got != 0) {
		if ((got = read(fd, all + *n, TEMPLATES_TEXT - *n)) < 0)
			rc = -errno;
		else if (memchr(all + *n, '\0', (size_t)got) != NULL || memchr(all + *n, '\f', (size_t)got) != NULL)
			rc = ERR_INVALID;	/* no text */
		else if ((*n += (size_t)got) >= TEMPLATES_TEXT)
			rc = ERR_TOO_LARGE;
	}
	close(fd);
	return rc;
}

/* All templates of the folder in one text. */
static int
templates_read(const char *dir, char *all, char *why, size_t size)
{
	struct dirent	**entries;
	int		  count = scandir(dir, &entries, is_template, alphasort), rc = 0;
	size_t		  n = 0;

	if (count < 0) {
		rc = -errno;
		snprintf(why, size, "http.templates: %s: %s", dir, err_text(rc));
		return rc;
	}
	for (int i = 0; i < count; i++) {
		if (rc == 0 && (rc = template_add(dir, entries[i]->d_name, all, &n)) != 0)
			snprintf(why, size, "%s/%s: %s", dir, entries[i]->d_name, err_text(rc));
		free(entries[i]);
	}
	free(entries);
	all[n < TEMPLATES_TEXT ? n : 0] = '\0';
	return rc;
}

static int
pages_load(struct settings_files *f, const struct config *c, char *why, size_t size)
{
	const char		*dir = c->http.templates[0] != '\0' ? c->http.templates : DATADIR "/web";
	char			*all = malloc(TEMPLATES_TEXT);
	struct templates	*checked;
	int			 rc = -ENOMEM;

	(void)snprintf(why, size, "out of memory");
	if (all != NULL && (rc = templates_read(dir, all, why, size)) == 0) {
		checked = templates_new(all, dir, web_pages, n_web_pages, why, size);
		rc = checked == NULL ? ERR_INVALID : (f->pages_fd = boot_memfd("pages", all, strlen(all)));
		templates_free(checked);
	}
	free(all);
	return rc < 0 ? rc : 0;
}

/* The web process's server is off where http.listen is empty; its client may be needed still. */
static int
web_load(struct settings *s, const char *file, char *why, size_t size)
{
	struct pem	pem = pem_of_web(&s->conf);
	int		rc = 0;

	if (s->conf.http.listen[0] != '\0' && (rc = pem_load(&pem, s->web.pem_fds, file, why, size)) == 0)
		rc = pages_load(&s->web, &s->conf, why, size);
	return rc != 0 ? rc : names_load(s->web.names_fds, "http.ca", s->conf.http.ca, file, why, size);
}

static int
stream_load(struct settings *s, const char *file, char *why, size_t size)
{
	struct pem	pem = pem_of_stream(&s->conf);
	int		rc = config_listens(&s->conf, TRANSPORT_TLS) ? pem_load(&pem, s->stream.pem_fds, file, why, size) : 0;

	return rc != 0 ? rc : names_load(s->stream.names_fds, "trunks.ca", s->conf.trunks.ca, file, why, size);
}

/* Without a folder in the configuration those that were installed, if they were. */
static int
prompts_load(struct settings *s, const char *file, char *why, size_t size)
{
	const struct config	*c = &s->conf;
	const char		*dir = c->announce.directory[0] != '\0' ? c->announce.directory : DATADIR "/prompts";
	char			 what[WHY_MAX];
	int			 rc;

	if (c->announce.directory[0] == '\0' && access(dir, F_OK) != 0)
		return 0;
	rc = prompt_files_load(dir, c->announce.language, &s->prompts_fd, what, sizeof what);
	if (rc != 0)
		snprintf(why, size, "%s: announce.directory: %s", file, what);
	return rc;
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

static void
files_init(struct settings_files *f)
{
	f->pages_fd = -1;
	for (int i = 0; i < BOOT_FDS; i++)
		f->pem_fds[i] = f->names_fds[i] = -1;
}

static void
files_close(struct settings_files *f)
{
	fds_close(f->pem_fds);
	fds_close(f->names_fds);
	if (f->pages_fd >= 0)
		close(f->pages_fd);
	f->pages_fd = -1;
}

int
settings_load(struct settings *s, const char *file, char *why, size_t size)
{
	char	*text;
	int	 rc;

	s->text_fd = s->prompts_fd = -1;
	files_init(&s->stream);
	files_init(&s->web);
	if ((rc = config_read(file, &text, why, size)) != 0)
		return rc;
	if ((rc = config_parse(&s->conf, file, text, why, size)) == 0) {
		s->text_fd = rc = boot_memfd("configuration", text, strlen(text));
		if (rc < 0)
			snprintf(why, size, "%s: %s", file, err_text(rc));
	}
	free(text);
	if (rc >= 0)
		rc = stream_load(s, file, why, size);
	if (rc == 0)
		rc = web_load(s, file, why, size);
	if (rc == 0)
		rc = prompts_load(s, file, why, size);
	if (rc != 0)
		settings_close(s);
	return rc;
}

void
settings_close(struct settings *s)
{
	if (s->text_fd >= 0)
		close(s->text_fd);
	if (s->prompts_fd >= 0)
		close(s->prompts_fd);
	s->text_fd = s->prompts_fd = -1;
	files_close(&s->stream);
	files_close(&s->web);
}

const struct settings_files *
settings_files(const struct settings *s, enum process p)
{
	return p == PROC_STREAM ? &s->stream : p == PROC_WEB ? &s->web : NULL;
}
