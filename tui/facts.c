#include "tui/facts.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"

static const struct {
	const char	*state, *glyph, *word;
} states[] = {
	{ "ok", "+", "OK" }, { "doubtful", "~", "LAGGED" }, { "bad", "!", "UNREACHABLE" }, { "none", "-", "UNMONITORED" },
};

static size_t
state_of(const json_t *fact)
{
	const char	*state = json_string_value(json_object_get(fact, "state"));
	size_t		 i = 0;

	while (i < sizeof states / sizeof states[0] - 1 && (state == NULL || strcmp(states[i].state, state) != 0))
		i++;
	return i;
}

const char *
fact_word(const json_t *fact)
{
	return states[state_of(fact)].word;
}

static void
safe(const json_t *fact, const char *member, bool ascii, char *buf, size_t size)
{
	const json_t	*v = json_object_get(fact, member);

	buf[0] = '\0';
	if (json_is_string(v))
		(void)text_safe(json_string_value(v), json_string_length(v), buf, size, ascii);
}

void
fact_title(const json_t *fact, bool ascii, char *buf, size_t size)
{
	safe(fact, "fact", ascii, buf, size);
}

void
fact_what(const json_t *fact, bool ascii, char *buf, size_t size)
{
	safe(fact, "what", ascii, buf, size);
}

void
fact_line(const json_t *fact, bool ascii, char *buf, size_t size)
{
	char	title[100], what[FACT_TEXT];

	fact_title(fact, ascii, title, sizeof title);
	fact_what(fact, ascii, what, sizeof what);
	(void)snprintf(buf, size, "%s %-*s%s", states[state_of(fact)].glyph, FACT_TITLE, title, what);
}
