/*
 * The daemon's state at a glance: the answer of `status`, and the same pushed at most once a second to who
 * watches it.
 */
#ifndef SIPD_KEEPER_STATUS_H
#define SIPD_KEEPER_STATUS_H

#include <jansson.h>

struct control;
struct request;
struct status;

struct status *status_new(struct control *);
void	status_free(struct status *);

json_t *status_json(struct control *);			/* status_fields[], "devices", "warnings" and "debug" */
void	status_watch(struct status *, struct request *);	/* makes the request a stream */

#endif
