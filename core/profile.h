/*
 * A provisioning profile: what a client is told when its account is activated (product H4).  Accounts and groups refer to one.
 */
#ifndef CORE_PROFILE_H
#define CORE_PROFILE_H

#include "core/field.h"

enum profile_client { CLIENT_LINPHONE, CLIENT_BARESIP, CLIENT_TEXT };	/* the numbers are on disk */

enum {
	PROFILE_NAME = 65,
	PROFILE_PARAMETERS = FIELD_TEXT,	/* what any field's text may take; a record holds 16384 bytes */
};

struct profile {
	uint64_t	id;
	uint64_t	version;			/* counts its changes: what an edit began from */
	char		name[PROFILE_NAME];
	uint8_t		client;				/* enum profile_client */
	char		install_url[513];
	char		parameters[PROFILE_PARAMETERS];	/* lines of key=value; of a text, its template */
	int64_t		created_at;
	int64_t		updated_at;
};

extern const struct kind	profile_kind;

int	url_check(const char *, char *why, size_t);	/* http or https, with a host */
/* Whether the parameters are what its kind of client takes.  0, or ERR_INVALID with the line. */
int	profile_check_parameters(const struct profile *, char *why, size_t);

#endif
