#include "tui/complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"

enum { LINE = 1000 };

int
complain(int status, const char *fmt, ...)
{
	char	line[LINE], safe[LINE];
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	text_safe(line, strlen(line), safe, sizeof safe, false);
	(void)fprintf(stderr, "wirechief: %s\n", safe);
	return status;
}
