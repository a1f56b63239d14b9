/*
 * Keys from bytes.  Terminals differ less than their descriptions say: a small table of the sequences that all of them send is surer than
 * terminfo, and an unknown sequence is swallowed whole, so that its tail never becomes a command.
 */
#ifndef TUI_KEY_H
#define TUI_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key is a code point, a control character (C-a is 1), or one of these. */
enum key {
	KEY_NONE = 0, K_TAB = 9, K_ENTER = 13, K_ESC = 27, K_BACKSPACE = 127,
	K_UP = 0x200000, K_DOWN, K_LEFT, K_RIGHT, K_HOME, K_END, K_PGUP, K_PGDN, K_INSERT, K_DELETE, K_BACKTAB,
	K_ACK,			/* the terminal's answer to "are you there": a frame has arrived */
	K_PASTE,		/* a pasted character: in paste_code; never a command, newlines and tabs are blanks */
	K_F0 = 0x200100,	/* K_F0 + n is Fn */
};

struct keys {
	uint8_t		bytes[256];	/* not yet decoded */
	size_t		n;
	int64_t		since_ms;	/* when the first of them came */
	bool		pasting;
	bool		pasted, gap;	/* some of it came; and after that control characters: a blank before what follows */
	bool		line_gap;	/* a newline was among these */
	uint32_t	held;		/* what follows that blank; 0 none */
	uint32_t	paste_code;	/* with K_PASTE */
	bool		paste_line;	/* this blank stands for a newline, for what has lines */
};

enum { KEY_ESC_MS = 50 };

/* Adds what was read; what does not fit is dropped. */
void	keys_feed(struct keys *, const uint8_t *, size_t n, int64_t now_ms);

/* The next key, or KEY_NONE: nothing whole is there.  A lone ESC counts KEY_ESC_MS after it came. */
int	keys_next(struct keys *, int64_t now_ms);
bool	keys_waiting(const struct keys *);	/* an ESC waits for its time */

/* "F1" "C-l" "Esc" "PgDn" "a": as the table of actions writes keys.  KEY_NONE for what is no key. */
int	key_named(const char *name, size_t n);

#endif
