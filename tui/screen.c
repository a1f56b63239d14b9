#include "tui/screen.h"

#include <curses.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "core/text.h"

enum { SETTLE_MS = 300 };	/* for each answer of the terminal that is still to come */

/* One terminal a process: curses keeps it so too. */
static struct {
	SCREEN		*screen;
	bool		 colours, ascii, dim;
	struct termios	 before;		/* of the terminal, for a crash */
	int		 cursor_row, cursor_col;
	const char	*notice;
	int		 asked;			/* "are you there" that has no answer yet */
} the;

static const struct {
	short	colour, back;	/* -1: none, the terminal's own */
	attr_t	attributes;	/* never colour alone */
} styles[S_STYLES] = {
	[S_PLAIN] = { -1, -1, A_NORMAL }, [S_BOLD] = { -1, -1, A_BOLD }, [S_DIM] = { -1, -1, A_DIM }, [S_REVERSE] = { -1, -1, A_REVERSE },
	[S_OK] = { COLOR_GREEN, -1, A_NORMAL }, [S_LAGGED] = { COLOR_YELLOW, -1, A_NORMAL }, [S_BAD] = { COLOR_RED, -1, A_BOLD },
	/* Light on dark whatever the terminal's own colours are: one with none of its own is taken for dark. */
	[S_QR] = { COLOR_WHITE, COLOR_BLACK, A_BOLD }, [S_QR_LIGHT] = { COLOR_WHITE, COLOR_WHITE, A_NORMAL },
	[S_QR_DARK] = { COLOR_WHITE, COLOR_BLACK, A_NORMAL },
};

static void
out(const char *s)
{
	(void)fputs(s, stdout);
	(void)fflush(stdout);
}

static void
modes_on(void)
{
	(void)raw();
	(void)noecho();
	(void)nonl();
	(void)keypad(stdscr, FALSE);
	out("\033[?2004h");	/* bracketed paste: what is pasted can't run keys */
}

/* The last that a crash does: the terminal as it was.  Only what a signal handler may call. */
static void
on_crash(int sig)
{
	static const char	leave[] = "\033[?2004l\033[?1049l\033[?25h\033[0m\r\n";

	if (write(STDOUT_FILENO, leave, sizeof leave - 1) > 0)
		(void)tcsetattr(STDOUT_FILENO, TCSANOW, &the.before);
	(void)raise(sig);	/* its own way now: SA_RESETHAND */
}

static void
crash_watch(void)
{
	static const int	signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT };
	struct sigaction	sa = { .sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND }, old;

	(void)tcgetattr(STDOUT_FILENO, &the.before);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)	/* a sanitizer's stays */
			(void)sigaction(signals[i], &sa, NULL);
}

/* Terminals that Debian does not describe are like one of these. */
static SCREEN *
terminal_open(void)
{
	static const char *const	others[] = { "xterm-256color", "vt100" };
	SCREEN				*s = newterm(NULL, stdout, stdin);

	for (size_t i = 0; s == NULL && i < sizeof others / sizeof others[0]; i++) {
		if ((s = newterm(others[i], stdout, stdin)) != NULL)
			the.notice = i == 0 ? "this terminal is unknown here; taken for xterm-256color" :
			    "this terminal is unknown here; taken for vt100";
	}
	return s;
}

int
screen_open(char why[SCREEN_WHY])
{
	const char	*no_color = getenv("NO_COLOR");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		(void)snprintf(why, SCREEN_WHY, "the console needs a terminal; wirechief --help lists the commands for scripts");
		return -1;
	}
	crash_watch();
	if ((the.screen = terminal_open()) == NULL) {
		(void)snprintf(why, SCREEN_WHY, "no terminal description is installed (ncurses-base)");
		return -1;
	}
	the.ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	the.colours = (no_color == NULL || no_color[0] == '\0') && has_colors() && start_color() == OK && use_default_colors() == OK;
	for (short i = 0; the.colours && i < S_STYLES; i++)
		if (styles[i].colour >= 0)
			(void)init_pair((short)(i + 1), styles[i].colour, styles[i].back);
	modes_on();
	return 0;
}

/* Answers that are still under way must not be typed into what comes after us. */
static void
settle(void)
{
	static const char	answer[] = "\033[0n";
	struct pollfd		p = { .fd = STDIN_FILENO, .events = POLLIN };
	size_t			matched = 0;
	char			c;

	while (the.asked > 0 && poll(&p, 1, SETTLE_MS) == 1 && read(STDIN_FILENO, &c, 1) == 1) {
		matched = c == answer[matched] ? matched + 1 : c == answer[0];
		if (answer[matched] == '\0') {
			the.asked--;
			matched = 0;
		}
	}
	the.asked = 0;
	(void)tcflush(STDIN_FILENO, TCIFLUSH);
}

