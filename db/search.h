/*
 * A search: which records a query may match, found in the index of words alone and kept as one bit for each id.  It is made in slices,
 * as a term may stand in a million records.
 *
 * What the index can't tell (phrases, words too long for it, fields that are not in it) is answered so that no match is missed;
 * search_is_exact() says whether the records are to be asked as well (match.h).
 */
#ifndef DB_SEARCH_H
#define DB_SEARCH_H

#include "core/query.h"
#include "db/table.h"

struct search;

/*
 * Keeps a reference to the query.  NULL: the kind has no index of words or it is not built yet, the query is one that the index says
 * nothing about, or memory is short: then the records are to be scanned.
 */
struct search *search_new(const struct db *, struct query *);
void	search_free(struct search *);

/* Looks at up to so many entries of the index.  Returns false when all is found, or memory was short (search_failed: scan). */
bool	search_step(struct search *, size_t entries);
bool	search_failed(const struct search *);

/* When all is found.  Exact: of the ids that records have; with *:* the others may be among them, too. */
bool	search_is_exact(const struct search *);
uint64_t search_count(const struct search *);
uint64_t search_next(const struct search *, uint64_t id);	/* the first after id; 0: there is none */
bool	search_has(const struct search *, uint64_t id);

#endif
