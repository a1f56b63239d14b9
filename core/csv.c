#include "core/csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

enum { BOM_BYTES = 3, HEX_DIGITS_MAX = 6 };

static const char	bom[] = "\xef\xbb\xbf";

void
csv_init(struct csv *c)
{
	*c = (struct csv){ .at_line = 1, .line = 1, .first = true };
}

/* The first fault of a record is the one that is told. */
static void
fault(struct csv *c, const char *text)
{
	if (c->fault != NULL)
		return;
	c->fault = text;
	c->fault_line = c->at_line;
}

static void
record_begin(struct csv *c)
{
	c->done = false;
	c->state = CSV_CELL_START;
	c->n = c->n_cells = 0;
	c->fault = NULL;
	c->line = c->at_line;
}

static void
byte_put(struct csv *c, char byte)
{
	if (c->n == sizeof c->text - 1)
		fault(c, "too long: a record has at most 16383 bytes; is a quote missing?");
	else if (byte == '\0')
		fault(c, "holds a NUL byte: save the file as UTF-8 text");
	else
		c->text[c->n++] = byte;
}

static void
cell_begin(struct csv *c)
{
	if (c->n_cells == CSV_CELLS_MAX)
		fault(c, "has more than 64 cells");
	else
		c->cells[c->n_cells++] = c->n;
}

static void
cell_end(struct csv *c)
{
	if (c->n < sizeof c->text)
		c->text[c->n++] = '\0';
	c->state = CSV_CELL_START;
}

/* A line end outside quotes.  False where there was nothing on the line. */
static bool
record_end(struct csv *c)
{
	if (c->state == CSV_CELL_START && c->n_cells == 0) {
		record_begin(c);
		return false;
	}
	if (c->state == CSV_CELL_START)
		cell_begin(c);		/* after the last comma */
	cell_end(c);
	c->first = false;
	c->done = true;
	return true;
}

/* A byte order mark before all else is no text. */
static void
bom_drop(struct csv *c)
{
	if (!c->first || c->n_cells != 1 || c->n != BOM_BYTES || memcmp(c->text, bom, BOM_BYTES) != 0)
		return;
	c->first = false;
	c->n = c->n_cells = 0;
	c->state = CSV_CELL_START;
}

static void
take_byte(struct csv *c, char byte)
{
	switch (c->state) {
	case CSV_CELL_START:
		cell_begin(c);
		c->state = byte == '"' ? CSV_QUOTED : CSV_PLAIN;
		if (byte == ',')
			cell_end(c);
		else if (byte != '"')
			byte_put(c, byte);
		break;
	case CSV_PLAIN:
		if (byte == ',') {
			cell_end(c);
			break;
		}
		if (byte == '"')
			fault(c, "a quote inside a cell: put the whole cell in quotes and write the quote twice");
		byte_put(c, byte);
		break;
	case CSV_QUOTED:
		if (byte == '"')
			c->state = CSV_QUOTE_SEEN;
		else
			byte_put(c, byte);
		break;
	case CSV_QUOTE_SEEN:
		if (byte == '"') {
			byte_put(c, byte);
			c->state = CSV_QUOTED;
		} else if (byte == ',') {
			cell_end(c);
		} else {
			fault(c, "text after the closing quote of a cell: write a quote inside a cell twice");
			c->state = CSV_PLAIN;
		}
		break;
	}
}

bool
csv_take(struct csv *c, const char *in, size_t n, size_t *used)
{
	if (c->done)
		record_begin(c);
	for (size_t i = 0; i < n; i++) {
		bool	lf_of_cr = in[i] == '\n' && c->after_cr, quoted = c->state == CSV_QUOTED, ended = false;

		c->after_cr = in[i] == '\r';
		bom_drop(c);
		if ((in[i] == '\n' && !lf_of_cr) || in[i] == '\r') {
			ended = !quoted && record_end(c);
			c->at_line++;
		}
		if (quoted || (in[i] != '\n' && in[i] != '\r'))
			take_byte(c, in[i]);
		if (c->n_cells == 0)
			c->line = c->at_line;
		if (ended) {
			*used = i + 1;
			return true;
		}
	}
	*used = n;
	return false;
}

