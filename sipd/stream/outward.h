/*
 * What this process does outwards, for the keeper: it looks names up (lookup.h) and connects to trunks (dial.h), for the sip process to phones.
 * The files that this takes come as texts.
 */
#ifndef STREAM_OUTWARD_H
#define STREAM_OUTWARD_H

#include "core/wire.h"
#include "sipd/boot.h"
#include "sipd/channel.h"

struct conns;
struct event_base;
struct outward;

struct outward *outward_new(struct event_base *, struct conns *);
void	outward_free(struct outward *);

/* An ORDER_FILES, whose descriptors it takes, and the configuration: both hold from now on. */
void	outward_files(struct outward *, struct boot_order *);
void	outward_configure(struct outward *, const struct config *);

void	outward_keeper(struct outward *, struct channel *);	/* whom answers go to; NULL: it is gone, and what it asked is dropped */
void	outward_sip(struct outward *, struct channel *);	/* who may dial, too; NULL: it is gone */
void	outward_resolve(struct outward *, const struct frame *);
void	outward_dial(struct outward *, const struct frame *);

#endif
