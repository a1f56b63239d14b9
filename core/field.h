/*
 * The field table: one row of a kind drives its record on disk and on the channel, its index, JSON, command line, console
 * column, form, filter and manual.  Records are plain structs, copied by `=`; nothing in them is to be freed.
 *
 * Encoding of a record (record_encode): for each field that is not empty
 *	varint tag, varint length, bytes
 * with varints of 7 bits, least significant first.  Strings and byte arrays as they are; numbers least significant byte first
 * without leading zeroes; addresses as 4 or 16 bytes and 2 of port.  {1,"bob"} {8,true} is 01 03 62 6f 62 08 01 01.
 * Tags are never used again for something else.  A decoder skips tags that it does not know, record_keep_unknown() carries
 * them over a rewrite; so a new field needs no migration, and an older program loses nothing.
 */
#ifndef CORE_FIELD_H
#define CORE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/span.h"

enum field_type {
	FT_STR,		/* char[n], UTF-8, terminated */
	FT_BOOL,	/* bool */
	FT_NUM,		/* uint32_t within min..max; the first values may have words */
	FT_ID,		/* uint64_t: identity, version, counter */
	FT_TIME,	/* int64_t, ms since 1970, 0 when absent */
	FT_ENUM,	/* uint8_t, index of words */
	FT_ADDR,	/* struct addr */
	FT_BYTES,	/* uint8_t[n], all zero when absent */
	FT_REF,		/* uint64_t, id of a record of another kind; shown as that record's name */
	FT_SPAN,	/* struct span, borrowed from the decoded bytes; for the channel only */
};

enum field_flag {
	FF_FORM		= 1 << 0,	/* a line of the form */
	FF_ONCE		= 1 << 1,	/* can be set at creation only */
	FF_COLUMN	= 1 << 2,	/* a column of the list */
	FF_SEARCH	= 1 << 3,	/* looked through by filter and --query */
	FF_UNIQUE	= 1 << 4,	/* no two records share a value */
	FF_NEEDED	= 1 << 5,	/* may not be empty */
	FF_SECRET	= 1 << 6,	/* sealed on disk, never on the wire, screen or log */
	FF_HIDDEN	= 1 << 7,	/* ours alone: no JSON, no column, no manual */
	FF_SERVER	= 1 << 8,	/* set by the daemon, never by an operator */
	FF_VIRTUAL	= 1 << 9,	/* not stored: computed when shown, or (password) consumed when set */
	FF_LIST		= 1 << 10,	/* text that is a list separated by commas */
	FF_SORT		= 1 << 11,	/* the store keeps its records in the order of it (db/sorts.h) */
	FF_LINES	= 1 << 12,	/* text of several lines */
	FF_DATE		= 1 << 13,	/* a time of which the day counts most */
	FF_DUE		= 1 << 14,	/* a time to come: shown as what is left until then */
};

/* Names of referenced records, for FT_REF; the keeper has the store behind it. */
struct refs {
	void	*ctx;
	int	(*name_of)(void *ctx, const char *kind, uint64_t id, char *name, size_t size);	/* 0 or ERR_NOT_FOUND */
	int	(*id_of)(void *ctx, const char *kind, const char *name, uint64_t *id);
	/* what to say after "no group Slaes": "; did you mean 'Sales'?"; may be NULL */
	void	(*hint)(void *ctx, const char *kind, const char *name, char *buf, size_t size);
};

struct field {
	uint16_t	 tag;		/* on disk; 1 to 65535 */
	uint16_t	 flags;		/* enum field_flag */
	uint8_t		 type;		/* enum field_type */
	uint8_t		 width;		/* cells of its column */
	uint8_t		 keep;		/* columns with the lowest stay longest when the screen is narrow; 1 up */
	uint16_t	 offset, size;	/* by AT() */
	uint32_t	 min, max;	/* FT_NUM */
	const char	*unit;		/* of it, "ms"; NULL: a mere number */
	const char	*name;		/* interfaces.md's name; NULL for channel fields */
	const char	*title;		/* on screen */
	const char *const *words;	/* FT_ENUM, FT_NUM; ends with NULL */
	const uint8_t	*ranks;		/* FT_ENUM: of each word when sorted; NULL: as they stand */
	const char	*ref;		/* FT_REF: name of the kind */
	const char	*nothing;	/* what a choice that is left empty comes to; NULL: "(none)" */
	int		(*check)(const char *text, char *why, size_t size);	/* FT_STR: 0 or ERR_INVALID and why */
	const char	*help;		/* a sentence for form and manual */
};

