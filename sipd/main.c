/*
 * wirechiefd: options, and the table of the daemon's processes.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sipd/restore.h"
#include "sipd/settings.h"
#include "sipd/supervise.h"

/* The keeper is first: it is started first and stopped last. */
static const struct process_row	processes[] = {
	{ .process = PROC_KEEPER, .main = keeper_main },
	{ .process = PROC_SIP, .main = front_main, .prompts = true },
	{ .process = PROC_STREAM, .main = stream_main, .files = true },
	{ .process = PROC_WEB, .main = web_main, .files = true },
};

static int
usage(FILE *to)
{
	fprintf(to, "usage: wirechiefd [-c FILE] [-t] [-d] [-V] [-r FILE [-y]]\n"
	    "  -c FILE  configuration, instead of /etc/wirechief/wirechief.conf\n"
	    "  -t       read the configuration, say what is wrong with it, and exit\n"
	    "  -d       log everything\n"
	    "  -r FILE  put a backup in the store's place, as wirechief restore does, and exit\n"
	    "  -y       with -r: even if there is a store; it is kept under another name\n"
	    "  -V       print the version and exit; -h, this\n");
	return to == stdout ? 0 : 2;
}

static int
test_settings(const char *file)
{
	struct settings	s;
	char		why[512];

	if (settings_load(&s, file, why, sizeof why) != 0) {
		printf("%s\n", why);
		return 1;
	}
	settings_close(&s);
	printf("%s: ok\n", file);
	return 0;
}

/* Whoever started us without stdin, stdout or stderr would have its numbers given to a socket. */
static void
fill_standard_fds(void)
{
	int	fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int
main(int argc, char **argv)
{
	struct supervise	how = { .file = "/etc/wirechief/wirechief.conf", .rows = processes,
		.n_rows = sizeof processes / sizeof processes[0] };
	static const struct option	words[] = { { "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'V' }, { 0 } };
	struct restore		restore = { 0 };
	bool			test = false;
	int			opt;

	fill_standard_fds();
	umask(077);
	while ((opt = getopt_long(argc, argv, "c:tdVr:yh", words, NULL)) != -1) {
		switch (opt) {
		case 'c':
			how.file = optarg;
			break;
		case 't':
			test = true;
			break;
		case 'd':
			how.debug = true;
			break;
		case 'r':
			restore.file = optarg;
			break;
		case 'y':
			restore.over = true;
			break;
		case 'V':
			printf("wirechiefd %s\n", VERSION);
			return 0;
		case 'h':
			return usage(stdout);
		default:
			return usage(stderr);
		}
	}
	if (optind < argc)
		return usage(stderr);
	restore.conf_name = how.file;
	if (restore.file != NULL)
		return restore_main(&restore);
	return test ? test_settings(how.file) : supervise(&how);
}