bool
csv_end(struct csv *c)
{
	if (c->done)
		record_begin(c);
	bom_drop(c);
	if (c->state == CSV_QUOTED) {
		c->at_line = c->line;
		fault(c, "a quote that is opened here is not closed");
	}
	return record_end(c);
}

char *
csv_cell(struct csv *c, size_t i)
{
	return c->text + c->cells[i];
}

/* "\u{1b}" at s: its length and the character, else 0. */
static size_t
escape_parse(const char *s, uint32_t *code)
{
	size_t	digits;
	char	hex[HEX_DIGITS_MAX + 1] = "";

	if (strncmp(s, "\\u{", 3) != 0)
		return 0;
	digits = strspn(s + 3, "0123456789abcdefABCDEF");
	if (digits == 0 || digits > HEX_DIGITS_MAX || s[3 + digits] != '}')
		return 0;
	memcpy(hex, s + 3, digits);
	*code = (uint32_t)strtoul(hex, NULL, 16);
	if (*code == 0 || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return 3 + digits + 1;
}

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

void
csv_cell_read(char *cell)
{
	char		*out = cell;
	uint32_t	 code;
	size_t		 step;

	if (cell[0] == '\'' && is_one_of(cell[1], "=@+-'"))
		cell++;
	for (; *cell != '\0'; cell += step) {
		if ((step = escape_parse(cell, &code)) > 0) {
			out += text_encode(code, out);
		} else {
			step = 1;
			*out++ = *cell;
		}
	}
	*out = '\0';
}

/* +390612345 and -3 are numbers, not formulas. */
static bool
is_number(const char *s)
{
	size_t	digits = strspn(s + 1, "0123456789");

	return digits > 0 && s[1 + digits] == '\0';
}

static bool
needs_apostrophe(const char *s)
{
	if (is_one_of(s[0], "=@"))
		return true;
	if (is_one_of(s[0], "+-"))
		return !is_number(s);
	return s[0] == '\'' && is_one_of(s[1], "=@+-'");	/* else reading would take this one away */
}

/* A mark is well on a character that is seen, alone there; what is not safe text by itself is not well. */
static bool
is_well(const char *s, size_t n, bool on_base)
{
	char		pair[8] = "a", safe[16];
	uint32_t	code;

	if (text_decode(s, n, &code) == 0)
		return false;
	memcpy(pair + 1, s, n);
	return text_safe(pair, n + 1, safe, sizeof safe, false) == n + 1 && memcmp(pair, safe, n + 1) == 0 &&
	    (on_base || text_code_width(code) > 0);
}

/* Appends to out what stands for a character; size bounds it.  Returns what it took. */
static size_t
character_write(const char *s, size_t n, bool well, char *out, size_t size)
{
	uint32_t	code = (unsigned char)s[0];
	int		len;

	if (well && s[0] == '"')
		len = snprintf(out, size, "\"\"");
	else if (well)
		len = snprintf(out, size, "%.*s", (int)n, s);
	else {
		(void)text_decode(s, n, &code);
		len = snprintf(out, size, "\\u{%" PRIx32 "}", code);
	}
	return len < 0 || (size_t)len >= size ? 0 : (size_t)len;
}

size_t
csv_cell_write(const char *s, size_t n, char *out, size_t size)
{
	bool		quote = n > 0 && (s[0] == ' ' || s[n - 1] == ' ' || strpbrk(s, "\",;") != NULL), on_base = false;
	size_t		at = 0, step;
	uint32_t	code;

	if (quote)
		out[at++] = '"';
	if (needs_apostrophe(s))
		out[at++] = '\'';
	for (size_t i = 0; i < n; i += step) {
		bool	well;

		if ((step = text_decode(s + i, n - i, &code)) == 0)
			step = 1;
		well = is_well(s + i, step, on_base) && escape_parse(s + i, &code) == 0;
		on_base = well && text_code_width(code) > 0;
		at += character_write(s + i, step, well, out + at, size - at);
	}
	if (quote)
		out[at++] = '"';
	out[at] = '\0';
	return at;
}
