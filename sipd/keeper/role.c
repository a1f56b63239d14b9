#include "sipd/keeper/role.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

enum { ROLE_BUFFER = 16384, ROLE_GROUPS = 1024 };

static bool
is_in(const gid_t *gids, int n, const char *name)
{
	char		 buf[ROLE_BUFFER];
	struct group	 g, *found;

	if (name[0] == '\0' || getgrnam_r(name, &g, buf, sizeof buf, &found) != 0 || found == NULL)
		return false;
	for (int i = 0; i < n; i++)
		if (gids[i] == g.gr_gid)
			return true;
	return false;
}

enum role
role_of(uid_t uid, const char *operators, const char *viewers, char *name, size_t size)
{
	bool		 ours = uid == 0 || uid == geteuid();
	char		 buf[ROLE_BUFFER];
	struct passwd	 pw, *found;
	gid_t		 gids[ROLE_GROUPS];
	int		 n = ROLE_GROUPS;

	if (getpwuid_r(uid, &pw, buf, sizeof buf, &found) != 0 || found == NULL) {
		(void)snprintf(name, size, "uid %u", (unsigned)uid);
		return ours ? ROLE_OPERATOR : ROLE_STRANGER;
	}
	(void)snprintf(name, size, "%s", pw.pw_name);
	if (ours)
		return ROLE_OPERATOR;
	if (getgrouplist(pw.pw_name, pw.pw_gid, gids, &n) < 0)
		n = ROLE_GROUPS;	/* in more than we ask for: the first ones count */
	if (is_in(gids, n, operators))
		return ROLE_OPERATOR;
	return is_in(gids, n, viewers) ? ROLE_VIEWER : ROLE_STRANGER;
}
