#include "tui/steps.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"

static const struct {
	const char	*name, *title;
} titles[] = {
	{ "resolve", "resolve" }, { "connect", "connect" }, { "tls", "TLS" }, { "options", "OPTIONS" }, { "register", "REGISTER" },
};

static const struct {
	const char	*result, *glyph, *word;
} results[] = {
	{ "ok", "+", "OK" }, { "failed", "!", "UNREACHABLE" }, { "skipped", "-", "UNMONITORED" },
};

static size_t
result_of(const json_t *step)
{
	const char	*result = json_string_value(json_object_get(step, "result"));
	size_t		 i = 0;

	while (i < sizeof results / sizeof results[0] - 1 && (result == NULL || strcmp(results[i].result, result) != 0))
		i++;
	return i;
}

const char *
step_word(const json_t *step)
{
	return results[result_of(step)].word;
}

const char *
step_title(const json_t *step)
{
	const char	*name = json_string_value(json_object_get(step, "step"));

	for (size_t i = 0; name != NULL && i < sizeof titles / sizeof titles[0]; i++)
		if (strcmp(titles[i].name, name) == 0)
			return titles[i].title;
	return "";
}

void
step_what(const json_t *step, bool ascii, char *buf, size_t size)
{
	const json_t	*what = json_object_get(step, "what");
	const char	*text = json_string_value(what);

	if (text == NULL || text[0] == '\0')
		(void)snprintf(buf, size, "%s", strcmp(step_word(step), "UNMONITORED") == 0 ? "not tried" : "");
	else
		(void)text_safe(text, json_string_length(what), buf, size, ascii);
}

void
step_ms(const json_t *step, char *buf, size_t size)
{
	const json_t	*ms = json_object_get(step, "ms");

	buf[0] = '\0';
	if (json_is_integer(ms))
		(void)snprintf(buf, size, "%" JSON_INTEGER_FORMAT " ms", json_integer_value(ms));
}

void
step_line(const json_t *step, bool ascii, char *buf, size_t size)
{
	char	what[1000], ms[32];
	int	pad;

	step_what(step, ascii, what, sizeof what);
	step_ms(step, ms, sizeof ms);
	pad = ms[0] == '\0' ? 0 : STEP_WHAT - text_width(what);
	(void)snprintf(buf, size, "%s %-*s%s%*s%s%s", results[result_of(step)].glyph, STEP_TITLE, step_title(step), what, pad < 0 ? 0 : pad, "",
	    ms[0] == '\0' ? "" : "  ", ms);
}
