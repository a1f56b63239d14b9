/*
 * Changes of devices' statuses as events, without a flood: a device that flaps is told of a few times an hour, a whole network that goes
 * away in a line (product C).
 */
#ifndef SIPD_KEEPER_QUALIFY_NEWS_H
#define SIPD_KEEPER_QUALIFY_NEWS_H

#include "core/device.h"

struct keeper;
struct probed;
struct qualify_news;

enum { CHANGES_WINDOW_MS = 3600 * 1000 };

struct qualify_news *qualify_news_new(struct keeper *);
void	qualify_news_free(struct qualify_news *);
void	qualify_news_add(struct qualify_news *, struct probed *, enum device_status was, const char *why);
void	qualify_news_tick(struct qualify_news *);

#endif
