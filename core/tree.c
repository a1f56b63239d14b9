/*
 * A treap: ordered by key, heap-ordered by a random priority, which keeps it about 2 log2 n deep whatever the order of insertion.
 */
#include "core/tree.h"

#include <stdlib.h>
#include <string.h>

struct tree_node {
	struct tree_node	*left, *right, *parent;
	size_t			 count;		/* of this subtree */
	uint32_t		 priority;
	uint32_t		 key_n, value_n, room;	/* room: bytes for the value */
	uint8_t			 bytes[];	/* key, then value */
};

struct tree {
	struct tree_node	*root;
	size_t			 bytes;
	uint64_t		 random;	/* xorshift state; unpredictability is not needed: keys can't see it */
};

struct tree *
tree_new(void)
{
	struct tree	*t = calloc(1, sizeof *t);

	if (t != NULL)
		t->random = 0x9e3779b97f4a7c15u ^ (uint64_t)(uintptr_t)t;
	return t;
}

bool
tree_clear_some(struct tree *t, size_t max)
{
	struct tree_node	*n = t->root, *parent;

	while (n != NULL && max > 0) {
		if (n->left != NULL) {
			n = n->left;
		} else if (n->right != NULL) {
			n = n->right;
		} else {
			parent = n->parent;
			if (parent != NULL) {
				if (parent->left == n)
					parent->left = NULL;
				else
					parent->right = NULL;
			}
			free(n);
			max--;
			n = parent;
		}
	}
	if (n != NULL)
		return true;
	t->root = NULL;
	t->bytes = 0;
	return false;
}

void
tree_clear(struct tree *t)
{
	(void)tree_clear_some(t, SIZE_MAX);
}

void
tree_free(struct tree *t)
{
	if (t == NULL)
		return;
	tree_clear(t);
	free(t);
}

static size_t
count_of(const struct tree_node *n)
{
	return n == NULL ? 0 : n->count;
}

size_t
tree_count(const struct tree *t)
{
	return count_of(t->root);
}

size_t
tree_bytes(const struct tree *t)
{
	return sizeof *t + t->bytes;
}

static size_t
node_bytes(const struct tree_node *n)
{
	return sizeof *n + n->key_n + n->room + sizeof(size_t);	/* and malloc's own */
}

static int
key_compare(const void *key, size_t n, const struct tree_node *node)
{
	int	rc = memcmp(key, node->bytes, n < node->key_n ? n : node->key_n);

	return rc != 0 ? rc : n < node->key_n ? -1 : n > node->key_n;
}

/* The pointer that holds n. */
static struct tree_node **
holder(struct tree *t, struct tree_node *n)
{
	if (n->parent == NULL)
		return &t->root;
	return n->parent->left == n ? &n->parent->left : &n->parent->right;
}

/* Lifts n over its parent. */
static void
rotate_up(struct tree *t, struct tree_node *n)
{
	struct tree_node	*p = n->parent, **at = holder(t, p), *moved;

	if (p->left == n) {
		moved = n->right;
		p->left = moved;
		n->right = p;
	} else {
		moved = n->left;
		p->right = moved;
		n->left = p;
	}
	if (moved != NULL)
		moved->parent = p;
	n->parent = p->parent;
	p->parent = n;
	*at = n;
	p->count = count_of(p->left) + count_of(p->right) + 1;
	n->count = count_of(n->left) + count_of(n->right) + 1;
}

static struct tree_node *
node_new(struct tree *t, const void *key, size_t n, const void *value, size_t value_n)
{
	struct tree_node	*node;

	if (n > UINT32_MAX || value_n > UINT32_MAX || (node = malloc(sizeof *node + n + value_n)) == NULL)
		return NULL;
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	*node = (struct tree_node){ .count = 1, .priority = (uint32_t)(t->random >> 32), .key_n = (uint32_t)n,
		.value_n = (uint32_t)value_n, .room = (uint32_t)value_n };
	if (n > 0)
		memcpy(node->bytes, key, n);
	if (value_n > 0)
		memcpy(node->bytes + n, value, value_n);
	t->bytes += node_bytes(node);
	return node;
}

/* A longer value needs a larger node: it takes the old one's place in the tree. */
static struct tree_node *
node_grow(struct tree *t, struct tree_node *old, size_t value_n)
{
	struct tree_node	**at = holder(t, old), *node;

	if (value_n > UINT32_MAX || (node = realloc(old, sizeof *node + old->key_n + value_n)) == NULL)
		return NULL;
	*at = node;
	t->bytes += value_n - node->room;
	node->room = (uint32_t)value_n;
	if (node->left != NULL)
		node->left->parent = node;
	if (node->right != NULL)
		node->right->parent = node;
	return node;
}

