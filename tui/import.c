#include "tui/import.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/account.h"
#include "core/err.h"
#include "core/text.h"
#include "tui/cli.h"
#include "tui/client.h"
#include "tui/complain.h"
#include "tui/json.h"
#include "tui/printer.h"
#include "tui/progress.h"
#include "tui/rows.h"

enum { PART_ROWS = 64, PART_BYTES = 32768, ROW_BYTES_MAX = 60000, WINDOW = 4, FAULTS_MAX = 100, EXIT_CANCELLED = 130 };

struct import {
	struct client	*client;
	const char	*file;
	bool		 json;
	struct rows	*rows;
	struct progress	 progress;
	json_t		*part;			/* rows that are not sent yet */
	size_t		 part_bytes;
	int		 begin_id;
	size_t		 in_flight;		/* parts that are not answered */
	uint64_t	 n_rows, n_faults;
	json_t		*faults;		/* the first of them, as the daemon tells them */
	json_t		*made;			/* names and passwords that the daemon made */
	json_t		*result;
	bool		 begun, committed, refused, waiting;
};

static volatile sig_atomic_t	interrupted;

static void
on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static void
fault_add(struct import *im, json_t *fault)
{
	im->n_faults++;
	if (json_array_size(im->faults) < FAULTS_MAX)
		(void)json_array_append_new(im->faults, fault);
	else
		json_decref(fault);
}

static int
by_line(const void *a, const void *b)
{
	json_t		*const *x = a, *const *y = b;
	json_int_t	 i = json_integer_value(json_object_get(*x, "line")), k = json_integer_value(json_object_get(*y, "line"));

	return i < k ? -1 : i > k;
}

/* Each as FILE:LINE: FIELD: what is wrong; in order of the lines. */
static int
tell_faults(struct import *im)
{
	json_t	*sorted[FAULTS_MAX];
	size_t	 n = json_array_size(im->faults);

	for (size_t i = 0; i < n; i++)
		sorted[i] = json_array_get(im->faults, i);
	qsort(sorted, n, sizeof sorted[0], by_line);
	for (size_t i = 0; i < n; i++) {
		const char	*field = json_string_value(json_object_get(sorted[i], "field"));
		const char	*text = json_string_value(json_object_get(sorted[i], "text"));

		(void)complain(EXIT_REFUSED, "%.200s:%" JSON_INTEGER_FORMAT ": %.64s%s%s", im->file,
		    json_integer_value(json_object_get(sorted[i], "line")), field == NULL ? "" : field,
		    field == NULL || field[0] == '\0' ? "" : ": ", text == NULL ? "not valid" : text);
	}
	if (im->n_faults > n)
		(void)complain(EXIT_REFUSED, "%.200s: and %" PRIu64 " more", im->file, im->n_faults - n);
	return complain(EXIT_REFUSED, "%.200s: %" PRIu64 " fault%s, nothing was changed", im->file, im->n_faults,
	    im->n_faults == 1 ? "" : "s");
}

static void
take_part_answer(struct import *im, json_t *ok)
{
	json_t	*fault, *made;
	size_t	 i;

	im->in_flight--;
	im->n_faults += (uint64_t)json_integer_value(json_object_get(ok, "more"));
	json_array_foreach(json_object_get(ok, "faults"), i, fault)
		fault_add(im, json_incref(fault));
	json_array_foreach(json_object_get(ok, "made"), i, made)
		(void)json_array_append(im->made, made);
}

/* The import is committed, and can't go on for now: once, for who wonders. */
static void
tell_waiting(struct import *im, bool waiting)
{
	if (waiting && !im->waiting) {
		progress_clear(&im->progress);
		(void)complain(EXIT_DONE, "the daemon waits: its store takes nothing now; it goes on by itself when there is room");
	}
	im->waiting = waiting;
}

