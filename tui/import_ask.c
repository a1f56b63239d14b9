/*
 * An import from the console.
 */
#include "tui/app.h"
#include "tui/bare.h"
#include "tui/import.h"

static int
run(struct client *client, const char *file)
{
	return import_run(client, file, false);
}

static void
import_from(struct console *c, const char *name)
{
	bare_run(c, name, run);
}

void
import_ask(struct console *c)
{
	(void)prompt_line(c, "Import accounts from file:", "", NULL, import_from);
}
