/*
 * Export: all rows that a list's filter lets through, or the record that is shown, to a file.
 */
#ifndef TUI_EXPORT_H
#define TUI_EXPORT_H

#include <stdio.h>

#include "core/field.h"

struct console;

struct export {
	FILE			*file;		/* NULL: none under way */
	const struct list	*list;
	char			 name[256];
	long			 rows;
};

void	export_ask(struct console *);		/* which file */
void	export_clear(struct export *);

#endif
