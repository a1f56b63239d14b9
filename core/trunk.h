/*
 * A SIP trunk: a provider or another exchange that calls go to and come from (product D).  What an operator set is stored; what is true
 * of it now is the keeper's, put beside it when it is shown.
 */
#ifndef CORE_TRUNK_H
#define CORE_TRUNK_H

#include "core/binding.h"
#include "core/field.h"

/* The first are device_status's (core/binding.h), as its OPTIONS found it; the others of its registration, and of an operator. */
enum trunk_status {
	TRUNK_NONE = DEVICE_NONE, TRUNK_OK = DEVICE_OK, TRUNK_LAGGED = DEVICE_LAGGED, TRUNK_UNREACHABLE = DEVICE_UNREACHABLE,
	TRUNK_UNKNOWN = DEVICE_UNKNOWN, TRUNK_UNMONITORED = DEVICE_UNMONITORED, TRUNK_UNREGISTERED, TRUNK_REJECTED, TRUNK_DISABLED,
};

enum { TRUNK_NAME = 65, TRUNK_HOST = 256, TRUNK_PASSWORD = 129, TRUNK_ERROR = 161, TRUNK_PREFIXES = 1025, TRUNK_REALM = 129 };

struct trunk {
	uint64_t	id;
	uint64_t	version;		/* counts its changes: what an edit began from */
	char		name[TRUNK_NAME];
	char		host[TRUNK_HOST];	/* a name, or an address */
	uint32_t	port;			/* 0: by RFC 3263 */
	char		number[32];		/* Virtual Phone Number: caller id of its calls out, where the account has none */
	char		username[ACCOUNT_USERNAME];	/* that we are known by there */
	char		password[TRUNK_PASSWORD];	/* sealed on disk; nobody is told it */
	uint8_t		transport;		/* trunk_transport() tells which */
	bool		encryption;		/* TLS and SRTP, or nothing (product D5) */
	bool		registers;		/* we register there */
	uint32_t	qualify;		/* QUALIFY_NO, QUALIFY_YES, or lagged after so many ms */
	char		prefixes[TRUNK_PREFIXES];	/* of numbers that go this way */
	uint32_t	strip;			/* digits that are taken off a number's front */
	char		prepend[32];		/* then put there */
	uint32_t	priority;		/* the lowest first */
	bool		enabled;
	char		permit[513];		/* whose requests are its own, beside its host's */
	char		realm[TRUNK_REALM];	/* of its challenges: no other is answered; empty: not known yet */
	int64_t		created_at;
	int64_t		updated_at;
	/* Not stored. */
	uint8_t		status;			/* enum trunk_status */
	int64_t		status_at;
	uint32_t	latency_ms;
	int64_t		registration_expires;
	char		last_error[TRUNK_ERROR];	/* "403 Forbidden", "certificate expired 2014-01-01"; empty: none */
	uint64_t	calls;			/* through it now */
};

extern const struct kind	trunk_kind;

void	trunk_defaults(struct trunk *);		/* a new one, before anything is set */
enum transport trunk_transport(const struct trunk *);
const char *trunk_status_name(enum trunk_status);	/* "OK" */
int	host_check(const char *, char *why, size_t);	/* a domain name or an address, IPv6 with or without brackets */
/* What its fields are worth together: encryption needs TLS, register needs a username, ….  0, or ERR_INVALID with the field and why. */
int	trunk_check(const struct trunk *, const struct field **, char *why, size_t);

#endif
