/*
 * Runs a program on a terminal of its own, keeps its screen as a terminal would, and obeys a script:
 *
 *	vtdrive [COLSxROWS] PROGRAM [ARGUMENT ...] < SCRIPT
 *
 * Each line of the script is a word and what belongs to it (the table at the end).  Nothing sleeps: what is waited for has a bound.
 * What is on the screen is judged between frames, never within one: below its upper rows stand those of the frame before.  It is judged
 * after each frame, however late they are read: what was shown for a moment is not missed.
 * The first failure prints "FAIL ..." with the screen, and the exit status is 1.  VT_TERM is the program's TERM.
 */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <vterm.h>
#include <wchar.h>

enum {
	LIMIT_MS = 60000, RUN_MS = 180000, END_MS = 5000,
	POLL_MS = 20, QUIET_MS = 12,
	QUIET_POLLS = 50,	/* without a byte: so much of what has no frames is whole */
	STUCK_POLLS = 500,	/* so is a frame whose end does not come */
	READ = 65536, LINE = 4096, SAMPLES_MAX = 1000, MAX_COLS = 500, MAX_ROWS = 200,
};

/* The question at the end of each frame. */
static const char	frame_end[] = { '\033', '[', '5', 'n' };

struct drive {
	VTerm			*vt;
	VTermScreen		*screen;
	int			 fd, rows, cols;
	pid_t			 pid;		/* 0 when it was waited for */
	bool			 ended;		/* it closed its terminal */
	bool			 cursor_shown, alternate;
	unsigned long long	 bytes, reads;	/* since the last "bytes" */
	double			 read_ms;	/* when the last of them came */
	char			 in[READ];	/* what came: the screen has it up to in_at */
	size_t			 in_at, in_n;
	char			 tail[sizeof frame_end];	/* the last that the screen has */
	bool			 framed;	/* it paints frames; what it writes on the screen below has none */
	int			 quiet;		/* polls in a row that brought nothing */
};

static double
now_ms(void)
{
	struct timespec	t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
on_property(VTermProp property, VTermValue *value, void *arg)
{
	struct drive	*d = arg;

	if (property == VTERM_PROP_CURSORVISIBLE)
		d->cursor_shown = value->boolean;
	if (property == VTERM_PROP_ALTSCREEN) {
		d->alternate = value->boolean;
		d->framed = false;
	}
	return 1;
}

static bool
send_bytes(struct drive *d, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t	sent = write(d->fd, bytes, n);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return false;
		bytes += sent;
		n -= (size_t)sent;
	}
	return true;
}

/* What the terminal itself has to say: keys, and answers to questions. */
static void
answer(struct drive *d)
{
	char	buf[256];
	size_t	n;

	while ((n = vterm_output_read(d->vt, buf, sizeof buf)) > 0)
		(void)send_bytes(d, buf, n);
}

/* Whether the screen is a whole frame.  Polls are counted and not time: nothing is told by our own standing still. */
static bool
is_whole(const struct drive *d)
{
	return d->ended || memcmp(d->tail, frame_end, sizeof frame_end) == 0 || d->quiet >= (d->framed ? STUCK_POLLS : QUIET_POLLS);
}

/* Reads what the program writes within so many ms. */
static bool
fill(struct drive *d, int ms)
{
	struct pollfd	p = { .fd = d->fd, .events = POLLIN };
	ssize_t		n;

	if (d->ended)
		return false;
	if (poll(&p, 1, ms) <= 0) {
		d->quiet += ms >= POLL_MS;
		return false;
	}
	if ((n = read(d->fd, d->in, sizeof d->in)) <= 0) {
		d->ended = true;
		return false;
	}
	d->in_at = 0;
	d->in_n = (size_t)n;
	d->quiet = 0;
	d->bytes += d->in_n;
	d->reads++;
	d->read_ms = now_ms();
	return true;
}

