/*
 * Phones on TLS come to us as plain streams from the stream process, their messages still say SIP/2.0/TLS.  So libsofia is given a
 * transport of the name "tls" that is its own TCP transport: nothing of OpenSSL is left in this process.
 */
#ifndef SIPD_SIP_RELAY_TYPE_H
#define SIPD_SIP_RELAY_TYPE_H

#include <stddef.h>

/* Before the agent is made.  0, or ERR_INVALID with why: this libsofia is not the one we know. */
int	relay_type_register(char *why, size_t size);

#endif
