/*
 * One connection of ours: TCP, and where it is wanted the TLS handshake with whom it is meant for, within a time for both.
 */
#ifndef NET_REACH_H
#define NET_REACH_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"
#include "sipd/net/tls_peer.h"

struct event_base;
struct reach;

enum { REACH_TLS_TEXT = 64 };

struct reach_wish {
	struct addr	 target;
	SSL_CTX		*tls;		/* NULL: plain TCP; a reload may replace it meanwhile */
	const char	*name;		/* whom the certificate must be of; "": the address */
	bool		 web;		/* by the rules of HTTPS, not of SIP (tls_peer.h) */
	uint32_t	 timeout_ms;
};

/* How it ended; all of it is the reader's until it returns, but fd and ssl, which are its own where there is no error. */
struct reached {
	const char		*error;		/* for a person; NULL: it stands */
	int			 fd;
	SSL			*ssl;		/* NULL for TCP */
	const struct tls_peer	*peer;		/* whom it met, as far as it came */
	const char		*tls;		/* "TLSv1.3 TLS_AES_256_GCM_SHA384", "" */
	int64_t			 began_at, connected_at, secured_at;	/* clock_boot_ms(); 0: not reached */
};

typedef void	(*reach_fn)(void *arg, const struct reached *);

/* fn is called once, later, and the reach is gone then.  NULL: no memory. */
struct reach *reach_start(struct event_base *, const struct reach_wish *, reach_fn, void *arg);
void	reach_free(struct reach *);	/* nobody is told */

#endif