/* Ties a row to a member of struct RECORD; a row whose type disagrees with its member does not compile. */
#define FT_IS_FT_STR(m)		_Generic((m), char *: 1, default: 0)
#define FT_IS_FT_BOOL(m)	_Generic((m), bool: 1, default: 0)
#define FT_IS_FT_NUM(m)		_Generic((m), uint32_t: 1, default: 0)
#define FT_IS_FT_ID(m)		_Generic((m), uint64_t: 1, default: 0)
#define FT_IS_FT_TIME(m)	_Generic((m), int64_t: 1, default: 0)
#define FT_IS_FT_ENUM(m)	_Generic((m), uint8_t: 1, default: 0)
#define FT_IS_FT_ADDR(m)	_Generic((m), struct addr: 1, default: 0)
#define FT_IS_FT_BYTES(m)	_Generic((m), uint8_t *: 1, default: 0)
#define FT_IS_FT_REF(m)		_Generic((m), uint64_t: 1, default: 0)
#define FT_IS_FT_SPAN(m)	_Generic((m), struct span: 1, default: 0)
#define AT(ft, m)									\
	.type = (ft), .offset = offsetof(struct RECORD, m),				\
	.size = sizeof(((struct RECORD *)0)->m) +					\
	    0 * sizeof(char[FT_IS_##ft(((struct RECORD *)0)->m) ? 1 : -1])

/* Where a kind's records and indexes live in the store; the numbers are on disk in the names of LMDB's tables. */
enum table {
	TABLE_META, TABLE_COUNT,
	TABLE_GROUP, TABLE_GROUP_BY_NAME,
	TABLE_ACCOUNT, TABLE_ACCOUNT_BY_USERNAME, TABLE_ACCOUNT_BY_NUMBER, TABLE_ACCOUNT_BY_GROUP,
	TABLE_BINDING, TABLE_BINDING_EXPIRY, TABLE_BINDING_BY_FLOW,
	TABLE_EVENT,
	TABLE_IMPORT,
	TABLE_ACCOUNT_WORD,
	TABLE_ACCOUNT_SORT,
	TABLE_PROFILE, TABLE_PROFILE_BY_NAME, TABLE_ACCOUNT_BY_PROFILE, TABLE_GROUP_BY_PROFILE,
	TABLE_LICENCE, TABLE_LICENCE_BY_KEY, TABLE_LICENCE_BY_END,
	TABLE_MESSAGE, TABLE_MESSAGE_BY_ID, TABLE_MESSAGE_BY_RECIPIENT, TABLE_MESSAGE_EXPIRY,
	TABLE_MESSAGE_SEEN, TABLE_MESSAGE_SEEN_UNTIL, TABLE_PAYLOAD,
	TABLE_TRUNK, TABLE_TRUNK_BY_NAME,
	TABLE_CALL, TABLE_CALL_BY_HASH,
	TABLE_MESSAGE_SORT,
	TABLE_TOKEN, TABLE_TOKEN_BY_ACCOUNT, TABLE_TOKEN_EXPIRY,
	TABLE_SMS, TABLE_SMS_BY_NEXT,
	TABLE_CALL_DIALOG,
	TABLES,				/* how many */
	TABLE_NONE = 255,
};

/*
 * An index: its key is the fields named by tags, in order, each big-endian or a terminated string.  A unique index maps to the
 * primary key; another has the primary key appended and maps to nothing.  A record whose first indexed field is empty is not in it.
 */
struct index {
	enum table	 table;
	bool		 unique;
	uint16_t	 tags[3];	/* ends with 0 */
};

struct kind {
	const char		*name;		/* "account": the command's noun */
	const char		*title;		/* "Registered Accounts": heading of its list */
	enum table		 table;		/* TABLE_NONE: made from others, not stored */
	uint16_t		 key[3];	/* tags of the primary key, ends with 0 */
	uint16_t		 name_tag;	/* tag of what a person calls it by */
	const char		*sort;		/* field that its list is sorted by at first */
	const struct field	*fields;
	size_t			 n_fields;
	size_t			 size;		/* of the struct */
	const struct index	*indexes;
	size_t			 n_indexes;
	enum table		 words;		/* the words of its FF_SEARCH fields (db/words.h); 0: not indexed */
	enum table		 sorts;		/* where its FF_SORT fields are kept in order (db/sorts.h); 0: nowhere */
	uint16_t		 sort_tie;	/* tag of what tells equals apart there */
	uint16_t		 sort_with;	/* tag of a reference that stands in each entry, to pick by it; 0: none */
};

enum {
	RECORD_MAX	= 16384,	/* bytes of an encoded record */
	FIELD_TEXT	= 2048,		/* bytes that hold any field's text */
	KEY_MAX		= 511,		/* LMDB's limit */
};

const struct field *kind_field(const struct kind *, const char *name);	/* borrowed; NULL if absent */
const struct field *kind_tag(const struct kind *, uint16_t tag);
const struct index *kind_names(const struct kind *);	/* the unique index of what its records are called by; NULL */

bool	field_is_empty(const struct field *, const void *record);

/*
 * field_text: the value as a person and JSON's strings see it (times RFC 3339, booleans yes/no, references by name, words where
 * there are any).  Returns its length; an absent value is "".  Raw: the exit makes it safe.  refs may be NULL (ids as numbers).
 * field_set: the other way, with the field's rules; 0, ERR_INVALID or ERR_NOT_FOUND (a reference) with why for a person
 * ("must be 0 to 50").  Flags such as FF_ONCE are the caller's to judge.
 */
size_t	field_text(const struct field *, const void *record, const struct refs *, char *buf, size_t size);
int	field_set(const struct field *, void *record, const char *text, const struct refs *, char *why, size_t size);

int	name_check(const char *, char *why, size_t);	/* a name that a person gives: visible, without blanks around it */

/* A key that memcmp sorts as a person expects: text folded, numbers by value, absent first.  Returns its length. */
size_t	field_sort_key(const struct field *, const void *record, const struct refs *, uint8_t *key, size_t size);
bool	field_eq(const struct field *, const void *a, const void *b);

/* The same for indexes and primary keys: exact, not folded.  Returns the length, or ERR_TOO_LARGE over KEY_MAX. */
int	record_key(const struct kind *, const uint16_t *tags, const void *record, uint8_t key[KEY_MAX]);
/* How many bytes at the start of a key the fields of tags take; n when the key is shorter. */
size_t	record_key_length(const struct kind *, const uint16_t *tags, const uint8_t *key, size_t n);

/* Seals and opens FF_SECRET fields (db/seal.c).  Both return the length written to out, or a negative code. */
struct sealer {
	void	*ctx;
	int	(*seal)(void *ctx, const struct field *, const uint8_t *in, size_t n, uint8_t *out, size_t max);
	int	(*open)(void *ctx, const struct field *, const uint8_t *in, size_t n, uint8_t *out, size_t max);
};

/*
 * record_encode: returns the length written to out, or ERR_TOO_LARGE.  Without a sealer secrets are left out.
 * record_decode: fills the whole record (absent fields are zero); 0, ERR_CORRUPT, or what the sealer said.  Without a sealer
 * secrets stay zero.  record_keep_unknown: appends to out (n bytes used) what old holds under tags unknown to kind.
 */
int	record_encode(const struct kind *, const void *record, const struct sealer *, uint8_t *out, size_t max);
int	record_decode(const struct kind *, void *record, const struct sealer *, const uint8_t *in, size_t n);
int	record_keep_unknown(const struct kind *, const uint8_t *old, size_t old_n, uint8_t *out, size_t n, size_t max);

/* Checks every rule that the table knows (needed fields, checks).  0, or ERR_INVALID with the field and why. */
int	record_check(const struct kind *, const void *record, const struct field **which, char *why, size_t size);

#endif
