/*
 * What the supervisor gives each process of the daemon, and how it hears of more: over a SOCK_SEQPACKET pair come orders, some with
 * descriptors.  The supervisor alone reads files and starts processes; fronts get configuration and PEM files as text.
 *
 *	order		descriptors		meaning
 *	CHANNEL peer	one end of a pair	talk to that process; the one before, if any, is gone
 *	CONFIG		memfd			the configuration's text: at start, and again after SIGHUP
 *	TLS		memfds cert, key, ca	PEM texts of its server: at start and after SIGHUP, before CONFIG (stream and web only)
 *	FILES		memfds resolv, hosts, ca  texts of resolv.conf, of hosts and of the authorities that whom it connects to is
 *						checked by, of those that there are: as TLS, to the same processes
 *	PAGES		memfd			the templates (settings.h), as TLS: to the web process
 *	PROMPTS		memfd			announcements (prompts.h), or none: as TLS, to the sip process
 *	STOP					finish what was acknowledged, commit, exit 0
 *	RAN					to the keeper: what became of the program, "ID STATUS TEXT" (program.h)
 * The keeper says RUN with a pipe that holds number and text of an SMS, and "ID" as text: sms.command is run.
 * A process answers READY once it serves, with a line of text for the status ("udp:127.0.0.1:5060 …"), and FAIL with the one-line
 * reason why it can't (a busy port): the supervisor prints it and stops the daemon if that was at start.
 */
#ifndef SIPD_BOOT_H
#define SIPD_BOOT_H

#include <stdbool.h>
#include <stddef.h>

#include "sipd/config.h"

enum process { PROC_SUPERVISOR, PROC_KEEPER, PROC_SIP, PROC_STREAM, PROC_WEB, PROCESSES };

enum boot_order_type { ORDER_CHANNEL = 1, ORDER_CONFIG, ORDER_TLS, ORDER_FILES, ORDER_PAGES, ORDER_PROMPTS, ORDER_STOP, ORDER_READY,
	ORDER_FAIL, ORDER_RUN, ORDER_RAN, BOOT_ORDERS };

enum { BOOT_TEXT = 512, BOOT_FDS = 3 };
enum { FILES_RESOLV, FILES_HOSTS, FILES_CA };		/* descriptors of ORDER_FILES */

struct boot_order {
	enum boot_order_type	 type;
	enum process		 peer;			/* ORDER_CHANNEL: at the other end */
	char			 text[BOOT_TEXT];	/* ORDER_READY, ORDER_FAIL, ORDER_RUN, ORDER_RAN */
	int			 fds[BOOT_FDS];		/* the receiver's to close; -1 where there is none */
};

/* Where each channel goes: the pairs of processes that talk. */
struct boot_link {
	enum process	a, b;
};
extern const struct boot_link	boot_links[];
extern const size_t		n_boot_links;		/* keeper-sip, keeper-stream, keeper-web, sip-stream */

const char *process_name(enum process);		/* "keeper", "sip", "stream", "web" */

/* 0, -errno.  Sending duplicates fds; the sender closes its own. */
int	boot_send(int fd, const struct boot_order *);
/* 1 an order, 0 none yet (non-blocking fd), -errno; -EPIPE: the supervisor is gone, exit. */
int	boot_receive(int fd, struct boot_order *);
void	boot_close(struct boot_order *);	/* the descriptors of one that was received, but those that were taken and set to -1 */
int	boot_ready(int fd, const char *status);
int	boot_fail(int fd, const char *reason);

/* A sealed memfd that holds text; -errno.  boot_seal() seals one that was filled otherwise. */
int	boot_memfd(const char *name, const char *text, size_t n);
int	boot_seal(int fd);
/* The supervisor's: 1 a ping was sent, 0 the last one (or an order) has not been read yet, -errno. */
int	boot_ping(int fd);

/* Whole content of a memfd as a terminated string to be freed; closes fd.  NULL when it can't be read or is over max. */
char	*boot_text(int fd, size_t max);
char	*boot_bytes(int fd, size_t max, size_t *n);	/* the same, with its length */

/* What a process is started with. */
struct boot {
	enum process	process;
	int		order_fd;	/* of its SOCK_SEQPACKET pair, non-blocking */
	bool		debug;		/* -d */
	struct config	conf;		/* as at its start */
	const char	*conf_name;	/* of the file, for messages */
};

/* Reads the configuration of an ORDER_CONFIG and takes its descriptor.  0, or a negative code, logged: the one in force stays. */
int	boot_config(const struct boot *, struct boot_order *, struct config *);

/* The processes' entry points (sipd/keeper/keeper.c, sipd/sip/front.c, sipd/stream/stream.c, sipd/web/web.c).  Return the exit status. */
int	keeper_main(struct boot *);
int	front_main(struct boot *);
int	stream_main(struct boot *);
int	web_main(struct boot *);

#endif