/* To the end of the next frame, or all that there is. */
static size_t
frame_length(struct drive *d)
{
	size_t	n = 0, last = sizeof d->tail - 1;

	while (d->in_at + n < d->in_n) {
		memmove(d->tail, d->tail + 1, last);
		d->tail[last] = d->in[d->in_at + n++];
		if (memcmp(d->tail, frame_end, sizeof frame_end) == 0)
			break;
	}
	return n;
}

/* Puts a frame on the screen of what the program writes within so many ms.  true: something came. */
static bool
pump(struct drive *d, int ms)
{
	size_t	n;

	if (d->in_at == d->in_n && !fill(d, ms))
		return false;
	n = frame_length(d);
	(void)vterm_input_write(d->vt, d->in + d->in_at, n);
	d->in_at += n;
	d->framed |= memcmp(d->tail, frame_end, sizeof frame_end) == 0;
	answer(d);
	return true;
}

/* What has come by now is not what the next key does. */
static void
catch_up(struct drive *d)
{
	while (pump(d, 0))
		;
}

static size_t
encode(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static VTermScreenCell
cell_at(const struct drive *d, int row, int col)
{
	VTermScreenCell	cell;

	memset(&cell, 0, sizeof cell);
	(void)vterm_screen_get_cell(d->screen, (VTermPos){ .row = row, .col = col }, &cell);
	return cell;
}

/* The text of a row, without the blanks at its end; good until the next call. */
static const char *
row_text(const struct drive *d, int row)
{
	static char	text[MAX_COLS * VTERM_MAX_CHARS_PER_CELL * 4 + 1];
	size_t		n = 0;

	for (int col = 0; col < d->cols;) {
		VTermScreenCell	cell = cell_at(d, row, col);

		if (cell.chars[0] == 0)
			text[n++] = ' ';
		for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i] != 0; i++)
			n += encode(cell.chars[i], text + n);
		col += cell.width > 0 ? cell.width : 1;
	}
	while (n > 0 && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	return text;
}

static void
print_screen(const struct drive *d)
{
	for (int row = 0; row < d->rows; row++)
		(void)puts(row_text(d, row));
}

static bool
failed(const struct drive *d, const char *word, const char *arg)
{
	(void)printf("FAIL %s %s\n", word, arg);
	print_screen(d);
	return false;
}

static bool
is_seen(const struct drive *d, const char *text)
{
	for (int row = 0; row < d->rows; row++)
		if (strstr(row_text(d, row), text) != NULL)
			return true;
	return false;
}

/* Until the text is on the screen, or is not. */
static bool
await(struct drive *d, const char *text, bool seen)
{
	double	until = now_ms() + LIMIT_MS;

	while ((!is_whole(d) || is_seen(d, text) != seen) && now_ms() < until && !d->ended)
		(void)pump(d, POLL_MS);
	return is_seen(d, text) == seen;
}

static bool
do_wait(struct drive *d, const char *arg)
{
	return await(d, arg, true) || failed(d, "wait", arg);
}

static bool
do_gone(struct drive *d, const char *arg)
{
	return await(d, arg, false) || failed(d, "gone", arg);
}

/* A shell command, to its end; the screen goes on meanwhile. */
static bool
do_run(struct drive *d, const char *arg)
{
	double	until = now_ms() + RUN_MS;
	int	status = 0;
	pid_t	pid, done;

	(void)fflush(stdout);
	if ((pid = fork()) == 0) {
		(void)close(d->fd);
		if (freopen("/dev/null", "r", stdin) == NULL)	/* it was the script */
			_exit(126);
		(void)execl("/bin/sh", "sh", "-c", arg, (char *)NULL);
		_exit(127);
	}
	while (pid > 0 && (done = waitpid(pid, &status, WNOHANG)) != pid) {
		if (done == 0 && now_ms() >= until)
			(void)kill(pid, SIGKILL);
		if (done < 0)
			return failed(d, "run", arg);
		if (d->ended)
			(void)poll(NULL, 0, POLL_MS);
		else
			(void)pump(d, POLL_MS);
	}
	return (pid > 0 && status == 0) || failed(d, "run", arg);
}

