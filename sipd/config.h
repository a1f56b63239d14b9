/*
 * The configuration: a value, read from the file's text with libconfuse.  One row of config_options[] (config_options.c) gives each key
 * its type, default, bounds and the sentence of wirechief.conf(5).
 */
#ifndef SIPD_CONFIG_H
#define SIPD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/binding.h"
#include "core/language.h"

enum { CONFIG_DOMAINS = 16, CONFIG_LISTENS = 16, CONFIG_SERVERS = 4, CONFIG_TEXT = 256, CONFIG_MESSAGE = 512, CONFIG_MAX_BYTES = 256 * 1024 };

enum auth_algorithm { AUTH_MD5 = 1, AUTH_SHA256 = 2 };	/* bits */
enum register_overflow { OVERFLOW_REFUSE, OVERFLOW_REPLACE };

struct config_listen {
	uint8_t		transport;	/* enum transport */
	struct addr	addr;
};

struct config {
	char			node[65];
	char			domains[CONFIG_DOMAINS][CONFIG_TEXT];	/* the first is the digest realm */
	uint32_t		n_domains;
	char			state_dir[CONFIG_TEXT];
	struct config_listen	listens[CONFIG_LISTENS];
	uint32_t		n_listens;
	struct { char certificate[CONFIG_TEXT], key[CONFIG_TEXT], client_ca[CONFIG_TEXT]; } tls;
	struct { struct addr servers[CONFIG_SERVERS]; uint32_t n_servers; } resolver;
	struct { char ca[CONFIG_TEXT]; } trunks;
	struct { char socket[108], operators[65], viewers[65]; } control;
	struct {
		char	listen[CONFIG_TEXT], public_url[CONFIG_TEXT], certificate[CONFIG_TEXT], key[CONFIG_TEXT], ca[CONFIG_TEXT];
		char	templates[CONFIG_TEXT], brand[65], colour[8], text[513];
	} http;
	struct { char listen[CONFIG_TEXT]; } metrics;
	struct {
		char	url[1024], command[CONFIG_TEXT], accept[CONFIG_TEXT], install_text[CONFIG_MESSAGE], activate_text[CONFIG_MESSAGE];
		uint32_t timeout, tries, retry;
	} sms;
	struct { uint32_t interval, retry, timeout, lagged_ms, unknown_after, rate; } qualify;
	struct { uint32_t min_expires, default_expires, max_expires, overflow; } reg;	/* register is a C keyword */
	struct { uint32_t expires, tries, retry, max_size, per_account; } queue;
	struct { uint32_t per_account, per_trunk, outside, longest, gone; } calls;	/* 0: no limit */
	struct { char directory[CONFIG_TEXT], language[LANGUAGE], error_info[CONFIG_TEXT]; uint32_t port_first, port_last, most; } announce;
	struct { uint32_t algorithms, nonce_life; } auth;
	struct { uint32_t auth_failures, auth_window, requests_per_second, burst, connections, idle; } limits;	/* 0: none */
	struct { uint32_t workers; char public[CONFIG_TEXT]; } sip;
	struct { uint32_t level, debug; } log;		/* enum log_level; bit 1 << enum log_subsystem */
};

/* One row a key. */
struct config_option {
	const char	*section;	/* NULL: top level */
	const char	*name;
	const char	*type;		/* "string", "list", "number" for the manual */
	const char	*dflt;		/* as written in the file */
	uint32_t	 min, max;	/* of a number; of a list how many values */
	const char	*help;
	int		(*check)(struct config *, const char *value, char *why, size_t size);	/* parses, stores; ERR_INVALID and why */
	bool		 secret;	/* a value that is refused is not repeated */
	uint16_t	 offset, size;	/* strings and numbers without a check; of a list its count or bits */
};
extern const struct config_option	config_options[];
extern const size_t			n_config_options;

/*
 * Reads text (a file's content; name is for messages).  0, or ERR_INVALID with why = "FILE:LINE: what is wrong".  All defaults are
 * those of config_options[].  Does not touch the file system, so that a sandboxed process can do it.
 */
int	config_parse(struct config *, const char *name, const char *text, char *why, size_t size);
/* Reads the whole file (at most CONFIG_MAX_BYTES) into text (to be freed).  0, -errno or ERR_TOO_LARGE with why. */
int	config_read(const char *file, char **text, char *why, size_t size);
bool	config_listens(const struct config *, enum transport);
/* Has this process log as c.log (and -d) say; at start and after a new CONFIG. */
void	config_log(const struct config *c, const char *process, bool debug);

#endif
