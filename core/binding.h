/*
 * A binding: where one device of an account is reached, as its REGISTER said (RFC 3261 section 10).
 * A registration is what an operator sees of it: the binding with its account, never stored.
 */
#ifndef CORE_BINDING_H
#define CORE_BINDING_H

#include "core/account.h"
#include "core/device.h"
#include "core/field.h"
#include "core/group.h"

enum transport { TRANSPORT_NONE, TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS };

enum { BINDING_KEY = 16, CONTACT_MAX = 513, PATH_MAX_LEN = 1025, INSTANCE_MAX = 129, CALL_ID_MAX = 257, USER_AGENT_MAX = 257 };

struct binding {
	uint64_t	account_id;
	uint8_t		hash[BINDING_KEY];	/* of +sip.instance and reg-id (RFC 5626), else of the contact */
	char		contact[CONTACT_MAX];	/* its URI as it was sent */
	char		instance[INSTANCE_MAX];
	uint32_t	reg_id;
	uint32_t	q;			/* in thousandths, 1000 when it said none */
	char		path[PATH_MAX_LEN];	/* RFC 3327: to be the Route of what is sent to it; as it was sent */
	char		call_id[CALL_ID_MAX];
	uint32_t	cseq;
	struct addr	source;			/* the packet's */
	struct addr	local;			/* of ours that it was sent to: what is sent to the phone comes from there */
	uint8_t		transport;		/* enum transport, as the phone uses it */
	uint64_t	flow;			/* connection that it came on; 0 for UDP or when that is gone */
	char		user_agent[USER_AGENT_MAX];
	int64_t		registered_at;
	int64_t		refreshed_at;
	int64_t		expires_at;
	uint8_t		device_status;		/* enum device_status */
	uint32_t	latency_ms;
	int64_t		status_at;		/* since when it has that status */
	char		node[65];
};

struct registration {
	char		id[80];			/* account id and hash in hex: the row's identity */
	char		username[ACCOUNT_USERNAME];
	char		owner[129];
	char		caller_id[32];
	char		caller_id_2[32];
	char		group[GROUP_NAME];
	char		ip_addr[64];
	uint32_t	port;
	uint8_t		transport;
	bool		encryption;
	int64_t		registration_expires;
	char		user_agent[USER_AGENT_MAX];
	char		contact[CONTACT_MAX];
	int64_t		registered_at;
	uint8_t		device_status;
	uint32_t	latency_ms;
};

extern const struct kind	binding_kind;
extern const struct kind	registration_kind;

/*
 * Whether its connection was of a process that has ended since.  epoch: of the connections that may be alive (core/wire.h), 0: not known.
 * Epochs grow with time.
 */
bool	binding_is_cut_off(const struct binding *, uint64_t epoch);
bool	binding_is_reachable(const struct binding *, uint64_t epoch, int64_t now);	/* not expired, and its connection stands */
bool	account_is_elsewhere(const struct account *, const struct binding *);	/* not at the node that it must register at */
void	registration_make(struct registration *, const struct binding *, const struct account *, const struct group *);

#endif
