/*
 * `account import`, in steps: begin, rows (as often as it takes), commit.  And `account export`, which is a list.
 */
#include <string.h>

#include "core/err.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/imports.h"
#include "sipd/keeper/list.h"
#include "sipd/keeper/request.h"

static const struct {
	const char	*name;
	void		(*run)(struct imports *, struct request *);
} steps[] = {
	{ "begin", imports_begin }, { "rows", imports_rows }, { "commit", imports_commit },
};

static void
account_import(struct request *r)
{
	const char	*step = request_text(r, "step");

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (strcmp(steps[i].name, step) == 0) {
			steps[i].run(r->control->imports, r);
			return;
		}
	}
	request_refuse(r, ERR_USAGE, NULL, "\"step\" must be begin, rows or commit");
}

const struct handler	import_handlers[] = {
	{ "account import", account_import },
	{ "account export", list_run },
	{ NULL, NULL },
};
