/* links: sipd */
/*
 * Any text is read as a configuration or refused with one line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sipd/config.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct config	*c;
	char		*text, why[512] = "";

	if (n > CONFIG_MAX_BYTES || (c = malloc(sizeof *c)) == NULL)
		return 0;
	if ((text = malloc(n + 1)) != NULL) {
		memcpy(text, in, n);
		text[n] = '\0';
		if (config_parse(c, "f", text, why, sizeof why) != 0 && (strncmp(why, "f:", 2) != 0 || strchr(why, '\n') != NULL))
			abort();
	}
	free(text);
	free(c);
	return 0;
}
