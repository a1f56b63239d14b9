#include "sipd/keeper/filter.h"

#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/match.h"
#include "core/nearest.h"
#include "core/query.h"
#include "core/text.h"

int
filter_parse(struct filter *f, const struct kind *k, const char *text, const char *field, struct fault *fault)
{
	struct query_fault	qf;
	int			rc;

	f->query = NULL;
	if (text[strspn(text, " \t\r\n")] == '\0')
		return 0;
	if ((rc = query_parse(k, text, strlen(text), &f->query, &qf)) == 0)
		return 0;
	if (rc != ERR_INVALID)
		return fault_set(fault, ERR_BUSY, field, "out of memory");
	(void)fault_set(fault, ERR_INVALID, field, "column %zu: %s", qf.column, qf.text);
	fault->column = qf.column;
	return ERR_INVALID;
}

const char *
filter_note(const struct filter *filter, char *buf, size_t size)
{
	const char	*name = filter->query == NULL ? "" : query_unknown(filter->query);
	char		 safe[QUERY_FIELD * 4], hint[400];

	buf[0] = '\0';
	if (name[0] == '\0')
		return buf;
	text_safe(name, strlen(name), safe, sizeof safe, false);
	(void)snprintf(buf, size, "%s has no field %s, nothing is found in it%s (to look for the colon itself write \\:)",
	    query_kind(filter->query)->name, safe, nearest_field(query_kind(filter->query), name, 0, FF_HIDDEN | FF_SECRET, hint, sizeof hint));
	return buf;
}

void
filter_hold(struct filter *f)
{
	(void)query_ref(f->query);
}

void
filter_clear(struct filter *f)
{
	query_free(f->query);
	f->query = NULL;
}

bool
filter_matches(const struct filter *f, struct match **room, const void *record, const struct refs *refs)
{
	if (f->query == NULL)
		return true;
	if (*room == NULL && (*room = match_new()) == NULL)
		return false;
	return match_record(*room, f->query, record, refs);
}

bool
filter_may_match(const struct filter *f, const void *bytes, size_t n)
{
	return f->query == NULL || match_may(f->query, bytes, n);
}

bool
filter_eq(const struct filter *a, const struct filter *b)
{
	if (a->query == b->query)
		return true;
	return a->query != NULL && b->query != NULL && query_kind(a->query) == query_kind(b->query) &&
	    span_eq(query_text(a->query), query_text(b->query));
}