/* A key by its name, "F5", "C-a", "Space"; or each character of the argument. */
static bool
do_key(struct drive *d, const char *arg)
{
	static const struct {
		const char	*name;
		VTermKey	 key;
	} keys[] = {
		{ "Enter", VTERM_KEY_ENTER }, { "Tab", VTERM_KEY_TAB }, { "Escape", VTERM_KEY_ESCAPE }, { "Up", VTERM_KEY_UP },
		{ "Down", VTERM_KEY_DOWN }, { "Left", VTERM_KEY_LEFT }, { "Right", VTERM_KEY_RIGHT }, { "PageUp", VTERM_KEY_PAGEUP },
		{ "PageDown", VTERM_KEY_PAGEDOWN }, { "Home", VTERM_KEY_HOME }, { "End", VTERM_KEY_END },
		{ "BSpace", VTERM_KEY_BACKSPACE }, { "Delete", VTERM_KEY_DEL },
	};
	size_t	i = 0, n = sizeof keys / sizeof keys[0];

	catch_up(d);
	while (i < n && strcmp(keys[i].name, arg) != 0)
		i++;
	if (i < n)
		vterm_keyboard_key(d->vt, keys[i].key, VTERM_MOD_NONE);
	else if (arg[0] == 'F' && arg[1] >= '0' && arg[1] <= '9')
		vterm_keyboard_key(d->vt, (VTermKey)VTERM_KEY_FUNCTION(atoi(arg + 1)), VTERM_MOD_NONE);
	else if (arg[0] == 'C' && arg[1] == '-' && arg[2] != '\0')
		vterm_keyboard_unichar(d->vt, (unsigned char)arg[2], VTERM_MOD_CTRL);
	else if (strcmp(arg, "Space") == 0)
		vterm_keyboard_unichar(d->vt, ' ', VTERM_MOD_NONE);
	else
		for (; *arg != '\0'; arg++)
			vterm_keyboard_unichar(d->vt, (unsigned char)*arg, VTERM_MOD_NONE);
	answer(d);
	return true;
}

static bool
do_text(struct drive *d, const char *arg)
{
	catch_up(d);
	return send_bytes(d, arg, strlen(arg)) || failed(d, "text", arg);
}

/* Whether the program asked that what is pasted comes between brackets. */
static bool
takes_paste(struct drive *d)
{
	char	bracket[16];

	vterm_keyboard_start_paste(d->vt);
	return vterm_output_read(d->vt, bracket, sizeof bracket) > 0;
}

/* Pasted as a terminal does it, all at once; \n \r \t \e stand for those characters. */
static bool
do_paste(struct drive *d, const char *arg)
{
	static const char	names[] = "nrte", codes[] = "\n\r\t\033";
	char			bytes[LINE + 32];	/* with both brackets */
	const char		*name;
	size_t			n;

	catch_up(d);
	vterm_keyboard_start_paste(d->vt);
	n = vterm_output_read(d->vt, bytes, 16);
	for (; *arg != '\0'; arg++) {
		if (arg[0] == '\\' && arg[1] != '\0' && (name = strchr(names, arg[1])) != NULL) {
			bytes[n++] = codes[name - names];
			arg++;
		} else
			bytes[n++] = *arg;
	}
	vterm_keyboard_end_paste(d->vt);
	n += vterm_output_read(d->vt, bytes + n, 16);
	return send_bytes(d, bytes, n) || failed(d, "paste", arg);
}

/* "on" or "off": until the program takes pasted text between brackets, or does not. */
static bool
do_pasting(struct drive *d, const char *arg)
{
	double	until = now_ms() + LIMIT_MS;
	bool	on = strcmp(arg, "on") == 0;

	while (takes_paste(d) != on && now_ms() < until && !d->ended)
		(void)pump(d, POLL_MS);
	return takes_paste(d) == on || failed(d, "pasting", arg);
}

