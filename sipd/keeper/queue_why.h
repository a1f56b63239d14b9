/*
 * Why a message is still in the queue, in words.
 */
#ifndef SIPD_KEEPER_QUEUE_WHY_H
#define SIPD_KEEPER_QUEUE_WHY_H

#include <stddef.h>

struct keeper;
struct message;

/* What it waits for, and which try comes then. */
void	queue_why(struct keeper *, const struct message *, char *buf, size_t size);

#endif
