/*
 * A trace on the screen (product G6): the account's messages as a ladder, newest last, for as long as it is looked at.
 */
#ifndef TUI_TRACE_H
#define TUI_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct console;

enum { TRACE_KEPT = 1000 };		/* messages: older ones go */

struct trace_view {
	char	 username[65];
	json_t	*messages;		/* as they were told; NULL: none was asked for */
	int	 id;			/* of the request that is under way; 0 none */
	bool	 stands;		/* the daemon has begun */
	int64_t	 began_ms;		/* by the wall's clock */
	size_t	 at, top;		/* the one under the cursor, the first that is shown */
	bool	 back;			/* it is not the newest: the cursor stays where it is */
	json_t	*opened;		/* whose headers are shown; NULL: the ladder is */
	int	 opened_top;
	char	 ended[300];		/* why; empty: it goes on */
};

void	trace_show(struct console *, const char *username);
void	trace_turn(struct console *);		/* each turn: ends one that nobody looks at any more */
void	trace_clear(struct console *);

#endif
