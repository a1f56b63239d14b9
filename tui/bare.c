#include "tui/bare.h"

#include <stdio.h>

#include "tui/app.h"
#include "tui/screen.h"

void
bare_run(struct console *c, const char *name, int (*run)(struct client *, const char *file))
{
	char		 file[EDITOR_MAX + 2], why[CLIENT_WHY];
	struct client	*client;
	json_t		*greeting;

	if (name[0] == '\0')
		return;
	(void)snprintf(file, sizeof file, "%s%s", name[0] == '-' ? "./" : "", name);	/* "-" is a file here */
	if ((client = client_open(c->link.path, why)) == NULL) {
		console_say(c, true, "%s", why);
		return;
	}
	screen_leave();
	if (client_wait_greeting(client, &greeting) < 0)
		(void)fprintf(stderr, "%s\n", client_why(client));
	else
		(void)run(client, file);
	(void)fputs("\nEnter goes back to the console. ", stdout);
	(void)fflush(stdout);
	for (int k = getchar(); k != '\n' && k != EOF;)
		k = getchar();
	client_close(client);
	screen_return();
	c->redraw = true;
}
