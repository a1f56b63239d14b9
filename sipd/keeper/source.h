/*
 * Where the rows of a kind come from: one source a kind, that knows how its rows are found in the store, in
 * what order they are scanned, and how one is read, counted and written as JSON.  Lists and views work on
 * sources alone.
 */
#ifndef SIPD_KEEPER_SOURCE_H
#define SIPD_KEEPER_SOURCE_H

#include <jansson.h>
#include <stdbool.h>

#include "core/account.h"
#include "core/binding.h"
#include "core/call.h"
#include "core/event.h"
#include "core/group.h"
#include "core/licence.h"
#include "core/message.h"
#include "core/profile.h"
#include "core/trunk.h"
#include "db/store.h"
#include "sipd/keeper/filter.h"
#include "sipd/keeper/qualify.h"

struct keeper;

enum { ROW_KEY_MAX = 24, ROW_ID_TEXT = 2 * ROW_KEY_MAX + 2 };

union row_record {
	struct account		account;
	struct group		group;
	struct registration	registration;
	struct profile		profile;
	struct licence		licence;
	struct message		message;
	struct trunk		trunk;
	struct call		call;
	struct event		event;
};

struct row {
	union row_record	of;
	uint64_t		group_id;	/* of account and registration */
	uint32_t		registrations;	/* of an account */
	uint8_t			device;		/* of an account: the best of its devices, enum device_status */
	char			elsewhere[160];	/* of both: "at b, assigned a", where it is at another node than it must be */
	struct qualify_told	probe;		/* of a registration: why it has its status */
	char			account[ACCOUNT_USERNAME];	/* of a call: who calls, or where a trunk does, who is called; empty: not known */
	const char		*waits;		/* of a message: for what; NULL: for its next try */
};

struct source {
	const struct kind	*kind;		/* of the rows */
	const struct kind	*stored;	/* of the records that they are made from */
	size_t			 key_n;		/* bytes of those records' keys, which are the rows' */
	bool			 backwards;	/* scanned from the last: the newest first */
	const char		*natural;	/* the field that the scan's order is that of; NULL: none */
	/* rows of equal sort value are told apart by this field, then by key; NULL: by key */
	const char		*tie;
	/* Makes a row from a binding; 0, or ERR_NOT_FOUND: not a row (any more).  NULL: the stored records are the rows. */
	int			(*make)(struct keeper *, const struct binding *, struct row *);
	/* what order and filter need besides; may be NULL */
	void			(*prepare)(struct keeper *, struct row *);
	/* what only a shown row needs; may be NULL */
	void			(*complete)(struct keeper *, struct row *);
	void			(*more)(const struct row *, json_t *);		/* JSON beside the fields; may be NULL */
	uint64_t		(*total)(struct keeper *);
	/* whom the rows belong to, each once; NULL where nobody asks */
	uint64_t		(*users)(struct keeper *);
	/* how many of them are today's; NULL where nobody asks */
	uint64_t		(*today)(struct keeper *);
};

extern const struct source	sources[];
extern const size_t		n_sources;
const struct source *source_named(const char *kind);		/* NULL if there is none */

/* The row as it is now, ready to be shown.  0, ERR_NOT_FOUND, ERR_CORRUPT. */
int	source_get(struct keeper *, const struct source *, const uint8_t *key, struct row *);
/* The same without what only a shown row needs. */
int	source_peek(struct keeper *, const struct source *, const uint8_t *key, struct row *);

/*
 * Looks at the records after cursor (empty: at the first), at most limit of them; the cursor moves on.  fn is
 * called for the rows that the filter may let through, and returns 0 to go on.  Returns false at the end.
 */
struct cursor {
	uint8_t		key[ROW_KEY_MAX];
	uint64_t	passed;		/* records; 0: at the beginning */
};
typedef int	(*source_fn)(void *arg, const uint8_t *key, const struct row *);
bool	source_scan(struct keeper *, const struct source *, const struct filter *, struct cursor *,
    size_t limit, source_fn, void *arg);

/* the row's fields and what is beside them */
json_t *source_json(struct keeper *, const struct source *, const struct row *);
json_t *source_listed(struct keeper *, const struct source *, struct row *);	/* the fields; beside them only where it is at another node */
uint64_t source_hash(const struct source *, const struct row *, uint64_t seed);		/* equal: it looks the same */

/* A row's identity in the protocol: opaque to clients. */
const char *row_id(const struct source *, const uint8_t *key, char id[ROW_ID_TEXT]);
int	row_of_id(const struct source *, const char *id, uint8_t key[ROW_KEY_MAX]);	/* 0 or ERR_INVALID */

#endif
