#include "tui/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "core/csv.h"
#include "core/err.h"
#include "core/nearest.h"

enum { READ_BYTES = 65536, OBJECT_MAX = 32768, BOM_BYTES = 3 };

/* An object of JSON as it is read: up to the brace that closes it. */
struct object {
	char		 text[OBJECT_MAX];
	size_t		 n, depth;
	bool		 quoted, escaped;
	unsigned long	 line;		/* where it begins */
};

struct rows {
	const struct kind	*kind;
	int			 fd, other;
	uint64_t		 taken, total;
	char			 in[READ_BYTES];
	size_t			 at, n;
	bool			 ended, told, json, over;	/* told: which of the two it is is known; over: no more rows are read */
	unsigned long		 at_line;			/* of JSON */
	struct csv		 csv;
	struct object		 object;
	const struct field	*columns[CSV_CELLS_MAX];
	size_t			 n_columns;
};

struct rows *
rows_open(const char *file, const struct kind *k, int other, char why[ROWS_TEXT])
{
	struct rows	*r = calloc(1, sizeof *r);
	struct stat	 st;

	if (r == NULL) {
		(void)snprintf(why, ROWS_TEXT, "out of memory");
		return NULL;
	}
	r->kind = k;
	r->other = other;
	r->at_line = 1;
	csv_init(&r->csv);
	r->fd = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0 || fstat(r->fd, &st) != 0 || (S_ISDIR(st.st_mode) && (errno = EISDIR) != 0)) {
		(void)snprintf(why, ROWS_TEXT, "%.150s: %s", file, strerror(errno));
		rows_close(r);
		return NULL;
	}
	r->total = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	return r;
}

void
rows_close(struct rows *r)
{
	if (r == NULL)
		return;
	if (r->fd > STDIN_FILENO)
		(void)close(r->fd);
	explicit_bzero(r->in, sizeof r->in);	/* there may be passwords */
	explicit_bzero(&r->csv, sizeof r->csv);
	explicit_bzero(&r->object, sizeof r->object);
	free(r);
}

void
rows_position(const struct rows *r, uint64_t *done, uint64_t *total)
{
	*done = r->taken - (r->n - r->at);
	*total = r->total;
}

bool
rows_is_empty(const struct rows *r)
{
	return r->n_columns == 0 && !r->json;
}

/* 1 there are bytes, 0 none any more, negative. */
static int
fill(struct rows *r)
{
	struct pollfd	p[2] = { { .fd = r->fd, .events = POLLIN }, { .fd = r->other, .events = POLLIN } };
	ssize_t		n;

	if (r->at < r->n)
		return 1;
	if (r->ended)
		return 0;
	if (poll(p, 2, -1) < 0)
		return -errno;
	if (p[0].revents == 0)
		return -EINTR;
	if ((n = read(r->fd, r->in, sizeof r->in)) < 0)
		return -errno;
	r->at = 0;
	r->n = (size_t)n;
	r->taken += (uint64_t)n;
	r->ended = n == 0;
	return n > 0;
}

static int
fault(struct row_read *row, unsigned long line, const char *field, const char *text)
{
	row->line = line;
	row->set = NULL;
	(void)snprintf(row->field, sizeof row->field, "%s", field);
	(void)snprintf(row->fault, sizeof row->fault, "%s", text);
	return 1;
}

/* 1 and a record of CSV, 0 at the end, negative. */
static int
record_read(struct rows *r)
{
	size_t	used;
	int	rc;

	while ((rc = fill(r)) > 0) {
		bool	there = csv_take(&r->csv, r->in + r->at, r->n - r->at, &used);

		r->at += used;
		if (there)
			return 1;
	}
	if (rc < 0 || r->over)
		return rc;
	r->over = true;
	return csv_end(&r->csv);
}

/* Nothing can be read without knowing what the columns are. */
static int
header_fault(struct rows *r, struct row_read *row, const char *column, const char *text)
{
	r->over = r->ended = true;
	r->at = r->n;
	return fault(row, r->csv.line, column, text);
}

/* The header row.  1 with a fault in row, 0 if there is none. */
static int
header_take(struct rows *r, struct row_read *row)
{
	struct csv	*c = &r->csv;
	char		 hint[ROWS_TEXT - 64], text[ROWS_TEXT];

	if (c->fault != NULL)
		return header_fault(r, row, "", c->fault);
	for (size_t i = 0; i < c->n_cells; i++) {
		const char		*name = csv_cell(c, i);
		const struct field	*f = kind_field(r->kind, name);

		if (c->n_cells == 1 && f == NULL && strpbrk(name, ";\t") != NULL)
			return header_fault(r, row, "", "the columns must be separated by commas");
		if (f == NULL || (f->flags & FF_HIDDEN)) {
			(void)snprintf(text, sizeof text, "the first line must name fields, and this is none%s",
			    nearest_field(r->kind, name, 0, FF_HIDDEN, hint, sizeof hint));
			return header_fault(r, row, name, text);
		}
		for (size_t k = 0; k < i; k++)
			if (r->columns[k] == f)
				return header_fault(r, row, name, "the column is there twice: keep one of them");
		r->columns[r->n_columns++] = f;
	}
	return 0;
}

