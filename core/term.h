/*
 * What the parser of the query language is made of, for query.c (the grammar) and term.c (terms and what they become in the tree) alone.
 */
#ifndef CORE_TERM_H
#define CORE_TERM_H

#include "core/query.h"
#include "core/query_lex.h"

enum { TERM_BLOCK = 16384, TERM_AHEAD = 4 };

/* What the tree is made of is allocated in blocks and freed together. */
struct block {
	struct block	*next;
	size_t		 used;
	_Alignas(16) char bytes[TERM_BLOCK];
};

/* What lives outside the blocks. */
struct owned {
	struct pattern	*pattern;
	struct owned	*next;
};

struct query {
	const struct kind	*kind;
	unsigned		 holders;
	struct span		 text;
	char			 unknown[QUERY_FIELD];	/* the first field that it names and there is not */
	struct query_node	*root;
	struct block		*blocks;
	size_t			 allocated, n_nodes;
	struct owned		*patterns;
};

/* A field that a term is looked for in; the default is all that are searched. */
struct scope {
	uint64_t	fields;
	bool		any_field;	/* none was named */
	bool		star;		/* it was named "*" */
	bool		whole;		/* it holds one word, not text: a time */
};

struct clauses {
	struct query_node	*first, *last;
	size_t			 n;
};

struct parser {
	struct query		*q;
	struct lex		 lex;
	struct token		 ahead[TERM_AHEAD];
	size_t			 n_ahead;
	struct token		 last;		/* the one taken last */
	int			 depth;
	uint32_t		 work;		/* that its regular expressions may still cost */
	int			 rc;
	struct query_fault	*fault;
};

/* The first fault stays. */
void	term_fail(struct parser *, const char *at, const char *why);
void	*term_allocate(struct parser *, size_t n);		/* as long as the query; NULL, and the parser has failed */

struct query_node *term_node(struct parser *, enum query_op, uint64_t fields);
void	term_clause_add(struct clauses *, struct query_node *, enum query_occur);
struct query_node *term_bool(struct parser *, const struct clauses *);

struct span term_unescaped(struct parser *, struct span);
struct span term_lower(struct parser *, struct span);
bool	term_number(struct span, float *);			/* what stands after ~; false: none */

/* What a term becomes; NULL where it holds no word, or after a fault. */
struct query_node *term_word(struct parser *, uint64_t fields, struct span word);
struct query_node *term_pattern(struct parser *, const struct scope *, struct pattern *);	/* takes it */
struct query_node *term_text(struct parser *, const struct scope *, struct span);
struct query_node *term_phrase(struct parser *, const struct scope *, struct span, uint32_t slop);
struct query_node *term_fuzzy(struct parser *, const struct scope *, struct span, struct token slop);
struct query_node *term_wildcard(struct parser *, const struct scope *, struct token);
struct query_node *term_prefix(struct parser *, const struct scope *, struct token, struct span);
struct query_node *term_regex(struct parser *, const struct scope *, struct token);

#endif
