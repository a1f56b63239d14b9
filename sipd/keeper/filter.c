#include "sipd/keeper/filter.h"

#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/text.h"

/* "owner:ross": the field, and text moved past the colon.  A word whose head names no field is looked for as it stands. */
static const struct field *
field_of(const struct kind *k, const char **word, size_t *n)
{
	const char		*colon = memchr(*word, ':', *n);
	const struct field	*f;
	char			 name[32];
	size_t			 head;

	if (colon == NULL || (head = (size_t)(colon - *word)) >= sizeof name)
		return NULL;
	memcpy(name, *word, head);
	name[head] = '\0';
	f = kind_field(k, strcmp(name, "callerid") == 0 ? "caller_id" : name);
	if (f == NULL || (f->flags & (FF_HIDDEN | FF_SECRET)))
		return NULL;
	*word += head + 1;
	*n -= head + 1;
	return f;
}

/* Whether a record that holds the word in those fields has its bytes in it, but for their case. */
static bool
is_in_bytes(const struct kind *k, const struct field *f, const char *word)
{
	for (const char *p = word; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			return false;
	for (size_t i = 0; i < k->n_fields; i++)
		if ((f == NULL ? (k->fields[i].flags & FF_SEARCH) != 0 : &k->fields[i] == f) &&
		    (k->fields[i].type != FT_STR || (k->fields[i].flags & FF_VIRTUAL)))
			return false;
	return true;
}

int
filter_parse(struct filter *filter, const struct kind *k, const char *text, char *why, size_t size)
{
	filter->kind = k;
	filter->n = 0;
	while (text[strspn(text, " ")] != '\0') {
		const char		*word = text + strspn(text, " ");
		size_t			 n = strcspn(word, " ");
		const struct field	*f;

		text = word + n;
		f = field_of(k, &word, &n);
		if (n == 0)
			continue;	/* "owner:": being typed */
		if (filter->n == FILTER_WORDS || n >= FILTER_TEXT / 3) {
			(void)snprintf(why, size, "at most %d words of %d bytes", FILTER_WORDS, FILTER_TEXT / 3 - 1);
			return ERR_INVALID;
		}
		filter->words[filter->n].field = f;
		(void)text_fold(word, n, filter->words[filter->n].text, FILTER_TEXT);
		filter->words[filter->n].in_bytes = is_in_bytes(k, f, filter->words[filter->n].text);
		filter->n++;
	}
	return 0;
}

static bool
field_holds(const struct field *f, const char *word, const void *record, const struct refs *refs)
{
	char	text[FIELD_TEXT], folded[FIELD_TEXT];
	size_t	n = field_text(f, record, refs, text, sizeof text);

	if (n == 0)
		return false;
	(void)text_fold(text, n, folded, sizeof folded);
	return strstr(folded, word) != NULL;
}

static bool
word_found(const struct filter *filter, size_t i, const void *record, const struct refs *refs)
{
	const char	*word = filter->words[i].text;

	if (filter->words[i].field != NULL)
		return field_holds(filter->words[i].field, word, record, refs);
	for (size_t j = 0; j < filter->kind->n_fields; j++)
		if ((filter->kind->fields[j].flags & FF_SEARCH) &&
		    field_holds(&filter->kind->fields[j], word, record, refs))
			return true;
	return false;
}

bool
filter_matches(const struct filter *filter, const void *record, const struct refs *refs)
{
	for (size_t i = 0; i < filter->n; i++)
		if (!word_found(filter, i, record, refs))
			return false;
	return true;
}

bool
filter_may_match(const struct filter *filter, const void *bytes, size_t n)
{
	static const char	dotted_i[] = "\xc4\xb0";	/* the one letter that is not ASCII until it is folded */
	const char		*raw = bytes;
	char			 folded[RECORD_MAX];

	if (filter->n == 0 || n > sizeof folded)
		return true;
	for (size_t i = 0; i < n; i++)
		folded[i] = (char)(raw[i] >= 'A' && raw[i] <= 'Z' ? raw[i] + 32 : raw[i]);
	for (size_t i = 0; i < filter->n; i++)
		if (filter->words[i].in_bytes &&
		    memmem(folded, n, filter->words[i].text, strlen(filter->words[i].text)) == NULL)
			return memmem(raw, n, dotted_i, sizeof dotted_i - 1) != NULL;
	return true;
}

bool
filter_eq(const struct filter *a, const struct filter *b)
{
	if (a->kind != b->kind || a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->words[i].field != b->words[i].field || strcmp(a->words[i].text, b->words[i].text) != 0)
			return false;
	return true;
}
