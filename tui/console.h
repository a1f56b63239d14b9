#ifndef TUI_CONSOLE_H
#define TUI_CONSOLE_H
/* The console, full screen, until the operator leaves it.  Returns the exit status. */
int	console_main(const char *path);
#endif
