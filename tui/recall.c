#include "tui/recall.h"

#include <stdio.h>
#include <string.h>

#include "tui/key.h"

void
recall_begin(struct recall *r)
{
	r->at = -1;
	r->typed[0] = '\0';
}

void
recall_add(struct recall *r, const char *line)
{
	int	had = 0;

	if (line[0] == '\0' || strlen(line) >= RECALL_LINE)
		return;
	while (had < r->n && strcmp(r->lines[had], line) != 0)
		had++;
	if (had == r->n && r->n < RECALL_LINES)
		r->n++;
	if (had == RECALL_LINES)
		had--;		/* the oldest goes */
	memmove(r->lines[1], r->lines[0], (size_t)had * sizeof r->lines[0]);
	(void)snprintf(r->lines[0], sizeof r->lines[0], "%s", line);
}

bool
recall_key(struct recall *r, struct editor *e, int key)
{
	int	at = r->at + (key == K_UP ? 1 : -1);

	if (key != K_UP && key != K_DOWN)
		return false;
	if (at < -1 || at >= r->n)
		return true;
	if (r->at < 0)
		(void)snprintf(r->typed, sizeof r->typed, "%.*s", (int)sizeof r->typed - 1, e->text);
	r->at = at;
	editor_set(e, at < 0 ? r->typed : r->lines[at], e->max);
	return true;
}
