/*
 * The query language: Apache Lucene's classic query parser syntax, read as Lucene 8's MultiFieldQueryParser with
 * StandardAnalyzer reads it (wirechief-query(7) describes it).  Here a query becomes a tree; what finds which record is
 * decided in match.h and, over the store's index of words, in db/search.h.
 *
 * A term without a field is looked for in all fields of the kind that are FF_SEARCH; one with a field in that one, if it
 * is shown at all.  A field that does not exist holds nothing.
 */
#ifndef CORE_QUERY_H
#define CORE_QUERY_H

#include <stdint.h>

#include "core/field.h"
#include "core/pattern.h"

enum {
	QUERY_TEXT_MAX	= 8192,		/* bytes of a query */
	QUERY_DEPTH_MAX	= 100,		/* of parentheses */
	QUERY_NODES_MAX	= 8192,
	QUERY_FIELD	= 64,		/* bytes of a field's name */
};

enum query_op {
	QUERY_BOOL,		/* its clauses, as their `occur` says */
	QUERY_ALL,		/* every record */
	QUERY_WORD,		/* a word in any of the fields */
	QUERY_PATTERN,
	QUERY_PHRASE,		/* words in a row, in one of the fields */
};

/*
 * A QUERY_BOOL matches if all clauses that MUST do, none that MUST_NOT does, and, where there is no MUST, at least one that SHOULD.
 */
enum query_occur { QUERY_SHOULD, QUERY_MUST, QUERY_MUST_NOT };

struct query_node {
	enum query_op		 op;
	enum query_occur	 occur;		/* as a clause of the node above */
	uint64_t		 fields;	/* bit i: kind->fields[i] */
	struct span		 word;		/* QUERY_WORD */
	struct pattern		*pattern;
	struct span		*words;		/* QUERY_PHRASE */
	size_t			 n_words;
	uint32_t		 slop;		/* by how many places they may be off, in all */
	struct query_node	*first, *next;	/* clauses; the clause after this one */
};

struct query_fault {
	size_t	column;		/* from 1, in code points */
	char	text[160];	/* for a person */
};

struct query;

/* 0 and a query to be freed; ERR_INVALID and the fault; -ENOMEM.  text is copied. */
int	query_parse(const struct kind *, const char *text, size_t n, struct query **, struct query_fault *);
struct query *query_ref(struct query *);	/* another holder: each calls query_free */
void	query_free(struct query *);

const struct query_node *query_root(const struct query *);
const struct kind *query_kind(const struct query *);
struct span query_text(const struct query *);
const char *query_unknown(const struct query *);	/* a field that it names and the kind does not have; "" */

#endif
