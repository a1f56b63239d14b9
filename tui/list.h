/*
 * A live list: a window on one of the daemon's views (wirechief-protocol(7)).  Selection is a record and a line of the screen: rows that
 * come in above shift the top, not the picture.  Order is held while somebody moves.
 */
#ifndef TUI_LIST_H
#define TUI_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/field.h"
#include "tui/actions.h"
#include "tui/recall.h"

struct console;

enum { LIST_ID = 128, LIST_TEXT = RECALL_LINE, LIST_HOLD_MS = 2000, LIST_MARK_MS = 2000, LIST_VANISHED_MS = 500 };

struct list;
struct glyph;

/* A column of a list that has others than the field table says. */
struct list_look {
	const char	*field;
	const char	*title, *narrow_title;	/* on a wide screen; on a narrow one */
	uint8_t		 width, narrow_width;
	uint8_t		 keep;			/* as the field table's */
};

struct list {
	struct console		*c;
	const struct kind	*kind;
	const struct list_look	*looks;			/* NULL: the field table's columns */
	size_t			 n_looks;
	/* Writes a cell in its own words, in so many cells, and tells its glyph for a colour; false: it is as any other.  May be NULL. */
	bool			 (*cell)(const struct list *, const json_t *row, const struct field *, int cells, char *buf, size_t size,
				    const struct glyph **);
	char			 filter[LIST_TEXT], group[65], sort[32];
	bool			 reverse, follow;	/* follow: with the selected row, of events with the newest */
	char			 good[LIST_TEXT];	/* the last filter that was taken */
	char			 refused[LIST_TEXT];	/* one that was not, for the search box to open with */
	char			 fault[LIST_TEXT];	/* what is wrong with the filter; "" nothing, as far as is known */
	json_int_t		 fault_column;		/* from 1, in characters; 0 unknown */
	bool			 fault_shown;		/* it is not being typed any more */
	char			 note[LIST_TEXT];	/* what the daemon has to say about it */
	int64_t			 typed_ms;		/* when it changed last */
	struct recall		 searches;
	char			 searched_from[LIST_ID];	/* the row that was selected when the search box opened */
	uint64_t		 hidden;		/* columns that were chosen away, by row of the field table */
	json_int_t		 view;			/* 0: none open */
	bool			 asked;			/* a request for it is under way */
	bool			 again;			/* and the next one waits for its reply */
	bool			 seeking;		/* the answer is to show where the selected row is now */
	bool			 missed;		/* something changed while the screen was paused */
	int64_t			 first, total, matched;
	int64_t			 users, today;		/* of registrations, of events */
	bool			 sorting;
	double			 done;
	int64_t			 took_ms;
	json_t			*order;			/* ids from first on */
	json_t			*held;			/* the newer order while it is held; NULL */
	int64_t			 held_first;
	json_t			*rows, *marks;		/* id to row, id to when it changed */
	char			 selected[LIST_ID];
	char			 wanted[LIST_ID];	/* of list_seek(), until the window is there */
	int64_t			 top;			/* position of the first line */
	int			 line, body;		/* the cursor's line, and how many there are */
	int64_t			 vanished_ms;		/* when the selected row went; write keys wait a little */
};

void	list_init(struct list *, struct console *, const struct kind *);
void	list_clear(struct list *);
void	list_open(struct list *);			/* asks for the window as it is now */
void	list_close(struct list *);			/* lets the view go; filter and sort stay */
bool	list_act(struct list *, const struct action_row *);	/* moving, sorting, … : true if it was that */
void	list_set_filter(struct list *, const char *);
void	list_set_sort(struct list *, const char *field);
void	list_find(struct list *, const char *text);
void	list_seek(struct list *, const char *field, const char *text);	/* all of it, in that field's order, the cursor on that row */
bool	list_follows(const struct list *);		/* it shows the newest events as they come */
void	list_tick(struct list *);			/* releases a held order, drops marks, tells a fault */
int	list_next_ms(const struct list *);		/* until it has something to tell; -1 nothing */

/* Column heads at row, then lines below it, in so many columns of the screen. */
void	list_paint(struct list *, int row, int col, int width, int lines, bool active);
void	list_paint_rows(struct list *, int row, int col, int width, int lines, bool active);	/* without heads */
void	list_paint_detail(struct list *, int row);	/* what the selected row's columns do not show */

void	list_resize(struct list *, int lines);		/* it has so many now */

const json_t *list_row(const struct list *);		/* the selected one, borrowed; NULL */
const json_t *list_row_at(const struct list *, int64_t position);
const char *list_value(const struct list *, const char *field, char *buf, size_t size);	/* of the selected row; "" */
bool	list_may_act(const struct list *);		/* a row is selected, and has not just replaced a vanished one */

/* A column on a screen of some width. */
struct column {
	const struct field	*field;
	const char		*title;
	int			 cells;
};
enum { LIST_COLUMNS = 32 };
bool	list_has_column(const struct list *, const struct field *);	/* shown or chosen away */
size_t	list_columns(const struct list *, int width, struct column out[LIST_COLUMNS]);	/* returns how many fit */

#endif
