/*
 * An ordered map from byte strings to byte strings that knows the position of each entry: behind the store's pending writes, the
 * memory store and the sorted views.  A balanced tree whose nodes count what is below them: all operations O(log n).
 */
#ifndef CORE_TREE_H
#define CORE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree;
struct tree_node;			/* an entry; valid until it is removed */

struct tree *tree_new(void);
void	tree_free(struct tree *);
void	tree_clear(struct tree *);
/* Frees up to max entries of a tree that only waits to be freed; true while there are more. */
bool	tree_clear_some(struct tree *, size_t max);
size_t	tree_count(const struct tree *);
size_t	tree_bytes(const struct tree *);	/* memory it takes, about */

/* Puts or replaces; copies both.  NULL when out of memory.  A longer value may move the node. */
struct tree_node *tree_put(struct tree *, const void *key, size_t n, const void *value, size_t value_n);
bool	tree_remove(struct tree *, const void *key, size_t n);
void	tree_remove_node(struct tree *, struct tree_node *);

struct tree_node *tree_find(const struct tree *, const void *key, size_t n);
struct tree_node *tree_at_or_after(const struct tree *, const void *key, size_t n);	/* the first >= key, or NULL */
struct tree_node *tree_before(const struct tree *, const void *key, size_t n);		/* the last < key, or NULL */
struct tree_node *tree_first(const struct tree *);
struct tree_node *tree_last(const struct tree *);
struct tree_node *tree_next(const struct tree_node *);
struct tree_node *tree_prev(const struct tree_node *);
struct tree_node *tree_nth(const struct tree *, size_t position);	/* from 0; NULL past the end */
size_t	tree_position(const struct tree_node *);

const void *tree_key(const struct tree_node *, size_t *n);
void	*tree_value(struct tree_node *, size_t *n);	/* may be written to, not resized */

#endif