static void
take(struct import *im, json_t *m)
{
	json_t	*ok = json_object_get(m, "ok"), *error = json_object_get(m, "error");

	if (error != NULL) {
		progress_clear(&im->progress);
		if (!im->refused)
			printer_refused(error);
		im->refused = true;
	} else if (json_object_get(m, "import") != NULL) {
		im->begun = true;
	} else if (json_object_get(m, "applied") != NULL) {
		tell_waiting(im, json_is_true(json_object_get(m, "waiting")));
		progress_show(&im->progress, (uint64_t)json_integer_value(json_object_get(m, "applied")),
		    (uint64_t)json_integer_value(json_object_get(m, "rows")), false,
		    (uint64_t)json_integer_value(json_object_get(m, "applied")));
	} else if (ok != NULL && json_integer_value(json_object_get(m, "id")) == im->begin_id) {
		im->result = json_incref(ok);
	} else if (ok != NULL && json_object_get(ok, "made") != NULL) {
		take_part_answer(im, ok);
	} else if (ok != NULL)
		im->committed = true;
}

/* What has come; with wait, at least until something has, or a signal.  0, or the exit status. */
static int
converse(struct import *im, bool wait)
{
	struct pollfd	 p = { .fd = client_fd(im->client), .events = POLLIN };
	json_t		*m;
	int		 rc;

	if (client_wants_write(im->client))
		p.events |= POLLOUT;
	if (wait && !interrupted && poll(&p, 1, -1) < 0 && errno != EINTR)
		return complain(EXIT_UNREACHED, "%s", strerror(errno));
	if ((rc = client_flush(im->client)) == 0)
		while ((rc = client_next(im->client, &m)) == 1) {
			take(im, m);
			json_decref(m);
		}
	if (rc < 0) {
		progress_clear(&im->progress);
		return complain(EXIT_UNREACHED, "%s", client_why(im->client));
	}
	return im->refused ? EXIT_REFUSED : 0;
}

static int
ask(struct import *im, const char *step, json_t *rows)
{
	json_t	*request = json_pack("{s:s, s:s}", "do", "account import", "step", step);
	int	 id;

	if (rows != NULL)
		(void)json_object_set(request, "rows", rows);
	if ((id = client_send(im->client, request)) < 0)
		(void)complain(EXIT_UNREACHED, "%s", client_why(im->client));
	return id;
}

/* Sends the rows that have gathered; waits while the daemon has enough to do. */
static int
part_send(struct import *im)
{
	int	rc = 0;

	if (json_array_size(im->part) == 0)
		return 0;
	if (ask(im, "rows", im->part) < 0)
		return EXIT_UNREACHED;
	im->in_flight++;
	(void)json_array_clear(im->part);
	im->part_bytes = 0;
	do
		rc = converse(im, im->in_flight >= WINDOW);
	while (rc == 0 && im->in_flight >= WINDOW && !interrupted);
	return rc;
}

static int
row_take(struct import *im, struct row_read *row)
{
	size_t	n;
	json_t	*one;

	im->n_rows++;
	if (row->set == NULL) {
		fault_add(im, json_pack("{s:I, s:s, s:s}", "line", (json_int_t)row->line, "field", row->field, "text", row->fault));
		return 0;
	}
	one = json_pack("{s:I, s:o}", "line", (json_int_t)row->line, "set", row->set);
	if ((n = json_dumpb(one, NULL, 0, JSON_COMPACT)) > ROW_BYTES_MAX) {
		json_decref(one);
		fault_add(im, json_pack("{s:I, s:s, s:s}", "line", (json_int_t)row->line, "field", "", "text", "too long"));
		return 0;
	}
	if (im->part_bytes + n > PART_BYTES) {
		int	rc = part_send(im);

		if (rc != 0) {
			json_decref(one);
			return rc;
		}
	}
	(void)json_array_append_new(im->part, one);
	im->part_bytes += n + 1;
	return json_array_size(im->part) < PART_ROWS ? 0 : part_send(im);
}

/* All rows of the file, until the daemon has judged them. */
static int
send_rows(struct import *im)
{
	struct row_read	row;
	uint64_t	done, total;
	int		rc = 0, there;

	progress_phase(&im->progress, "checking");
	while (rc == 0 && !interrupted && (there = rows_next(im->rows, &row)) != 0) {
		if (there == -EINTR) {
			rc = converse(im, false);
			continue;
		}
		if (there < 0)
			return complain(EXIT_REFUSED, "%.200s: %s", im->file, strerror(-there));
		rc = row_take(im, &row);
		rows_position(im->rows, &done, &total);
		progress_show(&im->progress, done, total, true, im->n_rows);
	}
	if (rc == 0 && !interrupted)
		rc = part_send(im);
	while (rc == 0 && !interrupted && im->in_flight > 0)
		rc = converse(im, true);
	progress_clear(&im->progress);
	return rc;
}

