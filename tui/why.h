/*
 * Why an account is reached, or is not (product G5): asked for anew each second while it is looked at.
 */
#ifndef TUI_WHY_H
#define TUI_WHY_H

#include <stdbool.h>

#include <jansson.h>

struct console;

struct why {
	char	 username[65];
	json_t	*told;		/* what the daemon said last; NULL */
	bool	 asked;		/* and not answered yet */
	int	 top;		/* the first line that is shown */
};

void	why_show(struct console *, const char *username);

#endif
