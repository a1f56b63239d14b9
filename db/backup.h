/*
 * A backup: the store's file, and behind its last page a trailer that says that it is whole and whose it is.
 *
 *	16	"wirechief-backup"
 *	8	bytes of the store before it, big-endian
 *	8	when it was made, ms since 1970
 *	32	keyed hash over all of that, under a sub-key of the master key
 *
 * LMDB does not mind what stands behind its pages: a backup can be looked at with its own tools.
 */
#ifndef DB_BACKUP_H
#define DB_BACKUP_H

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

struct seal;

enum { BACKUP_TRAILER = 64 };

struct backup_hash {
	crypto_generichash_state	state;
	uint64_t			bytes;
};

void	backup_begin(struct backup_hash *, const struct seal *);
void	backup_add(struct backup_hash *, const uint8_t *bytes, size_t n);
void	backup_end(struct backup_hash *, int64_t made_at, uint8_t trailer[BACKUP_TRAILER]);

/* What a file says of itself. */
struct backup_file {
	uint64_t	bytes;		/* of the store in it */
	int64_t		made_at;	/* ms since 1970; 0: it has no trailer, it is the file of a store */
};
/*
 * Reads the open file from end to end.  0; ERR_CORRUPT: damaged or cut short, ERR_DENIED: made under another master key (or damaged),
 * -errno; why names it.
 */
int	backup_check(int fd, const char *name, const struct seal *, struct backup_file *, char *why, size_t size);

#endif