/* From here on the daemon does it, whatever becomes of us. */
static int
commit(struct import *im)
{
	int	rc = 0;

	if (ask(im, "commit", NULL) < 0)
		return EXIT_UNREACHED;
	progress_phase(&im->progress, "applying");
	interrupted = 0;	/* came too late */
	while (rc == 0 && !im->committed)
		rc = converse(im, true);
	if (rc == EXIT_UNREACHED)
		(void)complain(rc, "whether the import was committed is not known: wirechief event list tells");
	while (rc == 0 && im->result == NULL && !interrupted)
		rc = converse(im, true);
	progress_clear(&im->progress);
	if (im->committed && im->result == NULL)
		(void)complain(rc, "the import is committed: the daemon goes on with it by itself");
	return rc;
}

/* A line for each name or password that was made: for one pair of eyes, once. */
static void
print_made(const struct import *im)
{
	json_t	*made;
	size_t	 i;

	json_array_foreach(im->made, i, made) {
		const char	*password = json_string_value(json_object_get(made, "password"));

		(void)json_object_del(made, "line");
		if (im->json)
			json_line(made);
		else
			(void)printf("%s\t%s\n", json_string_value(json_object_get(made, "username")), password == NULL ? "" : password);
	}
}

static void
print_result(const struct import *im)
{
	const json_t	*r = im->result;

	if (r == NULL)
		return;
	if (im->json) {
		json_line(r);
		return;
	}
	(void)fprintf(stderr, "%" JSON_INTEGER_FORMAT " added, %" JSON_INTEGER_FORMAT " changed, %" JSON_INTEGER_FORMAT " as they were\n",
	    json_integer_value(json_object_get(r, "added")), json_integer_value(json_object_get(r, "changed")),
	    json_integer_value(json_object_get(r, "same")));
	if (json_integer_value(json_object_get(r, "lost")) > 0)
		(void)complain(EXIT_REFUSED, "%" JSON_INTEGER_FORMAT " rows could not be applied: wirechief event list tells which",
		    json_integer_value(json_object_get(r, "lost")));
}

static int
converse_all(struct import *im)
{
	int	rc = 0;

	if ((im->begin_id = ask(im, "begin", NULL)) < 0)
		return EXIT_UNREACHED;
	while (rc == 0 && !im->begun && !interrupted)
		rc = converse(im, true);
	if (rc == 0 && !interrupted)
		rc = send_rows(im);
	if (rc == 0 && interrupted)
		return complain(EXIT_CANCELLED, "cancelled, nothing was changed");
	if (rc == 0 && im->n_faults > 0)
		return tell_faults(im);
	if (rc == 0 && rows_is_empty(im->rows))
		return complain(EXIT_REFUSED, "%.200s: is empty: write a line that names the fields, then a line for each account", im->file);
	if (rc != 0)
		return rc == EXIT_UNREACHED ? complain(rc, "nothing was changed") : rc;
	rc = commit(im);
	if (im->committed || rc == EXIT_UNREACHED)
		print_made(im);
	print_result(im);
	return rc == 0 && json_integer_value(json_object_get(im->result, "lost")) > 0 ? EXIT_REFUSED : rc;
}

int
import_run(struct client *client, const char *file, bool json)
{
	struct sigaction	on_int = { .sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND }, old;
	struct import		im = { .client = client, .file = strcmp(file, "-") == 0 ? "standard input" : file, .json = json };
	char			why[ROWS_TEXT];
	int			rc;

	if ((im.rows = rows_open(file, &account_kind, client_fd(client), why)) == NULL)
		return complain(EXIT_REFUSED, "%s", why);
	im.part = json_array();
	im.faults = json_array();
	im.made = json_array();
	(void)sigaction(SIGINT, &on_int, &old);
	rc = converse_all(&im);
	(void)sigaction(SIGINT, &old, NULL);
	json_decref(im.part);
	json_decref(im.faults);
	json_decref(im.made);
	json_decref(im.result);
	rows_close(im.rows);
	return rc;
}
