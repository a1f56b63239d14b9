/*
 * What a client is set up by, made of a profile and an account (product H4): Linphone's remote provisioning, a line of baresip's
 * `accounts`, or a text with the values where their {names} stand.  Each is written in its own syntax: no value can end the place that
 * it stands in.
 */
#ifndef CORE_PROVISION_H
#define CORE_PROVISION_H

#include <stddef.h>

#include "core/profile.h"
#include "core/span.h"

enum { PROVISION_MAX = 16 * 1024 };		/* bytes of the whole, with its terminator */

/* Texts; none is NULL. */
struct provision {
	const char	*username, *password;	/* without a password there is no secret in it */
	const char	*domain, *owner, *caller_id, *caller_id_2, *email;
	const char	*server;		/* where the client finds us: a name or an address */
	const char	*port;			/* empty: the server's SRV records say */
	const char	*transport;		/* "udp", "tcp", "tls" */
	const char	*expires;		/* seconds between two registrations */
	/* Made of those when it is filled in. */
	char		 address[320];		/* server and port as a SIP URI has them */
	char		 display[160];		/* the owner before a SIP address: "Bob" with its quotes and a blank, or nothing */
};

/* What may stand between braces in a profile's parameters. */
struct provision_variable {
	const char	*name, *help;		/* help NULL: for ourselves only */
	size_t		 offset;
	bool		 is_array;
};
extern const struct provision_variable	provision_variables[];
extern const size_t			n_provision_variables;

/* Whether all {names} in the profile's parameters are variables.  0, or ERR_INVALID with the line. */
int	provision_check(const struct profile *, char *why, size_t);

/* The text's length in out, which is terminated; ERR_TOO_LARGE or ERR_INVALID with why. */
int	provision_make(const struct profile *, struct provision *, char out[PROVISION_MAX], char *why, size_t);

/* Where a client finds us: "tls:pbx.example.com:5061", "udp:[2001:db8::1]:5060", or without a port, which DNS has then. */
struct provision_where {
	char	transport[4], server[256], port[6];	/* server without brackets */
};
int	provision_where_parse(struct provision_where *, struct span);	/* 0 or ERR_INVALID */

const char *provision_type(const struct profile *);	/* MIME type of the text */
const char *provision_suffix(const struct profile *);	/* of a file's name: ".xml"; empty: baresip wants the name "accounts" */

#endif
