/*
 * Builds what the store should keep besides its records where it is not whole: once, in a store that an older version wrote.  Lists and
 * searches scan the records until then.
 */
#ifndef SIPD_KEEPER_INDEXING_H
#define SIPD_KEEPER_INDEXING_H

struct control;
struct indexing;

struct indexing *indexing_new(struct control *);	/* starts at once if there is something to do; NULL: out of memory */
void	indexing_free(struct indexing *);

#endif
