#include "db/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>
#include <sys/stat.h>

#include "core/err.h"

enum { KEY_BYTES = 32, KEY_ID = 1, NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES };

_Static_assert(crypto_kdf_KEYBYTES == KEY_BYTES && crypto_aead_xchacha20poly1305_ietf_KEYBYTES == KEY_BYTES, "key sizes");
_Static_assert(crypto_box_PUBLICKEYBYTES == KEY_BYTES && crypto_box_SECRETKEYBYTES == KEY_BYTES &&
    crypto_box_SEEDBYTES == KEY_BYTES, "key sizes");

/* In locked memory, which sodium_malloc gives. */
struct seal {
	uint8_t		master[KEY_BYTES];
	uint8_t		fields[KEY_BYTES];	/* sub-key of sealed fields */
	struct seal_box	queue;
};

static int
key_make(const char *file, uint8_t key[KEY_BYTES])
{
	char	temporary[520];
	int	fd, rc = 0;

	(void)snprintf(temporary, sizeof temporary, "%s.new", file);
	(void)unlink(temporary);
	if ((fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400)) < 0)
		return -errno;
	randombytes_buf(key, KEY_BYTES);
	if (write(fd, key, KEY_BYTES) != KEY_BYTES || fsync(fd) != 0 || rename(temporary, file) != 0)
		rc = errno == 0 ? -EIO : -errno;
	close(fd);
	return rc;
}

static int
key_read(const char *file, uint8_t key[KEY_BYTES], char *why, size_t size)
{
	int		fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat	st;
	ssize_t		n;

	if (fd < 0)
		return -errno;
	n = fstat(fd, &st) == 0 ? read(fd, key, KEY_BYTES) : -1;
	close(fd);
	if (n != KEY_BYTES || st.st_size != KEY_BYTES) {
		(void)snprintf(why, size, "%s: not a master key: put the right file back, the store can't be read without it", file);
		return ERR_CORRUPT;
	}
	return 0;
}

/* A key pair takes as long to make as a box does. */
static void
box_make(struct seal *s)
{
	uint8_t	seed[KEY_BYTES];

	seal_subkey(s, 1, "wc-queue", seed);
	(void)crypto_box_seed_keypair(s->queue.public, s->queue.secret, seed);
	sodium_memzero(seed, sizeof seed);
}

int
seal_open(struct seal **out, const char *file, bool make, char *why, size_t size)
{
	struct seal	*s;
	int		 rc;

	if (sodium_init() < 0 || (s = sodium_malloc(sizeof *s)) == NULL) {
		(void)snprintf(why, size, "no locked memory for keys: raise LimitMEMLOCK");
		return -ENOMEM;
	}
	rc = key_read(file, s->master, why, size);
	if (rc == -ENOENT && make)
		rc = key_make(file, s->master);
	if (rc != 0) {
		if (rc != ERR_CORRUPT)
			(void)snprintf(why, size, "%s: %s", file, err_text(rc));
		sodium_free(s);
		return rc;
	}
	seal_subkey(s, 1, "wc-field", s->fields);
	box_make(s);
	*out = s;
	return 0;
}

void
seal_close(struct seal *s)
{
	if (s != NULL)
		sodium_free(s);
}

void
seal_subkey(const struct seal *s, uint64_t id, const char context[8], uint8_t out[32])
{
	(void)crypto_kdf_derive_from_key(out, KEY_BYTES, id, context, s->master);
}

const struct seal_box *
seal_box(const struct seal *s)
{
	return &s->queue;
}

/* What a sealed value is bound to: table, key id, tag, primary key. */
static size_t
associated(const struct seal_of *of, const struct field *f, uint8_t out[KEY_MAX + 4])
{
	out[0] = (uint8_t)of->table;
	out[1] = KEY_ID;
	out[2] = (uint8_t)(f->tag >> 8);
	out[3] = (uint8_t)f->tag;
	memcpy(out + 4, of->key, of->n);
	return of->n + 4;
}

/* Sealed: key id, nonce, ciphertext with its tag. */
static int
field_seal(void *ctx, const struct field *f, const uint8_t *in, size_t n, uint8_t *out, size_t max)
{
	const struct seal_of	*of = ctx;
	uint8_t			 ad[KEY_MAX + 4];
	size_t			 ad_n = associated(of, f, ad);

	if (max < 1 + NONCE_BYTES + n + TAG_BYTES)
		return ERR_TOO_LARGE;
	out[0] = KEY_ID;
	randombytes_buf(out + 1, NONCE_BYTES);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + 1 + NONCE_BYTES, NULL, in, n, ad, ad_n, NULL, out + 1, of->seal->fields);
	return (int)(1 + NONCE_BYTES + n + TAG_BYTES);
}

static int
field_open(void *ctx, const struct field *f, const uint8_t *in, size_t n, uint8_t *out, size_t max)
{
	const struct seal_of	*of = ctx;
	uint8_t			 ad[KEY_MAX + 4];
	size_t			 ad_n = associated(of, f, ad);

	if (n < 1 + NONCE_BYTES + TAG_BYTES || in[0] != KEY_ID || n - 1 - NONCE_BYTES - TAG_BYTES > max)
		return ERR_CORRUPT;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, in + 1 + NONCE_BYTES, n - 1 - NONCE_BYTES, ad, ad_n, in + 1,
	    of->seal->fields) != 0)
		return ERR_CORRUPT;
	return (int)(n - 1 - NONCE_BYTES - TAG_BYTES);
}

struct sealer
seal_for(struct seal_of *of)
{
	return (struct sealer){ .ctx = of, .seal = field_seal, .open = field_open };
}