static struct tree_node *
node_replace(struct tree *t, struct tree_node *node, const void *value, size_t value_n)
{
	if (value_n > node->room && (node = node_grow(t, node, value_n)) == NULL)
		return NULL;
	if (value_n > 0)
		memcpy(node->bytes + node->key_n, value, value_n);
	node->value_n = (uint32_t)value_n;
	return node;
}

struct tree_node *
tree_put(struct tree *t, const void *key, size_t n, const void *value, size_t value_n)
{
	struct tree_node	**at = &t->root, *parent = NULL, *node;
	int			  order;

	while (*at != NULL) {
		parent = *at;
		if ((order = key_compare(key, n, parent)) == 0)
			return node_replace(t, parent, value, value_n);
		at = order < 0 ? &parent->left : &parent->right;
	}
	if ((node = node_new(t, key, n, value, value_n)) == NULL)
		return NULL;
	node->parent = parent;
	*at = node;
	for (; parent != NULL; parent = parent->parent)
		parent->count++;
	while (node->parent != NULL && node->parent->priority < node->priority)
		rotate_up(t, node);
	return node;
}

void
tree_remove_node(struct tree *t, struct tree_node *n)
{
	struct tree_node	*child;

	while (n->left != NULL && n->right != NULL)
		rotate_up(t, n->left->priority > n->right->priority ? n->left : n->right);
	child = n->left != NULL ? n->left : n->right;
	*holder(t, n) = child;
	if (child != NULL)
		child->parent = n->parent;
	for (struct tree_node *p = n->parent; p != NULL; p = p->parent)
		p->count--;
	t->bytes -= node_bytes(n);
	free(n);
}

bool
tree_remove(struct tree *t, const void *key, size_t n)
{
	struct tree_node	*node = tree_find(t, key, n);

	if (node == NULL)
		return false;
	tree_remove_node(t, node);
	return true;
}

struct tree_node *
tree_find(const struct tree *t, const void *key, size_t n)
{
	struct tree_node	*node = t->root;
	int			 order;

	while (node != NULL && (order = key_compare(key, n, node)) != 0)
		node = order < 0 ? node->left : node->right;
	return node;
}

struct tree_node *
tree_at_or_after(const struct tree *t, const void *key, size_t n)
{
	struct tree_node	*best = NULL;

	for (struct tree_node *node = t->root; node != NULL;) {
		if (key_compare(key, n, node) <= 0) {
			best = node;
			node = node->left;
		} else
			node = node->right;
	}
	return best;
}

struct tree_node *
tree_before(const struct tree *t, const void *key, size_t n)
{
	struct tree_node	*best = NULL;

	for (struct tree_node *node = t->root; node != NULL;) {
		if (key_compare(key, n, node) > 0) {
			best = node;
			node = node->right;
		} else
			node = node->left;
	}
	return best;
}

static struct tree_node *
leftmost(struct tree_node *n)
{
	while (n != NULL && n->left != NULL)
		n = n->left;
	return n;
}

static struct tree_node *
rightmost(struct tree_node *n)
{
	while (n != NULL && n->right != NULL)
		n = n->right;
	return n;
}

struct tree_node *
tree_first(const struct tree *t)
{
	return leftmost(t->root);
}

struct tree_node *
tree_last(const struct tree *t)
{
	return rightmost(t->root);
}

struct tree_node *
tree_next(const struct tree_node *n)
{
	if (n->right != NULL)
		return leftmost(n->right);
	while (n->parent != NULL && n->parent->right == n)
		n = n->parent;
	return n->parent;
}

struct tree_node *
tree_prev(const struct tree_node *n)
{
	if (n->left != NULL)
		return rightmost(n->left);
	while (n->parent != NULL && n->parent->left == n)
		n = n->parent;
	return n->parent;
}

struct tree_node *
tree_nth(const struct tree *t, size_t position)
{
	struct tree_node	*n = t->root;

	while (n != NULL) {
		size_t	before = count_of(n->left);

		if (position == before)
			return n;
		if (position < before) {
			n = n->left;
		} else {
			position -= before + 1;
			n = n->right;
		}
	}
	return NULL;
}

size_t
tree_position(const struct tree_node *n)
{
	size_t	at = count_of(n->left);

	for (; n->parent != NULL; n = n->parent)
		if (n->parent->right == n)
			at += count_of(n->parent->left) + 1;
	return at;
}

const void *
tree_key(const struct tree_node *n, size_t *size)
{
	*size = n->key_n;
	return n->bytes;
}

void *
tree_value(struct tree_node *n, size_t *size)
{
	if (size != NULL)
		*size = n->value_n;
	return n->bytes + n->key_n;
}
