/*
 * wirechief: the console, and with arguments the command line.
 */
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/nearest.h"
#include "tui/cli.h"
#include "tui/client.h"
#include "tui/complain.h"
#include "tui/console.h"
#include "tui/usage.h"

static int
unknown_option(const char *word)
{
	struct nearest	n;

	nearest_begin(&n, word);
	nearest_try(&n, "--json");
	nearest_try(&n, "--help");
	nearest_try(&n, "--version");
	if (n.best[0] != '\0')
		return complain(EXIT_USAGE, "no option '%s'; did you mean '%s'?", word, n.best);
	return complain(EXIT_USAGE, "no option '%s' before a command; there are -s SOCKET --json --help --version", word);
}

int
main(int argc, char **argv)
{
	const char	*socket = NULL;
	bool		 json = false, help = false;
	int		 i;

	(void)setlocale(LC_ALL, "");
	(void)signal(SIGPIPE, SIG_IGN);
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			help = true;
		else if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0)
			return printf("wirechief %s\n", VERSION) < 0;
		else if (strcmp(argv[i], "-s") == 0 && i + 1 < argc)
			socket = argv[++i];
		else if (strcmp(argv[i], "-s") == 0)
			return complain(EXIT_USAGE, "-s needs the path of a socket behind it");
		else
			return unknown_option(argv[i]);
	}
	/* --json and --help may stand behind the command too: people type them where they think of them. */
	for (int k = i; k < argc; k++) {
		bool	take = strcmp(argv[k], "--json") == 0 || strcmp(argv[k], "--help") == 0;

		if (!take)
			continue;
		json = json || argv[k][2] == 'j';
		help = help || argv[k][2] == 'h';
		memmove(&argv[k], &argv[k + 1], (size_t)(argc - k) * sizeof argv[0]);
		argc--;
		k--;
	}
	if (help)
		return usage_help(argc - i, argv + i);
	if (i < argc)
		return cli_main(client_path(socket), json, argc - i, argv + i);
	return console_main(client_path(socket));
}
