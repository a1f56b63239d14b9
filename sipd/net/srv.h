/*
 * Which servers of a SIP domain are tried, and in which order (RFC 3263 with RFC 2782 and RFC 3403): decisions over records that
 * others have fetched.
 */
#ifndef NET_SRV_H
#define NET_SRV_H

#include <stddef.h>
#include <stdint.h>

enum { SRV_NAME = 256, SRV_MAX = 32, NAPTR_MAX = 32, SERVICES_MAX = 4 };

struct srv {
	uint32_t	priority, weight;
	uint16_t	port;
	char		name[SRV_NAME];		/* "." or "": decidedly none */
};

struct naptr {
	uint16_t	order, preference;
	char		flags[4], service[32];
	char		replacement[SRV_NAME];
};

/* A number of 0 to most, both included. */
typedef uint32_t	(*srv_draw_fn)(void *arg, uint32_t most);

/* The order of one attempt: by priority, and within one drawn by weight (RFC 2782). */
void	srv_order(struct srv *, size_t n, srv_draw_fn draw, void *arg);

/* Names of the SRV records that the NAPTR ones name for this transport, by order and preference; sorts them.  Returns how many. */
size_t	srv_services(struct naptr *, size_t n, uint8_t transport, char names[SERVICES_MAX][SRV_NAME]);

/* "_sip._udp.example.com".  0, or ERR_TOO_LARGE. */
int	srv_service(const char *host, uint8_t transport, char name[SRV_NAME]);

uint16_t srv_default_port(uint8_t transport);

#endif
