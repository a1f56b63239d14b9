/*
 * `restore FILE`: the daemon's own program does it, as this one knows neither store nor configuration.
 */
#ifndef TUI_RESTORE_H
#define TUI_RESTORE_H

#include <stdbool.h>

/* Becomes `wirechiefd -r FILE`: that one's exit status; or ours, if there is none. */
int	restore_run(const char *file, const char *config, bool over);

#endif
