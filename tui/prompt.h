/*
 * What takes keys before the pane does: a line to type at the foot, a question, or a menu of rows.
 */
#ifndef TUI_PROMPT_H
#define TUI_PROMPT_H

#include <stdbool.h>

#include "tui/editor.h"

struct console;

enum prompt_kind { PROMPT_NONE, PROMPT_LINE, PROMPT_YES, PROMPT_NAME, PROMPT_MENU };

enum { MENU_ITEMS = 64, MENU_TEXT = 96, PROMPT_TEXT = 200 };

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
	char			 before[EDITOR_MAX];	/* what stood there first */
	char			 items[MENU_ITEMS][MENU_TEXT];
	bool			 ticked[MENU_ITEMS];
	int			 n_items, at, top;
};

struct prompt *prompt_line(struct console *, const char *label, const char *text, prompt_fn typing, prompt_fn done);
struct prompt *prompt_yes(struct console *, const char *question, const char *hint, prompt_fn done);
void	prompt_name(struct console *, const char *question, const char *name, const char *hint, prompt_fn done);
void	prompt_menu(struct console *, const char *title, prompt_fn done);	/* then prompt_item() for each */
void	prompt_item(struct console *, bool ticked, const char *text);

bool	prompt_key(struct console *, int key);	/* true: it was taken */
bool	prompt_paste(struct console *, unsigned code);
void	prompt_paint(struct console *);
bool	prompt_at_foot(const struct console *);	/* it needs the last lines: nothing else is to be painted there */

#endif
