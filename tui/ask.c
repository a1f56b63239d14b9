#include "tui/ask.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/err.h"

/* A line without its end.  false at the end of input, or when it does not fit. */
static bool
read_line(char *buf, size_t size)
{
	if (fgets(buf, (int)size, stdin) == NULL)
		return false;
	if (strchr(buf, '\n') == NULL && strlen(buf) == size - 1)
		return false;
	buf[strcspn(buf, "\r\n")] = '\0';
	return true;
}

bool
ask_yes(const char *question)
{
	char	answer[16];

	(void)fprintf(stderr, "%s [y/N] ", question);
	return read_line(answer, sizeof answer) && (strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0);
}

static bool
read_hidden(const char *prompt, char *buf, size_t size)
{
	struct termios	old, hidden;
	bool		ok;

	if (tcgetattr(STDIN_FILENO, &old) != 0)
		return false;
	hidden = old;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	(void)fputs(prompt, stderr);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	ok = read_line(buf, size);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	(void)fputc('\n', stderr);
	return ok;
}

int
ask_password(char *buf, size_t size, char *why, size_t why_size)
{
	char	again[256];
	int	rc = 0;

	if (!isatty(STDIN_FILENO)) {
		if (read_line(buf, size) && buf[0] != '\0')
			return 0;
		(void)snprintf(why, why_size, "no password on standard input");
		return ERR_INVALID;
	}
	if (!read_hidden("Password: ", buf, size) || !read_hidden("The same again: ", again, sizeof again)) {
		(void)snprintf(why, why_size, "no password was typed");
		rc = ERR_INVALID;
	} else if (strcmp(buf, again) != 0) {
		(void)snprintf(why, why_size, "the two passwords differ");
		rc = ERR_INVALID;
	}
	explicit_bzero(again, sizeof again);
	return rc;
}