static int
record_take(struct rows *r, struct row_read *row)
{
	struct csv	*c = &r->csv;
	char		 text[96];

	if (c->fault != NULL)
		return fault(row, c->fault_line, "", c->fault);
	if (c->n_cells != r->n_columns) {
		(void)snprintf(text, sizeof text, "has %zu cells, and the header %zu: are there commas outside quotes?", c->n_cells, r->n_columns);
		return fault(row, c->line, "", text);
	}
	row->line = c->line;
	row->set = json_object();
	for (size_t i = 0; i < c->n_cells; i++) {
		json_t	*value;

		csv_cell_read(csv_cell(c, i));
		if ((value = json_string(csv_cell(c, i))) == NULL) {
			json_decref(row->set);
			return fault(row, c->line, r->columns[i]->name, "not valid UTF-8: save the file as UTF-8");
		}
		(void)json_object_set_new(row->set, r->columns[i]->name, value);
	}
	return 1;
}

static int
csv_next(struct rows *r, struct row_read *row)
{
	int	rc;

	if ((rc = record_read(r)) <= 0)
		return rc;
	if (r->n_columns == 0) {
		if (header_take(r, row) != 0)
			return 1;
		if ((rc = record_read(r)) <= 0)
			return rc;
	}
	return record_take(r, row);
}

/* A byte of the object; true when it is whole. */
static bool
object_take(struct object *o, char byte)
{
	if (o->n < sizeof o->text)
		o->text[o->n] = byte;
	o->n++;
	if (o->escaped) {
		o->escaped = false;
	} else if (o->quoted) {
		o->escaped = byte == '\\';
		o->quoted = byte != '"';
	} else if (byte == '"') {
		o->quoted = true;
	} else if (byte == '{' || byte == '[') {
		o->depth++;
	} else if (byte == '}' || byte == ']')
		o->depth--;
	return o->depth == 0;
}

/* What is no object, or goes on without end, leaves no place to read on from. */
static int
json_fault(struct rows *r, struct row_read *row, unsigned long line, const char *text)
{
	r->over = r->ended = true;
	r->at = r->n;
	return fault(row, line, "", text);
}

static int
object_parse(struct rows *r, struct row_read *row)
{
	struct object	*o = &r->object;
	json_error_t	 error;
	char		 text[ROWS_TEXT];

	row->line = o->line;
	row->set = json_loadb(o->text, o->n, JSON_REJECT_DUPLICATES, &error);
	if (row->set != NULL)
		return 1;
	(void)snprintf(text, sizeof text, "not JSON: %.160s", error.text);
	return fault(row, o->line + (error.line > 0 ? (unsigned long)error.line - 1 : 0), "", text);
}

static int
json_next(struct rows *r, struct row_read *row)
{
	struct object	*o = &r->object;
	int		 rc = 0;

	while (!r->over && (rc = fill(r)) > 0) {
		char	byte = r->in[r->at++];

		if (o->depth == 0) {
			o->n = 0;
			o->line = r->at_line;
		}
		r->at_line += byte == '\n';
		if (o->depth == 0 && strchr(" \t\r\n,[]", byte) != NULL && byte != '\0')
			continue;
		if (o->depth == 0 && byte != '{')
			return json_fault(r, row, o->line, "not a JSON object: write one {...} for each account");
		if (!object_take(o, byte))
			continue;
		if (o->n > sizeof o->text)
			return json_fault(r, row, o->line, "too long: an object has at most 32768 bytes");
		return object_parse(r, row);
	}
	if (!r->over && rc < 0)
		return rc;
	if (r->over || o->depth == 0)
		return 0;
	return json_fault(r, row, o->line, "the object that begins here is not closed");
}

/* The first byte that is no blank tells.  0, 1 at the end, negative. */
static int
tell_which(struct rows *r)
{
	size_t	i;
	int	rc;

	if ((rc = fill(r)) <= 0)
		return rc == 0 ? 1 : rc;
	i = r->n >= BOM_BYTES && memcmp(r->in, "\xef\xbb\xbf", BOM_BYTES) == 0 ? BOM_BYTES : 0;
	while (i < r->n && strchr(" \t\r\n", r->in[i]) != NULL && r->in[i] != '\0')
		i++;
	r->json = i < r->n && (r->in[i] == '{' || r->in[i] == '[');
	if (r->json && memcmp(r->in, "\xef\xbb\xbf", BOM_BYTES) == 0)
		r->at = BOM_BYTES;
	r->told = true;
	return 0;
}

int
rows_next(struct rows *r, struct row_read *row)
{
	int	rc;

	*row = (struct row_read){ .line = 1 };
	if (!r->told && (rc = tell_which(r)) != 0)
		return rc == 1 ? 0 : rc;
	return r->json ? json_next(r, row) : csv_next(r, row);
}