/* Until it has stopped itself, as C-z does. */
static bool
do_stopped(struct drive *d, const char *arg)
{
	double	until = now_ms() + LIMIT_MS;
	int	status;
	pid_t	pid;

	while ((pid = waitpid(d->pid, &status, WUNTRACED | WNOHANG)) == 0 && now_ms() < until)
		(void)pump(d, POLL_MS);
	if (pid == d->pid && WIFSTOPPED(status))
		return true;
	d->pid = pid == 0 ? d->pid : 0;
	return failed(d, "stopped", arg);
}

static bool
do_signal(struct drive *d, const char *arg)
{
	static const struct {
		const char	*name;
		int		 number;
	} signals[] = { { "CONT", SIGCONT }, { "TERM", SIGTERM }, { "ABRT", SIGABRT } };

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if (strcmp(signals[i].name, arg) == 0 && d->pid > 0)
			return kill(d->pid, signals[i].number) == 0 || failed(d, "signal", arg);
	return failed(d, "signal", arg);
}

static bool
do_row(struct drive *d, const char *arg)
{
	int	row = atoi(arg);

	if (row < 1 || row > d->rows)
		return failed(d, "row", arg);
	(void)puts(row_text(d, row - 1));
	return true;
}

static bool
do_screen(struct drive *d, const char *arg)
{
	(void)arg;
	print_screen(d);
	return true;
}

static bool
do_cursor(struct drive *d, const char *arg)
{
	VTermPos	at;

	(void)arg;
	vterm_state_get_cursorpos(vterm_obtain_state(d->vt), &at);
	(void)printf("cursor %d,%d visible=%d alt=%d\n", at.col + 1, at.row + 1, d->cursor_shown, d->alternate);
	return true;
}

static bool
is_coloured(const VTermScreenCell *cell)
{
	return !VTERM_COLOR_IS_DEFAULT_FG(&cell->fg) || !VTERM_COLOR_IS_DEFAULT_BG(&cell->bg);
}

/* Of the cell at "ROW COL"; without them, how many cells have a colour. */
static bool
do_attr(struct drive *d, const char *arg)
{
	int		row, col, n = 0;
	VTermScreenCell	cell;

	if (sscanf(arg, "%d %d", &row, &col) == 2) {
		cell = cell_at(d, row - 1, col - 1);
		(void)printf("attr bold=%d underline=%d reverse=%d coloured=%d\n", cell.attrs.bold != 0, cell.attrs.underline != 0,
		    cell.attrs.reverse != 0, is_coloured(&cell));
		return true;
	}
	for (row = 0; row < d->rows; row++) {
		for (col = 0; col < d->cols; col++) {
			cell = cell_at(d, row, col);
			n += is_coloured(&cell);
		}
	}
	(void)printf("attr coloured=%d\n", n);
	return true;
}

static bool
size_is_good(int cols, int rows)
{
	return cols > 0 && cols <= MAX_COLS && rows > 0 && rows <= MAX_ROWS;
}

static bool
do_resize(struct drive *d, const char *arg)
{
	int		cols, rows;
	struct winsize	size = { 0 };

	if (sscanf(arg, "%dx%d", &cols, &rows) != 2 || !size_is_good(cols, rows))
		return failed(d, "resize", arg);
	d->cols = cols;
	d->rows = rows;
	size.ws_col = (unsigned short)cols;
	size.ws_row = (unsigned short)rows;
	vterm_set_size(d->vt, rows, cols);
	return ioctl(d->fd, TIOCSWINSZ, &size) == 0 || failed(d, "resize", arg);
}

