#include "sipd/net/sources.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/tree.h"

enum { KEY = 17 };

struct sources {
	struct tree	*tree;		/* family and address -> uint32_t */
};

struct sources *
sources_new(void)
{
	struct sources	*s = calloc(1, sizeof *s);

	if (s != NULL && (s->tree = tree_new()) == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

void
sources_free(struct sources *s)
{
	if (s == NULL)
		return;
	tree_free(s->tree);
	free(s);
}

static struct tree_node *
find(struct sources *s, const struct addr *a, uint8_t key[KEY])
{
	struct addr	source = addr_source(a);

	key[0] = source.family;
	memcpy(key + 1, source.ip, sizeof source.ip);
	return tree_find(s->tree, key, KEY);
}

int
sources_add(struct sources *s, const struct addr *a, uint32_t max)
{
	uint8_t			 key[KEY];
	struct tree_node	*node = find(s, a, key);
	uint32_t		 n = 0;

	if (node != NULL)
		memcpy(&n, tree_value(node, NULL), sizeof n);
	if (max != 0 && n >= max)
		return ERR_BUSY;
	n++;
	return tree_put(s->tree, key, KEY, &n, sizeof n) == NULL ? ERR_BUSY : 0;
}

void
sources_remove(struct sources *s, const struct addr *a)
{
	uint8_t			 key[KEY];
	struct tree_node	*node = find(s, a, key);
	uint32_t		 n;

	if (node == NULL)
		return;
	memcpy(&n, tree_value(node, NULL), sizeof n);
	if (--n == 0)
		tree_remove_node(s->tree, node);
	else
		memcpy(tree_value(node, NULL), &n, sizeof n);
}
