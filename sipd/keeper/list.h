/*
 * A list: the rows of a kind, filtered and sorted, streamed while the peer takes them (`account list` and its
 * like).  A row is read when its turn comes: a list of a million is never in memory as rows.
 */
#ifndef SIPD_KEEPER_LIST_H
#define SIPD_KEEPER_LIST_H

struct request;

/* Serves a command of shape ARGS_LIST: the kind is its row's. */
void	list_run(struct request *);

#endif