/* Processor time that the program has used. */
static double
cpu_ms(const struct drive *d)
{
	char		path[64], buf[1024];
	const char	*after;
	unsigned long	user = 0, sys = 0;
	FILE		*f;
	size_t		n;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", d->pid);
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	n = fread(buf, 1, sizeof buf - 1, f);
	(void)fclose(f);
	buf[n] = '\0';
	if ((after = strrchr(buf, ')')) == NULL ||
	    sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys) != 2)
		return 0;
	return (double)(user + sys) * 1e3 / (double)sysconf(_SC_CLK_TCK);
}

/* Watches for so many ms what the program does by itself. */
static bool
do_idle(struct drive *d, const char *arg)
{
	int			ms = atoi(arg);
	unsigned long long	bytes = d->bytes, reads = d->reads;
	double			cpu = cpu_ms(d), began = now_ms(), took;

	if (ms <= 0)
		return failed(d, "idle", arg);
	while ((took = now_ms() - began) < ms && !d->ended)
		(void)pump(d, POLL_MS);
	bytes = d->bytes - bytes;
	cpu = cpu_ms(d) - cpu;
	(void)printf("idle %.0f ms: %llu bytes, %.0f B/s, %llu reads, cpu %.0f ms\n", took, bytes, (double)bytes * 1e3 / took,
	    d->reads - reads, cpu);
	return !d->ended || failed(d, "idle", arg);
}

static bool
do_bytes(struct drive *d, const char *arg)
{
	(void)arg;
	while (pump(d, 4 * QUIET_MS))
		;
	(void)printf("bytes %llu reads %llu\n", d->bytes, d->reads);
	d->bytes = d->reads = 0;
	return true;
}

static int
by_size(const void *a, const void *b)
{
	const double	*x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* "KEY N": how long from a key to the first and the last byte of what it does. */
static bool
do_lat(struct drive *d, const char *arg)
{
	static double		first[SAMPLES_MAX], last[SAMPLES_MAX];
	char			key[32];
	int			n;
	unsigned long long	bytes;

	if (sscanf(arg, "%31s %d", key, &n) != 2 || n < 1 || n > SAMPLES_MAX)
		return failed(d, "lat", arg);
	while (pump(d, 2 * QUIET_MS))
		;
	bytes = d->bytes;
	for (int i = 0; i < n; i++) {
		double	start = now_ms();

		(void)do_key(d, key);
		if (!pump(d, LIMIT_MS))
			return failed(d, "lat", arg);
		first[i] = d->read_ms - start;
		while (pump(d, QUIET_MS))
			;
		last[i] = d->read_ms - start;
	}
	qsort(first, (size_t)n, sizeof first[0], by_size);
	qsort(last, (size_t)n, sizeof last[0], by_size);
	(void)printf("lat %s x%d: first byte p50 %.2f p99 %.2f ms, last byte p50 %.2f p99 %.2f ms, %.0f bytes a key\n", key, n,
	    first[n / 2], first[n * 99 / 100], last[n / 2], last[n * 99 / 100], (double)(d->bytes - bytes) / n);
	return true;
}

/* No row may take more cells than the screen has, as the C library counts them. */
static bool
do_wide(struct drive *d, const char *arg)
{
	for (int row = 0; row < d->rows; row++) {
		int	cells = 0;

		for (int col = 0; col < d->cols;) {
			VTermScreenCell	cell = cell_at(d, row, col);

			if (cell.chars[0] == 0)
				cells++;
			for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i] != 0; i++)
				cells += wcwidth((wchar_t)cell.chars[i]) < 0 ? MAX_COLS : wcwidth((wchar_t)cell.chars[i]);
			col += cell.width > 0 ? cell.width : 1;
		}
		if (cells > d->cols)
			return failed(d, "wide", row_text(d, row));
	}
	(void)arg;
	return true;
}

/* The program ends by itself. */
static bool
do_exit(struct drive *d, const char *arg)
{
	double	until = now_ms() + LIMIT_MS;
	int	status;
	pid_t	pid = 0;

	while (!d->ended && now_ms() < until)
		(void)pump(d, POLL_MS);
	while (d->ended && (pid = waitpid(d->pid, &status, WNOHANG)) == 0 && now_ms() < until)
		(void)poll(NULL, 0, 1);
	if (pid != d->pid)
		return failed(d, "exit", "still running");
	d->pid = 0;
	(void)arg;
	(void)printf("exit %d alt=%d cursor=%d paste=%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), d->alternate,
	    d->cursor_shown, takes_paste(d));
	return true;
}

