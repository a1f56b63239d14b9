/*
 * The headers that are parsed here: those that a registrar or proxy acts on.  All others pass as text that nobody takes apart, which keeps
 * most of libsofia's parsers away from strangers and saves a tenth of the work.
 */
#ifndef SIPD_SIP_HEADERS_H
#define SIPD_SIP_HEADERS_H

#include "sipd/sip/sofia.h"

msg_mclass_t const *headers_class(void);	/* made at the first call; NULL without memory */

#endif