void
screen_leave(void)
{
	settle();
	out("\033[?2004l");
	(void)endwin();
}

void
screen_close(void)
{
	if (the.screen == NULL)
		return;
	screen_leave();
	delscreen(the.screen);
	the.screen = NULL;
}

void
screen_return(void)
{
	modes_on();
	screen_resize();
	(void)clearok(curscr, TRUE);
}

void
screen_suspend(void)
{
	screen_leave();
	(void)raise(SIGSTOP);
	screen_return();
}

void
screen_resize(void)
{
	struct winsize	w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0)
		(void)resizeterm(w.ws_row, w.ws_col);
}

int
screen_rows(void)
{
	return LINES;
}

int
screen_cols(void)
{
	return COLS;
}

bool
screen_ascii(void)
{
	return the.ascii;
}

const char *
screen_notice(void)
{
	return the.notice;
}

void
screen_begin(bool dim)
{
	the.dim = dim;
	(void)erase();
	the.cursor_row = LINES - 1;
	the.cursor_col = 0;
}

static void
style_set(enum style s)
{
	if (s == S_QR_LIGHT && !the.colours)
		s = S_REVERSE;
	(void)attrset((int)(styles[s].attributes | (the.dim && s == S_PLAIN ? A_DIM : 0)));
	if (the.colours && styles[s].colour >= 0)
		(void)attron(COLOR_PAIR((int)s + 1));
}

int
screen_put(int row, int col, int cells, enum style s, const char *text)
{
	int	used;
	size_t	n;

	if (row < 0 || row >= LINES || col < 0 || col >= COLS || cells <= 0)
		return 0;
	if (cells > COLS - col)
		cells = COLS - col;
	n = text_fit(text, cells, &used);
	style_set(s);
	if (text[n] != '\0') {
		n = text_fit(text, cells - 1, &used);
		(void)mvaddnstr(row, col, text, (int)n);
		(void)mvaddch(row, col + used, '>');
		used++;
	} else if (n > 0)
		(void)mvaddnstr(row, col, text, (int)n);
	(void)attrset(A_NORMAL);
	return used;
}

int
screen_put_raw(int row, int col, int cells, enum style s, const char *text)
{
	char	safe[2048];

	text_safe(text, strlen(text), safe, sizeof safe, the.ascii);
	return screen_put(row, col, cells, s, safe);
}

void
screen_put_rows(int row, int rows, enum style s, const char *text)
{
	for (; rows > 0 && text[0] != '\0'; rows--, row++) {
		int	used;
		size_t	n = text_fit(text, COLS - 2, &used), word = n;
		char	line[1024];

		while (word > 0 && text[word] != '\0' && text[word] != ' ')
			word--;
		if (rows == 1 || word == 0 || word >= sizeof line) {
			(void)screen_put(row, 1, COLS - 1, s, text);
			return;
		}
		(void)snprintf(line, sizeof line, "%.*s", (int)word, text);
		(void)screen_put(row, 1, COLS - 1, s, line);
		text += word + strspn(text + word, " ");
	}
}

size_t
screen_line(const char *text, int cells)
{
	int	used;
	size_t	n = text_fit(text, cells, &used), word = n;

	if (text[n] == '\0')
		return n;
	while (word > n / 2 && text[word] != ' ')
		word--;
	return word > n / 2 ? word : n;
}

void
screen_blank(int row)
{
	(void)move(row, 0);
	(void)clrtoeol();
}

void
screen_cursor(int row, int col)
{
	the.cursor_row = row < LINES ? row : LINES - 1;
	the.cursor_col = col < COLS ? col : COLS - 1;
}

void
screen_end(bool redraw)
{
	if (redraw)
		(void)clearok(curscr, TRUE);
	(void)move(the.cursor_row, the.cursor_col);
	(void)wnoutrefresh(stdscr);
	(void)doupdate();
	out("\033[5n");		/* "are you there": its answer says that the frame has arrived */
	the.asked++;
}

void
screen_answered(void)
{
	if (the.asked > 0)
		the.asked--;
}

size_t
screen_copy(const char *text)
{
	static const char	digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t			n = strlen(text);

	(void)fputs("\033]52;c;", stdout);
	for (size_t i = 0; i < n; i += 3) {
		unsigned	v = 0;
		size_t		left = n - i < 3 ? n - i : 3;

		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (k < left ? (unsigned char)text[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			(void)putchar(k <= left ? digits[v >> (18 - 6 * k) & 63] : '=');
	}
	out("\a");
	return n;
}
