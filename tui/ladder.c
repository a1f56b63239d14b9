#include "tui/ladder.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/text.h"

enum { TEXT = 600 };

static void
safe(const json_t *m, const char *member, bool ascii, char *buf, size_t size)
{
	const json_t	*v = json_object_get(m, member);

	buf[0] = '\0';
	if (json_is_string(v))
		(void)text_safe(json_string_value(v), json_string_length(v), buf, size, ascii);
}

static bool
is(const json_t *m, const char *member, const char *word)
{
	const char	*s = json_string_value(json_object_get(m, member));

	return s != NULL && strcmp(s, word) == 0;
}

const char *
ladder_heading(void)
{
	return "Time          phone      us     peer  Message";
}

/* From the phone, to it, from the other side, to that. */
static const char *
arrow(const json_t *m)
{
	bool	out = is(m, "direction", "out");

	if (is(m, "with", "phone"))
		return out ? "<--------           " : "-------->           ";
	return out ? "           -------->" : "           <--------";
}

void
ladder_body(const json_t *m, bool ascii, char *buf, size_t size)
{
	json_int_t	n = json_integer_value(json_object_get(m, "body"));
	char		type[100];

	safe(m, "content_type", ascii, type, sizeof type);
	buf[0] = '\0';
	if (n > 0)
		(void)snprintf(buf, size, "body %" JSON_INTEGER_FORMAT " bytes, %s", n, type[0] == '\0' ? "of no type" : type);
}

void
ladder_line(const json_t *m, const char *when, bool ascii, char *buf, size_t size)
{
	bool	answer = json_is_integer(json_object_get(m, "code"));
	char	first[TEXT], method[40], remote[80], transport[8], body[140], *end;
	const char *what = first;

	safe(m, "first", ascii, first, sizeof first);
	safe(m, "method", ascii, method, sizeof method);
	safe(m, "remote", ascii, remote, sizeof remote);
	safe(m, "transport", ascii, transport, sizeof transport);
	ladder_body(m, ascii, body, sizeof body);
	if ((end = strstr(first, " SIP/2.0")) != NULL)
		*end = '\0';
	if (answer && strncasecmp(first, "SIP/2.0 ", 8) == 0)
		what += 8;
	(void)snprintf(buf, size, "%-12s  %s  %s%s%s%s  %s %s%s%s", when, arrow(m), what, answer ? " (" : "", answer ? method : "",
	    answer ? ")" : "", remote, transport, body[0] == '\0' ? "" : "  ", body);
}
