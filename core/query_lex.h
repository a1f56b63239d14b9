/*
 * The query language's words: tokens as Lucene's grammar cuts them, the longest that fits, in three states (plain, after ^, in a
 * range).
 */
#ifndef CORE_QUERY_LEX_H
#define CORE_QUERY_LEX_H

#include "core/span.h"

enum token_type {
	TOKEN_END, TOKEN_FAULT,
	TOKEN_AND, TOKEN_OR, TOKEN_NOT, TOKEN_PLUS, TOKEN_MINUS,
	TOKEN_OPERATOR,		/* + - or ! before a blank: a term that holds no word */
	TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COLON, TOKEN_STAR, TOKEN_CARET, TOKEN_NUMBER,
	TOKEN_TERM, TOKEN_PREFIX, TOKEN_WILDCARD, TOKEN_QUOTED, TOKEN_REGEX,
	TOKEN_FUZZY,		/* ~ and what follows it */
	TOKEN_RANGE_IN, TOKEN_RANGE_EX, TOKEN_RANGE_END_IN, TOKEN_RANGE_END_EX,
	TOKEN_RANGE_TO, TOKEN_RANGE_QUOTED, TOKEN_RANGE_TEXT,
};

struct token {
	enum token_type	 type;
	struct span	 text;		/* borrowed from the query */
	const char	*fault;		/* of TOKEN_FAULT; static */
};

enum lex_state { LEX_PLAIN, LEX_BOOST, LEX_RANGE };

struct lex {
	struct span	text;
	size_t		at;
	enum lex_state	state;
};

struct token lex_next(struct lex *);	/* after the end or a fault: the same again */

#endif
