/*
 * An account: who may register, and how it is reached (product A).
 */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include "core/field.h"

enum { ACCOUNT_USERNAME = 65, ACCOUNT_PASSWORD = 129, QUALIFY_NO = 0, QUALIFY_YES = 1 };

enum creation { CREATION_PLAIN, CREATION_WIZARD };

/* The steps of product A8; the numbers are on disk. */
enum account_status {
	STATUS_CREATED, STATUS_INSTALL_SENT, STATUS_INSTALL_CLICKED, STATUS_ACTIVATION_SENT, STATUS_INSTALLED, STATUS_ACTIVATED,
	STATUS_CONNECTED,
	ACCOUNT_STATUSES,
};

struct account {
	uint64_t	id;
	uint64_t	version;	/* counts its changes: what an edit began from */
	char		username[ACCOUNT_USERNAME];
	char		owner[129];
	char		caller_id[32];
	char		caller_id_2[32];
	char		email[129];
	char		description[257];
	uint64_t	group_id;
	bool		enabled;
	char		permit[513];
	char		deny[513];
	uint64_t	profile_id;	/* 0: the group's */
	uint32_t	max_contacts;
	uint32_t	qualify;	/* QUALIFY_NO, QUALIFY_YES, or lagged after so many ms */
	char		server[65];	/* the node that it must register at */
	uint8_t		creation;	/* enum creation */
	uint8_t		status;		/* enum account_status */
	int64_t		status_at;
	bool		connected;	/* it was CONNECTED before its status went on to another */
	uint8_t		licence;	/* enum licence_state, computed when shown */
	uint8_t		device_status;	/* enum device_status of the best of its devices, computed when shown */
	uint32_t	latency_ms;	/* that one's */
	char		sms[320];	/* what became of its last SMS, computed when shown; and the next three */
	uint8_t		sms_state;	/* enum sms_state */
	int64_t		sms_at;		/* of its last try */
	int64_t		sms_next_at;	/* of its next one; 0: there is none */
	int64_t		created_at;
	int64_t		updated_at;
	uint8_t		ha1_md5[16];	/* of the password; all zero: none was ever set */
	uint8_t		ha1_sha256[32];
	char		password[ACCOUNT_PASSWORD];	/* on its way to the two above; never stored */
};

extern const struct kind	account_kind;
extern const char *const	account_status_words[];	/* of enum account_status; ends with NULL */

void	account_defaults(struct account *);	/* a new one, before anything is set */
int	username_check(const char *, char *why, size_t);	/* RFC 3261 user part, at most 64 characters */
int	caller_id_check(const char *, char *why, size_t);	/* digits with an optional leading + */
int	email_check(const char *, char *why, size_t);
int	server_check(const char *, char *why, size_t);	/* as `node` of the configuration */

#endif
