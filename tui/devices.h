/*
 * What is known of a device, or of the best of an account's devices, in words: its status with the latency, and what its probes tell.
 */
#ifndef TUI_DEVICES_H
#define TUI_DEVICES_H

#include <stddef.h>

#include <jansson.h>

struct console;
struct glyph;

/* A screen with so many rows has a line for the probes of the selected device. */
enum { DEVICE_LINE_ROWS = 20, DEVICE_TEXT = 300 };

void	latency_text(json_int_t ms, char *buf, size_t size);

/* "OK 38 ms", or just "OK" where so many cells have no more room, of a row's device_status; and its glyph, NULL: no status. */
const struct glyph *device_status_text(const json_t *row, int cells, char *buf, size_t size);

/* "OK 38 ms, last answer 13:58:41 (3 min 26 s ago), next probe in 4 s" of a registration; "" of what has no device. */
void	device_probe_text(const struct console *, const json_t *registration, char *buf, size_t size);

#endif
