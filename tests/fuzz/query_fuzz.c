/* Queries: parsed or refused, and asked of a record; what the record's bytes rule out, the record must. */
#include <stdlib.h>
#include <string.h>

#include "core/account.h"
#include "core/match.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t		 record[RECORD_MAX];
	static struct account	 a;
	static struct match	*room;
	static int		 n;
	struct query		*q;
	struct query_fault	 fault;
	union { const uint8_t *bytes; const char *text; } u = { .bytes = data };

	if (room == NULL) {
		room = match_new();
		account_defaults(&a);
		(void)strcpy(a.username, "alice.smith");
		(void)strcpy(a.owner, "Alice De Luca-Rossi");
		(void)strcpy(a.email, "alice@example.org");
		(void)strcpy(a.description, "north desk, north \xc3\x88lite of the desk 1,000.50 \xe3\x82\xab\xe3\x82\xbf");
		n = record_encode(&account_kind, &a, NULL, record, sizeof record);
	}
	if (query_parse(&account_kind, u.text, size, &q, &fault) != 0) {
		if (fault.column < 1 || fault.column > size + 1)
			abort();
		return 0;
	}
	if (match_record(room, q, &a, NULL) && !match_may(q, record, (size_t)n))
		abort();
	query_free(q);
	return 0;
}
