#include "tui/restore.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tui/cli.h"
#include "tui/complain.h"

enum { WORDS = 7 };

static const char	daemon_name[] = "wirechiefd";

/* execv() is older than const: it changes none of them. */
static void
become(const char *program, const char *const words[WORDS])
{
	union {
		const char *const	*in;
		char *const		*out;
	} u = { .in = words };

	(void)execvp(program, u.out);
}

int
restore_run(const char *file, const char *config, bool over)
{
	static const char *const	places[] = { "", "../sbin/" };	/* from where this program is: as built, as installed */
	const char			*words[WORDS] = { daemon_name, "-r", file };
	char				 self[PATH_MAX] = "", path[PATH_MAX + 32];
	ssize_t				 len = readlink("/proc/self/exe", self, sizeof self - 1);
	size_t				 n = 3;

	if (over)
		words[n++] = "-y";
	if (config != NULL) {
		words[n++] = "-c";
		words[n++] = config;
	}
	if (len > 0) {
		(void)dirname(self);
		for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
			(void)snprintf(path, sizeof path, "%s/%s%s", self, places[i], daemon_name);
			become(path, words);
		}
	}
	become(daemon_name, words);
	return complain(EXIT_REFUSED, "%s is needed for that, and not found: %s", daemon_name, strerror(errno));
}
