#include "tui/shell.h"

#include <stdio.h>
#include <string.h>

const char *
shell_word(const char *text, char *buf, size_t size)
{
	static const char	plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+=,-";
	size_t			at = 0;

	if (text[0] != '\0' && text[strspn(text, plain)] == '\0') {
		(void)snprintf(buf, size, "%s", text);
		return buf;
	}
	buf[at++] = '\'';
	for (; *text != '\0' && at + 6 < size; text++) {
		int	n = *text == '\'' ? snprintf(buf + at, size - at, "'\\''") : snprintf(buf + at, size - at, "%c", *text);

		at += (size_t)n;
	}
	(void)snprintf(buf + at, size - at, "'");
	return buf;
}
