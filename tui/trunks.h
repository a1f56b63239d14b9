/*
 * What the screens of SIP trunks share: how a trunk looks in a list, what is true of one in words, and its test, whose steps come one by
 * one.
 */
#ifndef TUI_TRUNKS_H
#define TUI_TRUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct console;
struct glyph;
struct list;

enum { TRUNK_TEXT = 65, TRUNK_STATE = 700 };

/* The trunk that the details show, or that is selected. */
struct trunk_seen {
	char	 name[TRUNK_TEXT];
	json_t	*record;		/* as the daemon told it last; NULL */
	bool	 asked;			/* for it, and not answered yet */
	int	 top;			/* the first line of the details that is shown */
};

struct trunk_test {
	char	 name[TRUNK_TEXT];	/* of the trunk; "" one that has none yet */
	json_t	*steps;			/* that have ended; NULL: none was asked for */
	json_t	*request;		/* to ask it again */
	int64_t	 at_ms;			/* when it began */
	int	 id;			/* of the request that is under way; 0 none */
	bool	 ended, passed;
	char	 why[300];		/* it was refused */
};

enum trunk_list { TRUNK_LIST_STATUS, TRUNK_LIST_SETUP, TRUNK_LIST_BOX };

void	trunk_list_init(struct list *, struct console *, enum trunk_list);
void	trunk_list_look(struct list *, enum trunk_list);

/* Overview's box, the worst first, to the row before end; returns the row below. */
int	trunk_box_paint(struct console *, int row, int end, int cells, bool active);

/* "+ OK 41 ms", "! UNREACHABLE 3m26" where that fits so many cells; and its glyph, NULL: no status. */
const struct glyph *trunk_status_text(const struct console *, const json_t *row, int cells, char *buf, size_t size);

/* Asks for the trunk that is seen, as it is now. */
void	trunk_ask(struct console *);
void	trunk_see(struct console *, const char *name);
/* "Carrier A: registered until 14:31:40, probe every 60 s, last 14:01:22", of the selected one of a list. */
void	trunk_state_text(const struct console *, const struct list *, char *buf, size_t size);

void	trunk_test_begin(struct console *, const char *name, json_t *request);	/* takes request */
void	trunk_test_again(struct console *);
void	trunk_test_end(struct console *);		/* nobody looks any more */
void	trunk_test_paint(struct console *, int row);	/* its heading, and a line a step */
void	trunk_test_form(struct console *);		/* of what stands in the form */

#endif