static const struct {
	const char	*word;
	bool		(*run)(struct drive *, const char *arg);	/* false: it failed */
} words[] = {
	{ "wait", do_wait },		/* TEXT: until it is on the screen */
	{ "gone", do_gone },		/* TEXT: until it is not */
	{ "run", do_run },		/* COMMAND: by the shell; fails as it does */
	{ "stopped", do_stopped },
	{ "signal", do_signal },	/* CONT, TERM or ABRT, to the program */
	{ "key", do_key },
	{ "text", do_text },		/* bytes as they are */
	{ "paste", do_paste },
	{ "pasting", do_pasting },
	{ "row", do_row },		/* N: prints it */
	{ "screen", do_screen },
	{ "cursor", do_cursor },
	{ "attr", do_attr },
	{ "resize", do_resize },	/* COLSxROWS */
	{ "idle", do_idle },		/* MS */
	{ "bytes", do_bytes },		/* how many came since it was last asked */
	{ "lat", do_lat },
	{ "wide", do_wide },
	{ "exit", do_exit },
};

static bool
obey(struct drive *d, char *line)
{
	char	*arg = line + strcspn(line, " ");

	if (*arg != '\0')
		*arg++ = '\0';
	if (line[0] == '\0' || line[0] == '#')
		return true;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].word, line) == 0)
			return words[i].run(d, arg);
	return failed(d, "no such word:", line);
}

static bool
start(struct drive *d, char *const argv[])
{
	static const VTermScreenCallbacks	callbacks = { .settermprop = on_property };
	const char				*term = getenv("VT_TERM");
	struct winsize				 size = { .ws_row = (unsigned short)d->rows, .ws_col = (unsigned short)d->cols };

	if ((d->pid = forkpty(&d->fd, NULL, NULL, &size)) < 0)
		return false;
	if (d->pid == 0) {
		(void)setenv("TERM", term == NULL ? "xterm-256color" : term, 1);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	d->vt = vterm_new(d->rows, d->cols);
	vterm_set_utf8(d->vt, 1);
	d->screen = vterm_obtain_screen(d->vt);
	vterm_screen_set_callbacks(d->screen, &callbacks, d);
	vterm_screen_enable_altscreen(d->screen, 1);
	vterm_screen_reset(d->screen, 1);
	return true;
}

static void
finish(struct drive *d)
{
	double	until = now_ms() + END_MS;

	(void)close(d->fd);	/* hangs up */
	while (d->pid > 0 && waitpid(d->pid, NULL, WNOHANG) == 0) {
		if (now_ms() >= until)
			(void)kill(d->pid, SIGKILL);
		(void)poll(NULL, 0, 1);
	}
	vterm_free(d->vt);
}

int
main(int argc, char **argv)
{
	static struct drive	d = { .rows = 24, .cols = 80, .cursor_shown = true };
	char			line[LINE];
	bool			good = true;
	int			i = 1;

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	if (i < argc && sscanf(argv[i], "%dx%d", &d.cols, &d.rows) == 2)
		i++;
	if (i >= argc || !size_is_good(d.cols, d.rows)) {
		(void)fprintf(stderr, "usage: vtdrive [COLSxROWS] PROGRAM [ARGUMENT ...] < SCRIPT\n");
		return 2;
	}
	if (!start(&d, argv + i)) {
		(void)fprintf(stderr, "vtdrive: %s\n", strerror(errno));
		return 2;
	}
	while (good && fgets(line, sizeof line, stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		good = obey(&d, line);
		(void)fflush(stdout);
	}
	finish(&d);
	return good ? 0 : 1;
}
