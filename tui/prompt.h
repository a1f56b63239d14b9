/*
 * What takes keys before the pane does: a line to type at the foot, a question, a menu of rows, or a note that is shown once.
 */
#ifndef TUI_PROMPT_H
#define TUI_PROMPT_H

#include <stdbool.h>

#include "tui/editor.h"

struct console;

enum prompt_kind { PROMPT_NONE, PROMPT_LINE, PROMPT_YES, PROMPT_NAME, PROMPT_MENU, PROMPT_NOTE };

enum { MENU_ITEMS = 64, MENU_TEXT = 160, PROMPT_TEXT = 300, NOTE_MS = 300 };

/* done: Enter, y or the other letter, the name typed out, or a choice; text is what was typed or the item's number.  Not called on Esc. */
typedef void	(*prompt_fn)(struct console *, const char *text);

struct prompt {
	enum prompt_kind	 kind;
	char			 label[PROMPT_TEXT];
	char			 hint[PROMPT_TEXT];	/* the command line that does the same, dimmed */
	char			 name[80];		/* that is to be typed out */
	char			 also;			/* PROMPT_YES: a letter that is taken beside y; 0 none */
	struct editor		 editor;
	prompt_fn		 done;
	/* PROMPT_LINE; each may be NULL. */
	prompt_fn		 typing;		/* after each key; with what stood there first after Esc */
	bool			 (*key)(struct console *, int key);	/* keys that it has of its own */
	void			 (*aside)(struct console *, char *buf, size_t size);	/* in line 2, with this at its right */
	void			 (*below)(struct console *, int col, size_t start);	/* and what it has to say in line 3 */
	char			 before[EDITOR_MAX];	/* what stood there first */
	char			 items[MENU_ITEMS][MENU_TEXT];
	bool			 ticked[MENU_ITEMS];
	const char		*(*item)(struct console *, int i);	/* PROMPT_MENU: its items are not in items[] */
	int			 n_items, at, top;
	int64_t			 since_ms;	/* PROMPT_NOTE: keys that were typed before it could be seen do not end it */
};

struct prompt *prompt_line(struct console *, const char *label, const char *text, prompt_fn typing, prompt_fn done);
struct prompt *prompt_yes(struct console *, const char *question, const char *hint, prompt_fn done);
void	prompt_name(struct console *, const char *question, const char *name, const char *hint, prompt_fn done);
void	prompt_menu(struct console *, const char *title, prompt_fn done);	/* then prompt_item() for each */
void	prompt_item(struct console *, bool ticked, const char *text);
/* A menu of n items, the one at first under the cursor; a letter goes to the next item that begins with it. */
void	prompt_choose(struct console *, const char *title, const char *(*item)(struct console *, int i), int n, int at, prompt_fn done);
void	prompt_note(struct console *, const char *title, const char *text);	/* text alone on the screen, until a key */

bool	prompt_key(struct console *, int key);	/* true: it was taken */
bool	prompt_paste(struct console *, unsigned code);
void	prompt_paint(struct console *);
bool	prompt_at_foot(const struct console *);	/* it needs the last lines: nothing else is to be painted there */

#endif
