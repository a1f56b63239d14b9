/*
 * Words of a command line that is shown to be copied.
 */
#ifndef TUI_SHELL_H
#define TUI_SHELL_H

#include <stddef.h>

/* As a shell reads it back: in quotes where it must be.  Returns buf. */
const char *shell_word(const char *text, char *buf, size_t size);

#endif
