#include "core/err.h"

#include <string.h>

static const struct {
	int		 code;
	const char	*name;
	const char	*text;
} errs[] = {
	{ 0, "ok", "done" },
	{ ERR_NOT_FOUND, "not-found", "not found" },
	{ ERR_EXISTS, "exists", "already taken" },
	{ ERR_INVALID, "invalid", "not valid" },
	{ ERR_CONFLICT, "conflict", "changed by someone else meanwhile" },
	{ ERR_DENIED, "denied", "not allowed" },
	{ ERR_BUSY, "busy", "too much at once, try again" },
	{ ERR_UNAVAILABLE, "unavailable", "the store takes nothing now" },
	{ ERR_NEWER, "newer", "written by a newer version of Wirechief" },
	{ ERR_CORRUPT, "corrupt", "damaged" },
	{ ERR_TOO_LARGE, "too-large", "too large" },
	{ ERR_USAGE, "usage", "not a request of this protocol" },
	{ ERR_IN_USE, "in-use", "still in use" },
};

const char *
err_text(int code)
{
	for (size_t i = 0; i < sizeof errs / sizeof errs[0]; i++)
		if (errs[i].code == code)
			return errs[i].text;
	return strerror(-code);
}

const char *
err_name(int code)
{
	for (size_t i = 0; i < sizeof errs / sizeof errs[0]; i++)
		if (errs[i].code == code)
			return errs[i].name;
	return "system";
}
