/*
 * Error numbers.  A function returns 0 or a negative code: an errno value negated, or one of ours below.
 * The names in err_name() are those of the control protocol's "code".
 */
#ifndef CORE_ERR_H
#define CORE_ERR_H

enum err {
	ERR_NOT_FOUND	= -1001,	/* no such record */
	ERR_EXISTS	= -1002,	/* a unique value is taken */
	ERR_INVALID	= -1003,	/* a value breaks its rule */
	ERR_CONFLICT	= -1004,	/* somebody else changed it meanwhile */
	ERR_DENIED	= -1005,	/* the peer's role does not allow it */
	ERR_BUSY	= -1006,	/* over a limit; later it may do */
	ERR_UNAVAILABLE	= -1007,	/* the store takes nothing now (full disk, I/O error) */
	ERR_NEWER	= -1008,	/* the store was written by a newer version */
	ERR_CORRUPT	= -1009,	/* bytes that no version of ours wrote */
	ERR_TOO_LARGE	= -1010,	/* over a named limit */
	ERR_USAGE	= -1011,	/* the request is not of the protocol's form */
	ERR_IN_USE	= -1012,	/* something still depends on it (a group that holds accounts) */
};

const char	*err_text(int code);	/* for a person; static storage, valid until the next call for an errno value */
const char	*err_name(int code);	/* for a script: "not-found", …; "system" for errno values */

#endif
