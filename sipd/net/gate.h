/*
 * A gate: a process that strangers connect to, stream or web.  What both do alike stands in gate.c: they take the supervisor's orders, keep
 * a certificate, tell where they listen and what they counted, and serve until they are to stop.  What each does in its own way is a row.
 */
#ifndef NET_GATE_H
#define NET_GATE_H

#include <openssl/types.h>

#include "sipd/fellow.h"
#include "sipd/sandbox.h"

struct gate;

/* The functions get what new() made. */
struct gate_row {
	enum process		 process;
	enum sandbox_profile	 sandbox;
	const char		*section;	/* of the configuration, with its certificate */
	unsigned		 tick_ms;	/* a second is a multiple of it */
	const fellow_take_fn	*takers;	/* of the keeper's frames */

	void	*(*new)(struct gate *);			/* NULL: no memory */
	void	(*free)(void *);			/* the keeper is gone before */
	int	(*order)(void *, struct boot_order *, char *why, size_t size);	/* each, after the gate.  0, or a negative code with why */
	int	(*open)(void *, char *why, size_t size);	/* listens as gate->conf says.  0, or a negative code with why */
	void	(*listening)(const void *, char *buf, size_t size);	/* "https:127.0.0.1:8443"; "" */
	void	(*keeper_gone)(void *, struct channel *);	/* fellow.h */
	void	(*tick)(void *, int64_t now_ms);
	void	(*counts)(const void *, struct wire_counts *);
	void	(*turn)(void *);			/* at the end of each turn of the loop; may be NULL */
	void	(*stop)(void *);			/* accepts nobody any more */
	size_t	(*clients)(const void *);		/* who are still to be served */
};

struct gate {
	const struct gate_row	*row;
	void			*arg;
	struct boot		*boot;
	struct config		 conf;		/* in force */
	uint64_t		 epoch;		/* ms since 1970 of its start */
	struct event_base	*base;
	struct fellow		 keeper;
	SSL_CTX			*tls;		/* NULL where there is no certificate */
	bool			 started;	/* serves */
	bool			 done;		/* is to stop */
	/* gate.c's own: */
	bool			 configured;
	struct event		*order, *tick;
	unsigned		 ticks;
	int64_t			 warned_at;
	struct wire_counts	 told;
};

/* Returns the exit status. */
int	gate_main(const struct gate_row *, struct boot *);

#endif
