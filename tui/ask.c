#include "tui/ask.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/err.h"

enum { CTRL_C = 3 };

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

	(void)fprintf(stderr, "%s? [y/N] ", question);
	return read_line(answer, sizeof answer) && (strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0);
}

/*
 * A line from the terminal without echo.  Ctrl-C makes no signal meanwhile but ends the line, so that
 * the echo is back before the program goes.
 */
static bool
read_hidden(const char *prompt, char *buf, size_t size)
{
	struct termios	old, hidden;
	ssize_t		n;

	if (tcgetattr(STDIN_FILENO, &old) != 0)
		return false;
	hidden = old;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	hidden.c_cc[VEOL] = CTRL_C;
	(void)fputs(prompt, stderr);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	n = read(STDIN_FILENO, buf, size);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	(void)fputc('\n', stderr);
	if (n > 0 && memchr(buf, CTRL_C, (size_t)n) != NULL)
		(void)raise(SIGINT);
	if (n < 2 || buf[n - 1] != '\n')
		return false;		/* nothing, or more than fits */
	buf[n - 1] = '\0';
	return true;
}

int
ask_password(char *buf, size_t size, char *why, size_t why_size)
{
	char		again[256];
	const char	*fault = NULL;

	if (!isatty(STDIN_FILENO)) {
		if (!read_line(buf, size) || buf[0] == '\0')
			fault = "no password on standard input: give it as one line of at most 250 bytes";
	} else if (!read_hidden("Password: ", buf, size) || !read_hidden("The same again: ", again, sizeof again))
		fault = "no password was typed, or one that is too long";
	else if (strcmp(buf, again) != 0)
		fault = "the two passwords differ";
	explicit_bzero(again, sizeof again);
	if (fault != NULL)
		(void)snprintf(why, why_size, "%s", fault);
	return fault == NULL ? 0 : ERR_INVALID;
}
