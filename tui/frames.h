/*
 * When the next frame may go.  A slow link is noticed by the time that the terminal takes to say that a frame has arrived: one live frame is
 * under way at a time, two when somebody types, and live ones take about a quarter of the link.  Pure: the time is an argument.
 */
#ifndef TUI_FRAMES_H
#define TUI_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

enum {
	FRAMES_MAX = 8,
	FRAME_MS = 100,		/* between live frames, at least */
	FRAME_SILENT_MS = 250,	/* on a terminal that gives no answers */
	FRAME_LOST_MS = 3000,	/* what has no answer by then gets none */
};

struct frames {
	int64_t	sent_ms[FRAMES_MAX];	/* of those under way, the oldest first */
	int	under_way;
	int64_t	last_ms;		/* when the last one went */
	int64_t	ack_ms;			/* how long the last answer took */
	bool	answers;		/* the terminal gives them */
};

void	frames_sent(struct frames *, int64_t now_ms);
void	frames_acknowledged(struct frames *, int64_t now_ms);
/* In how many ms a frame may go; 0 now.  urgent: a key asked for it. */
int	frames_next(struct frames *, bool urgent, int64_t now_ms);

#endif
