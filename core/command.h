/*
 * The commands: one row each drives the command line, the daemon's dispatch and role check, the console's palette, --help, completion
 * and the manual.  The request that a row makes is described in wirechief-protocol(7).
 */
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

enum role { ROLE_STRANGER, ROLE_VIEWER, ROLE_OPERATOR };	/* product G3 */

/* What an answer looks like, and so how the command line prints it. */
enum reply_shape { REPLY_DONE, REPLY_RECORD, REPLY_ROWS, REPLY_STREAM, REPLY_STEPS, REPLY_TEXT, REPLY_LINK, REPLY_FACTS, REPLY_TRACE };

/* How its arguments stand on the command line, and what they become in the request. */
enum command_args {
	ARGS_NONE,
	ARGS_LIST,	/* [--query Q] [--sort FIELD] [--reverse] [--limit N], --group G where the kind has groups */
	ARGS_NAME,	/* ID */
	ARGS_ACCOUNT,	/* USERNAME */
	ARGS_SET,	/* ID [FIELD=VALUE ...] */
	ARGS_DELETE,	/* ID [--yes] */
	ARGS_DROP,	/* ID [CONTACT] */
	ARGS_RETRY,	/* ID, --all or --to USERNAME */
	ARGS_WORD,	/* one word: a subsystem */
	ARGS_BACKUP,	/* FILE [--yes]; written by the program */
	ARGS_RESTORE,	/* FILE [--yes] [--config FILE]; not the daemon's: it must be stopped */
	ARGS_IMPORT,	/* FILE, read by the program; goes to the daemon in steps */
	ARGS_EXPORT,	/* [--query Q], and each row as CSV */
	ARGS_TEST,	/* ID, fields over its own; or, of what is not saved yet, fields alone */
	ARGS_RENDER,	/* ID USERNAME; in the protocol without the name: the account's own profile */
	ARGS_LINK,	/* ID [--qr]; the picture is the program's */
	ARGS_REMOVE,	/* ID: deletes what is refused while something is in it, so that nobody need be asked */
};

struct command {
	const char		*noun;		/* NULL: the verb stands alone ("status") */
	const char		*verb;
	const char		*kind;		/* of the records it is about; NULL: none */
	enum command_args	 args;
	enum reply_shape	 reply;
	enum role		 role;		/* that it takes */
	const char		*help;
};

extern const struct command	commands[];
extern const size_t		n_commands;

/* NULL if there is none.  do_: "account list", "status": the request's "do". */
const struct command *command_find(const char *do_);
bool	command_has_group(const struct command *);	/* a list of what belongs to groups: --group G */
const char *command_usage(const struct command *, char *buf, size_t size);	/* "account set ID FIELD=VALUE ..." */

/* Fields of status' answer, in order: title for people. */
struct status_field {
	const char	*name, *title, *help;
};
extern const struct status_field	status_fields[];
extern const size_t			n_status_fields;

enum { PROTOCOL_VERSION = 1, PROTOCOL_LINE_MAX = 1024 * 1024 };
#define CONTROL_SOCKET "/run/wirechief/control.sock"

const char *role_name(enum role);			/* "stranger" "viewer" "operator" */

#endif
