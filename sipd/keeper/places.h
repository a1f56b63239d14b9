/*
 * Where in its order each row of a sorted set stands: a hash table from the row's key to its node in the
 * tree, 16 bytes or so a row. It grows a few slots at a time, so that no single put takes long, however many
 * rows there are.
 */
#ifndef SIPD_KEEPER_PLACES_H
#define SIPD_KEEPER_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct places;
struct tree_node;

/* A row's key is the last key_n bytes of its node's. */
struct places *places_new(size_t key_n);
void	places_free(struct places *);

struct tree_node *places_find(const struct places *, const uint8_t *key);	/* NULL if it is not there */
/* Of a key that is not there.  0 or -ENOMEM. */
int	places_put(struct places *, struct tree_node *);
/* Before the node is freed. */
void	places_remove(struct places *, const uint8_t *key);

#endif
