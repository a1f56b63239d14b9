#include "tui/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "core/command.h"
#include "core/err.h"
#include "tui/args.h"
#include "tui/ask.h"
#include "tui/backup.h"
#include "tui/client.h"
#include "tui/complain.h"
#include "tui/import.h"
#include "tui/printer.h"
#include "tui/restore.h"
#include "tui/usage.h"

/* The daemon said no to us, or there is none. */
static int
unreached(const struct client *c, int rc)
{
	return complain(rc == ERR_DENIED ? EXIT_REFUSED : EXIT_UNREACHED, "%s", client_why(c));
}

/* What a deletion takes along, as the daemon has it, and the person's word.  0 to go on. */
static int
confirm(struct client *client, const struct command *c, json_t *request)
{
	const char	*name = json_string_value(json_object_get(request, "name")), *what;
	json_t		*dry, *m = NULL, *v;
	char		 question[400];
	size_t		 at;
	int		 rc;

	if (!isatty(STDIN_FILENO))
		return complain(EXIT_REFUSED, "%s %s is not deleted: there is no terminal to ask at; say --yes to delete it unasked", c->noun,
		    name);
	dry = json_object();
	(void)json_object_update(dry, request);
	(void)json_object_set_new(dry, "dry", json_true());
	if ((rc = client_send(client, dry)) < 0 || (rc = client_wait(client, -1, &m)) < 0)
		return unreached(client, rc);
	if (json_object_get(m, "error") != NULL) {
		printer_refused(json_object_get(m, "error"));
		json_decref(m);
		return EXIT_REFUSED;
	}
	at = (size_t)snprintf(question, sizeof question, "Delete %s %.100s", c->noun, name);
	json_object_foreach(json_object_get(m, "ok"), what, v)
		if (json_integer_value(v) > 0 && at < sizeof question)
			at += (size_t)snprintf(question + at, sizeof question - at, ", %s: %" JSON_INTEGER_FORMAT, what,
			    json_integer_value(v));
	json_decref(m);
	return ask_yes(question) ? 0 : complain(EXIT_REFUSED, "%s %s is kept", c->noun, name);
}

/* Until the last line of the answer, or until nobody reads what is printed. */
static int
converse(struct client *client, struct printer *p, json_t *request)
{
	enum printed	 printed = PRINTED_MORE;
	json_t		*m;
	int		 rc;

	if ((rc = client_send(client, json_incref(request))) < 0)
		return unreached(client, rc);
	while (printed == PRINTED_MORE && !ferror(stdout)) {
		if ((rc = client_wait(client, STDOUT_FILENO, &m)) == -ECANCELED)
			return EXIT_DONE;
		if (rc < 0)
			return unreached(client, rc);
		printed = printer_take(p, m);
		if (printed == PRINTED_REFUSED)
			printer_point(request, json_object_get(m, "error"));
		json_decref(m);
	}
	return printed == PRINTED_REFUSED ? EXIT_REFUSED : EXIT_DONE;
}

static int
talk(struct client *client, const struct command *c, bool json, struct args *args, struct printer *p)
{
	if (c->args == ARGS_IMPORT)
		return import_run(client, json_string_value(json_object_get(args->request, "file")), json);
	if (c->args == ARGS_BACKUP)
		return backup_run(client, args->file, args->yes, json);
	return converse(client, p, args->request);
}

static int
run(struct client *client, const struct command *c, bool json, struct args *args)
{
	struct printer	*p = printer_new(c, json, args->qr);
	json_t		*greeting;
	char		 name[64];
	int		 rc;

	if (p == NULL)
		return complain(EXIT_REFUSED, "%s", strerror(ENOMEM));
	(void)json_object_set_new(args->request, "do", json_string(usage_name(c, name, sizeof name)));
	if ((rc = client_wait_greeting(client, &greeting)) < 0)
		rc = unreached(client, rc);
	else
		rc = c->args == ARGS_DELETE && !args->yes ? confirm(client, c, args->request) : 0;
	if (rc == 0)
		rc = talk(client, c, json, args, p);
	printer_free(p);
	return rc;
}

static int
connect_and_run(const char *path, const struct command *c, bool json, struct args *args)
{
	char		 why[CLIENT_WHY];
	struct client	*client = client_open(path, why);
	int		 rc;

	if (client == NULL)
		return complain(EXIT_UNREACHED, "%s", why);
	rc = run(client, c, json, args);
	client_close(client);
	return rc;
}

int
cli_main(const char *path, bool json, int argc, char **argv)
{
	int			 words, rc;
	const struct command	*c = usage_command(argc, argv, &words);
	struct args		 args;

	if (c == NULL)
		return usage_unknown(argc, argv);
	(void)signal(SIGPIPE, SIG_DFL);		/* `wirechief … | head` ends like any other program */
	args = (struct args){ .request = json_object() };
	rc = args_take(c, argc - words, argv + words, &args);
	if (rc == 0 && c->args == ARGS_RESTORE)
		rc = restore_run(args.file, args.config, args.yes);
	else if (rc == 0)
		rc = connect_and_run(path, c, json, &args);
	json_decref(args.request);
	if ((fflush(stdout) != 0 || ferror(stdout)) && rc == EXIT_DONE)
		rc = complain(EXIT_REFUSED, "the output can't be written: %s", strerror(errno));
	return rc;
}
