/*
 * A backup from the console.
 */
#include "tui/app.h"
#include "tui/backup.h"
#include "tui/bare.h"

static int
run(struct client *client, const char *file)
{
	return backup_run(client, file, false, false);
}

static void
backup_to(struct console *c, const char *name)
{
	bare_run(c, name, run);
}

void
backup_ask(struct console *c)
{
	(void)prompt_line(c, "Back the store up to a new file:", "", NULL, backup_to);
}
