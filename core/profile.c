#include "core/profile.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"

static const char *const	client_words[] = {
	[CLIENT_LINPHONE] = "linphone", [CLIENT_BARESIP] = "baresip", [CLIENT_TEXT] = "text", NULL,
};

static int	lines_check(const char *, char *why, size_t);

#define RECORD profile

static const struct field	profile_fields[] = {
	{ .tag = 1, AT(FT_ID, id), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 2, AT(FT_ID, version), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 3, .name = "name", .title = "Profile", .width = 18, .keep = 1, AT(FT_STR, name), .check = name_check,
	  .flags = FF_FORM | FF_COLUMN | FF_SEARCH | FF_UNIQUE | FF_NEEDED, .help = "A name of its own, at most 64 characters." },
	{ .tag = 4, .name = "kind", .title = "Kind", .width = 8, .keep = 2, AT(FT_ENUM, client), .words = client_words,
	  .flags = FF_FORM | FF_COLUMN | FF_SEARCH, .help = "What client it is for." },
	{ .tag = 5, .name = "install_url", .title = "Install URL", .width = 40, .keep = 3, AT(FT_STR, install_url), .check = url_check,
	  .flags = FF_FORM | FF_COLUMN | FF_SEARCH, .help = "Where the client is got: an http or https address." },
	{ .tag = 6, .name = "parameters", .title = "Parameters", AT(FT_STR, parameters), .check = lines_check,
	  .flags = FF_FORM | FF_SEARCH | FF_LINES,
	  .help = "Lines of key=value, of kind text the whole template; {variables} become values. At most 2047 bytes." },
	{ .tag = 7, AT(FT_TIME, created_at), .flags = FF_HIDDEN | FF_SERVER },
	{ .tag = 8, AT(FT_TIME, updated_at), .flags = FF_HIDDEN | FF_SERVER },
};

static const struct index	profile_indexes[] = {
	{ .table = TABLE_PROFILE_BY_NAME, .unique = true, .tags = { 3 } },
};

const struct kind	profile_kind = {
	.name = "profile", .title = "Profiles", .table = TABLE_PROFILE, .key = { 1 }, .name_tag = 3, .sort = "name",
	.fields = profile_fields, .n_fields = sizeof profile_fields / sizeof profile_fields[0], .size = sizeof(struct profile),
	.indexes = profile_indexes, .n_indexes = sizeof profile_indexes / sizeof profile_indexes[0],
};

static bool
host_is_valid(const char *host, size_t n)
{
	const char	*end = memchr(host, ':', n);

	if (n > 0 && host[0] == '[')
		return memchr(host, ']', n) != NULL;
	if (end != NULL && strspn(end + 1, "0123456789") + 1 != n - (size_t)(end - host))
		return false;
	n = end == NULL ? n : (size_t)(end - host);
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)host[i]) && host[i] != '-' && host[i] != '.' && (unsigned char)host[i] < 0x80)
			return false;
	return n > 0 && host[0] != '.' && host[0] != '-';
}

/* It goes into an SMS and a page: nothing that would end it there, nor a user and password before the host. */
int
url_check(const char *s, char *why, size_t size)
{
	size_t	scheme = strncasecmp(s, "https://", 8) == 0 ? 8 : strncasecmp(s, "http://", 7) == 0 ? 7 : 0;
	size_t	n = strcspn(s + scheme, "/?#");

	for (const char *p = s; *p != '\0'; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("<>\"\\^`{|}", *p) != NULL) {
			(void)snprintf(why, size, "not an address: '%c' may not stand in it, write %%%02X", (unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p,
			    (unsigned char)*p);
			return ERR_INVALID;
		}
	}
	if (scheme == 0 || !host_is_valid(s + scheme, n)) {
		(void)snprintf(why, size, "must be an http or https address, such as https://example.com/install");
		return ERR_INVALID;
	}
	return 0;
}

static int
lines_check(const char *s, char *why, size_t size)
{
	for (size_t line = 1; *s != '\0'; line += *s++ == '\n') {
		if (((unsigned char)*s >= ' ' && *s != 0x7f) || *s == '\n' || *s == '\t')
			continue;
		(void)snprintf(why, size, "line %zu: a control character (0x%02x) may not stand in it", line, (unsigned char)*s);
		return ERR_INVALID;
	}
	return 0;
}

/* "key=value", where the key is one word. */
static bool
is_assignment(const char *line, size_t n)
{
	const char	*equals = memchr(line, '=', n);

	if (equals == NULL || equals == line)
		return false;
	for (const char *p = line; p < equals; p++)
		if (!isalnum((unsigned char)*p) && strchr("_-./:[]", *p) == NULL)
			return false;
	return true;
}

int
profile_check_parameters(const struct profile *p, char *why, size_t size)
{
	const char	*s = p->parameters;

	for (size_t line = 1; p->client != CLIENT_TEXT && *s != '\0'; line++) {
		size_t	n = strcspn(s, "\n");

		if (n > 0 && s[0] != '#' && !is_assignment(s, n)) {
			(void)snprintf(why, size, "line %zu: must be key=value, or begin with #", line);
			return ERR_INVALID;
		}
		s += n + (s[n] == '\n');
	}
	return 0;
}
