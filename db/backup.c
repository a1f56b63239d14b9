#include "db/backup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/varint.h"
#include "db/seal.h"

enum { HASH = 32, HEAD = BACKUP_TRAILER - HASH, MAGIC = 16, PAGE = 4096, READ = 65536 };

static const char	magic[] = "wirechief-backup";

void
backup_begin(struct backup_hash *h, const struct seal *seal)
{
	uint8_t	key[32];

	seal_subkey(seal, 1, "wc-bckup", key);
	(void)crypto_generichash_init(&h->state, key, sizeof key, HASH);
	sodium_memzero(key, sizeof key);
	h->bytes = 0;
}

void
backup_add(struct backup_hash *h, const uint8_t *bytes, size_t n)
{
	(void)crypto_generichash_update(&h->state, bytes, n);
	h->bytes += n;
}

void
backup_end(struct backup_hash *h, int64_t made_at, uint8_t trailer[BACKUP_TRAILER])
{
	memcpy(trailer, magic, MAGIC);
	be64_put(trailer + MAGIC, h->bytes);
	be64_put(trailer + MAGIC + 8, (uint64_t)made_at);
	(void)crypto_generichash_update(&h->state, trailer, HEAD);
	(void)crypto_generichash_final(&h->state, trailer + HEAD, HASH);
	sodium_memzero(&h->state, sizeof h->state);
}

/* Reads n bytes at an offset.  0, -errno; -EIO where the file ends before. */
static int
read_at(int fd, uint8_t *out, size_t n, uint64_t at)
{
	ssize_t	got;

	for (; n > 0; out += got, n -= (size_t)got, at += (uint64_t)got) {
		got = pread(fd, out, n, (off_t)at);
		if (got < 0 && errno == EINTR)
			got = 0;
		else if (got <= 0)
			return got < 0 ? -errno : -EIO;
	}
	return 0;
}

static int
hash_file(int fd, const struct seal *seal, struct backup_file *f, uint8_t trailer[BACKUP_TRAILER])
{
	struct backup_hash	h;
	uint8_t			buf[READ];
	int			rc;

	backup_begin(&h, seal);
	while (h.bytes < f->bytes) {
		size_t	n = f->bytes - h.bytes < sizeof buf ? (size_t)(f->bytes - h.bytes) : sizeof buf;

		if ((rc = read_at(fd, buf, n, h.bytes)) != 0)
			return rc;
		backup_add(&h, buf, n);
	}
	backup_end(&h, f->made_at, trailer);
	return 0;
}

static int
fault(int rc, const char *name, const char *what, char *why, size_t size)
{
	(void)snprintf(why, size, "%s: %s", name, what);
	return rc;
}

int
backup_check(int fd, const char *name, const struct seal *seal, struct backup_file *f, char *why, size_t size)
{
	uint8_t		found[BACKUP_TRAILER], right[BACKUP_TRAILER];
	struct stat	st;
	uint64_t	bytes;
	int		rc;

	memset(f, 0, sizeof *f);
	if (fstat(fd, &st) != 0)
		return fault(-errno, name, strerror(errno), why, size);
	bytes = (uint64_t)st.st_size;
	if (bytes < (uint64_t)2 * PAGE)
		return fault(ERR_CORRUPT, name, "not a backup of Wirechief, or cut short", why, size);
	if ((rc = read_at(fd, found, sizeof found, bytes - BACKUP_TRAILER)) != 0)
		return fault(rc, name, err_text(rc), why, size);
	if (memcmp(found, magic, MAGIC) != 0) {
		f->bytes = bytes;
		return bytes % PAGE == 0 ? 0 : fault(ERR_CORRUPT, name, "not a backup of Wirechief, or cut short", why, size);
	}
	f->bytes = bytes - BACKUP_TRAILER;
	f->made_at = (int64_t)be64_get(found + MAGIC + 8);
	if (be64_get(found + MAGIC) != f->bytes)
		return fault(ERR_CORRUPT, name, "cut short, or something stands before it", why, size);
	if ((rc = hash_file(fd, seal, f, right)) != 0)
		return fault(rc, name, err_text(rc), why, size);
	if (sodium_memcmp(found, right, sizeof right) != 0)
		return fault(ERR_DENIED, name, "damaged, or made under another master.key than the one that is here", why, size);
	return 0;
}
