#include "tui/qr.h"

#include <langinfo.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/err.h"

int
qr_make(struct qr *q, const char *text)
{
	QRcode	*code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
	int	 rc = ERR_TOO_LARGE;

	q->side = 0;
	if (code != NULL && code->width <= QR_SIDE) {
		q->side = code->width;
		for (int i = 0; i < q->side * q->side; i++)
			q->dark[i] = code->data[i] & 1;
		rc = 0;
	}
	if (code != NULL)
		QRcode_free(code);
	return rc;
}

int
qr_cols(const struct qr *q, int quiet, bool ascii)
{
	return (q->side + 2 * quiet) * (ascii ? 2 : 1);
}

int
qr_rows(const struct qr *q, int quiet, bool ascii)
{
	return ascii ? q->side + 2 * quiet : (q->side + 2 * quiet + 1) / 2;
}

int
qr_fit(const struct qr *q, int cols, int rows, bool ascii)
{
	int	quiet = QR_QUIET;

	while (quiet >= QR_QUIET_LEAST && (qr_cols(q, quiet, ascii) > cols || qr_rows(q, quiet, ascii) > rows))
		quiet--;
	return quiet >= QR_QUIET_LEAST ? quiet : 0;
}

bool
qr_is_light(const struct qr *q, int quiet, int row, int col)
{
	int	y = row - quiet, x = col - quiet;

	return y < 0 || x < 0 || y >= q->side || x >= q->side || !q->dark[y * q->side + x];
}

const char *
qr_line(const struct qr *q, int quiet, bool ascii, int row, char buf[QR_LINE])
{
	static const char *const	halves[2][2] = { { " ", "\u2584" }, { "\u2580", "\u2588" } };	/* light above, light below */
	size_t				at = 0;

	for (int x = 0; x < q->side + 2 * quiet; x++) {
		const char	*s = ascii ? (qr_is_light(q, quiet, row, x) ? "##" : "  ") :
				    halves[qr_is_light(q, quiet, 2 * row, x)][qr_is_light(q, quiet, 2 * row + 1, x)];

		at += (size_t)snprintf(buf + at, QR_LINE - at, "%s", s);
	}
	return buf;
}

/* Characters do not fill their cells: where there are colours those do. */
static void
print_cells(const char *line)
{
	for (size_t n; *line != '\0'; line += n) {
		n = strspn(line, line[0] == '#' ? "#" : " ");
		(void)printf("\033[3%c;4%cm%.*s", line[0] == '#' ? '7' : '0', line[0] == '#' ? '7' : '0', (int)n, line);
	}
	(void)puts("\033[0m");
}

static bool
has_colours(void)
{
	const char	*term = getenv("TERM"), *no = getenv("NO_COLOR");

	return (no == NULL || no[0] == '\0') && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0 && strncmp(term, "vt", 2) != 0;
}

int
qr_print(const struct qr *q, char *why, size_t size)
{
	bool		tty = isatty(STDOUT_FILENO), ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0, colours = tty && has_colours();
	int		quiet = QR_QUIET;
	struct winsize	w = { .ws_col = 0 };
	char		line[QR_LINE];

	if (tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0)
		quiet = qr_fit(q, w.ws_col, w.ws_row - 1, ascii);
	if (quiet == 0) {
		(void)snprintf(why, size, "the QR code needs a terminal of %dx%d; this one is %dx%d", qr_cols(q, QR_QUIET_LEAST, ascii),
		    qr_rows(q, QR_QUIET_LEAST, ascii) + 1, w.ws_col, w.ws_row);
		return -1;
	}
	for (int row = 0; row < qr_rows(q, quiet, ascii); row++) {
		(void)qr_line(q, quiet, ascii, row, line);
		if (ascii && colours)
			print_cells(line);
		else
			(void)printf("%s%s%s\n", colours ? "\033[1;37;40m" : "", line, colours ? "\033[0m" : "");
	}
	return 0;
}
