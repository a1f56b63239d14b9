/*
 * Puts a set of accounts and queries through the analyser, the parser, the index of words and the matcher:
 *
 *	lucene_check DIR	reads DIR/accounts.tsv and DIR/queries.txt, writes DIR/results.txt: for each query a line
 *				of the ids that match, or ERROR
 *
 * Each query is answered twice, by the index and by looking at every record; a difference ends the program with status 1.
 * accounts.tsv has a line of column names, then id, owner, username, callerid, email, description, with tabs between them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"
#include "core/match.h"
#include "db/search.h"
#include "db/words.h"

enum { LINE = 64 * 1024, SLICE = 7 };	/* a slice so short that going on is tried, too */

/* As accounts, but with room for what a set may hold. */
struct sample {
	uint64_t	id;
	char		name[65];
	char		owner[FIELD_TEXT];
	char		username[FIELD_TEXT];
	char		caller_id[FIELD_TEXT];
	char		email[FIELD_TEXT];
	char		description[FIELD_TEXT];
};

#define RECORD sample

static const struct field	sample_fields[] = {
	{ .tag = 1, AT(FT_ID, id), .flags = FF_HIDDEN },
	{ .tag = 2, .name = "id", .title = "Id", AT(FT_STR, name) },
	{ .tag = 3, .name = "owner", .title = "Owner", AT(FT_STR, owner), .flags = FF_SEARCH },
	{ .tag = 4, .name = "username", .title = "Username", AT(FT_STR, username), .flags = FF_SEARCH },
	{ .tag = 5, .name = "caller_id", .title = "Caller Id", AT(FT_STR, caller_id), .flags = FF_SEARCH },
	{ .tag = 6, .name = "email", .title = "Email", AT(FT_STR, email), .flags = FF_SEARCH },
	{ .tag = 7, .name = "description", .title = "Description", AT(FT_STR, description), .flags = FF_SEARCH },
};

static const struct kind	sample_kind = {
	.name = "sample", .title = "Samples", .table = TABLE_ACCOUNT, .key = { 1 }, .name_tag = 2, .sort = "owner",
	.fields = sample_fields, .n_fields = sizeof sample_fields / sizeof sample_fields[0], .size = sizeof(struct sample),
	.words = TABLE_ACCOUNT_WORD,
};

static void
die(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	(void)fputs("lucene_check: ", stderr);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

static FILE *
file_in(const char *dir, const char *name, const char *mode)
{
	char	 path[4096];
	FILE	*f;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	if ((f = fopen(path, mode)) == NULL)
		die("%s: can't be opened", path);
	return f;
}

/* The next line without its end; false after the last. */
static bool
line_of(FILE *f, char line[LINE])
{
	size_t	n;

	if (fgets(line, LINE, f) == NULL)
		return false;
	n = strcspn(line, "\n");
	line[n] = '\0';
	return true;
}

static struct sample *
samples_read(struct db *db, const char *dir, size_t *count)
{
	static char	 line[LINE];
	struct sample	*list = NULL, *bigger, s;
	FILE		*f = file_in(dir, "accounts.tsv", "r");

	(void)line_of(f, line);
	for (*count = 0; line_of(f, line);) {
		char		*into[] = { s.name, s.owner, s.username, s.caller_id, s.email, s.description }, *rest = line;
		struct txn	*t;

		memset(&s, 0, sizeof s);
		s.id = *count + 1;
		for (size_t i = 0; i < sizeof into / sizeof into[0] && rest != NULL; i++) {
			char	*column = strsep(&rest, "\t");

			(void)snprintf(into[i], i == 0 ? sizeof s.name : FIELD_TEXT, "%s", column);
		}
		t = txn_new(db->store);
		table_put(t, db, &sample_kind, &s);
		if (store_commit(t, NULL, NULL) != 0)
			die("account %s can't be stored", s.name);
		if (*count % 1024 == 0) {
			if (store_sync(db->store) != 0 || (bigger = realloc(list, (*count + 1024) * sizeof *list)) == NULL)
				die("no room");
			list = bigger;
		}
		list[(*count)++] = s;
	}
	(void)fclose(f);
	if (store_sync(db->store) != 0)
		die("the accounts can't be stored");
	return list;
}

static void
answer(const struct db *db, struct query *q, struct match *m, const struct sample *list, size_t n, FILE *out, const char *line)
{
	struct search	*s = search_new(db, q);
	const char	*gap = "";
	bool		 by_index, by_record;

	if (s == NULL && query_root(q)->op != QUERY_ALL)
		die("no search: %s", line);
	while (s != NULL && search_step(s, SLICE))
		;
	for (size_t i = 0; i < n; i++) {
		by_record = match_record(m, q, &list[i], NULL);
		by_index = s == NULL || search_has(s, list[i].id);
		if (by_index != by_record && (by_record || search_is_exact(s)))
			die("%s: account %s: the index says %s, the record %s", line, list[i].name, by_index ? "yes" : "no", by_record ? "yes" : "no");
		if (by_record) {
			(void)fprintf(out, "%s%s", gap, list[i].name);
			gap = " ";
		}
	}
	(void)fputc('\n', out);
	search_free(s);
}

static void
queries_run(const struct db *db, const struct sample *list, size_t n, const char *dir)
{
	static char		 line[LINE];
	struct match		*m = match_new();
	FILE			*in = file_in(dir, "queries.txt", "r"), *out = file_in(dir, "results.txt", "w");
	struct query		*q;
	struct query_fault	 fault;

	while (line_of(in, line))
		if (query_parse(&sample_kind, line, strlen(line), &q, &fault) != 0) {
			(void)fprintf(out, "ERROR\n");
			(void)printf("%s: column %zu: %s\n", line, fault.column, fault.text);
		} else {
			answer(db, q, m, list, n, out, line);
			query_free(q);
		}
	match_free(m);
	(void)fclose(in);
	if (fclose(out) != 0)
		die("%s/results.txt can't be written", dir);
}

static void
words_index(const struct db *db)
{
	struct txn	*t = txn_new(db->store);
	uint64_t	 after = 0;

	(void)words_build(t, db, &sample_kind, &after, 1);
	if (store_commit(t, NULL, NULL) != 0)
		die("the index can't be begun");
}

int
main(int argc, char **argv)
{
	char		 dir[] = "/tmp/wirechief-lucene-XXXXXX", command[128], why[256] = "";
	struct db	 db = { 0 };
	struct sample	*list;
	size_t		 n;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: lucene_check DIR\n");
		return 2;
	}
	if (mkdtemp(dir) == NULL || store_open_lmdb(&db.store, dir, (size_t)4 << 30, why, sizeof why) != 0)
		die("%s: %s", dir, why);
	words_index(&db);
	list = samples_read(&db, argv[1], &n);
	queries_run(&db, list, n, argv[1]);
	free(list);
	store_close(db.store);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command) == 0 ? 0 : 2;
}
