/*
 * An import from the console: the terminal is left to the command line's own import meanwhile, which shows progress and faults line
 * by line, over a connection of its own.
 */
#include <stdio.h>

#include "tui/app.h"
#include "tui/import.h"
#include "tui/screen.h"

static void
run(struct client *client, const char *file)
{
	json_t	*greeting;

	if (client_wait_greeting(client, &greeting) < 0)
		(void)fprintf(stderr, "%s\n", client_why(client));
	else
		(void)import_run(client, file, false);
	(void)fputs("\nEnter goes back to the console. ", stdout);
	(void)fflush(stdout);
	for (int c = getchar(); c != '\n' && c != EOF;)
		c = getchar();
}

static void
import_from(struct console *c, const char *name)
{
	char		 file[EDITOR_MAX + 2], why[CLIENT_WHY];
	struct client	*client;

	if (name[0] == '\0')
		return;
	(void)snprintf(file, sizeof file, "%s%s", name[0] == '-' ? "./" : "", name);	/* "-" is a file here */
	if ((client = client_open(c->link.path, why)) == NULL) {
		console_say(c, true, "%s", why);
		return;
	}
	screen_leave();
	run(client, file);
	client_close(client);
	screen_return();
	c->redraw = true;
}

void
import_ask(struct console *c)
{
	(void)prompt_line(c, "Import accounts from file:", "", NULL, import_from);
}
