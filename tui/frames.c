#include "tui/frames.h"

#include <string.h>

static void
forget_oldest(struct frames *f)
{
	memmove(f->sent_ms, f->sent_ms + 1, sizeof f->sent_ms - sizeof f->sent_ms[0]);
	f->under_way--;
}

void
frames_sent(struct frames *f, int64_t now_ms)
{
	if (f->under_way == FRAMES_MAX)
		forget_oldest(f);
	f->sent_ms[f->under_way++] = now_ms;
	f->last_ms = now_ms;
}

void
frames_acknowledged(struct frames *f, int64_t now_ms)
{
	f->answers = true;
	if (f->under_way == 0)
		return;
	f->ack_ms = now_ms - f->sent_ms[0];
	forget_oldest(f);
}

int
frames_next(struct frames *f, bool urgent, int64_t now_ms)
{
	int64_t	gap = !f->answers ? FRAME_SILENT_MS : 4 * f->ack_ms > FRAME_MS ? 4 * f->ack_ms : FRAME_MS, since = now_ms - f->last_ms;

	if (f->answers && f->under_way > 0 && now_ms - f->sent_ms[0] >= FRAME_LOST_MS) {
		f->answers = false;
		f->under_way = 0;
	}
	if (f->answers && f->under_way >= (urgent ? 2 : 1))
		return (int)(FRAME_LOST_MS - (now_ms - f->sent_ms[0]));
	if (urgent || since >= gap)
		return 0;
	return (int)(gap - since);
}
