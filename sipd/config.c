/*
 * Reading the configuration.  libconfuse takes the text apart; every value goes through its row of config_options[] while libconfuse
 * knows the line it stands on.  The defaults are read the same way first, from a text made of the table.
 */
#include "sipd/config.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "core/nearest.h"
#include "core/text.h"

enum { OPTIONS_MAX = 128, SECTIONS_MAX = 24 };

/* Stands at the end of every text: not reached, or met inside a section, something before it was left open. */
#define END_KEY	"end-of-configuration"

struct reader {
	const char	*name;
	struct config	 scratch;	/* of one value's check */
	int		 lines[OPTIONS_MAX];	/* where a row was last set; 0: it wasn't */
	int		 last_line;		/* of the text: what is open at its end is said to be wrong there */
	bool		 failed;
	char		 why[512];
	cfg_opt_t	 top[OPTIONS_MAX];
	cfg_opt_t	 rows[OPTIONS_MAX + SECTIONS_MAX];	/* the sections' options, each list ended */
};

/*
 * libconfuse hands its functions no argument of ours, but every section the search path of its parent, which serves only files
 * that include others; we have none.
 */
static struct reader *
reader_of(cfg_t *cfg)
{
	return (struct reader *)cfg->path;
}

static void __attribute__((format(printf, 3, 4)))
fail(struct reader *r, int line, const char *fmt, ...)
{
	va_list	ap;
	int	n;

	if (r->failed)
		return;
	r->failed = true;
	line = line < r->last_line ? line : r->last_line;
	n = line > 0 ? snprintf(r->why, sizeof r->why, "%s:%d: ", r->name, line) : snprintf(r->why, sizeof r->why, "%s: ", r->name);
	if (n < 0 || (size_t)n >= sizeof r->why)
		return;
	va_start(ap, fmt);
	vsnprintf(r->why + n, sizeof r->why - (size_t)n, fmt, ap);
	va_end(ap);
}

static bool
is_in(const struct config_option *o, const char *section)
{
	return strcmp(o->section == NULL ? "root" : o->section, section) == 0;
}

/* What could be meant by a key that the section does not have: ": did you mean 'listen'?" */
static void
hint(const char *section, const char *text, char *buf, size_t size)
{
	const char	*other = NULL;
	char		 name[64];
	struct nearest	 n;

	buf[0] = '\0';
	if (sscanf(text, "no such option '%63[^']'", name) != 1)
		return;
	nearest_begin(&n, name);
	for (size_t i = 0; i < n_config_options; i++) {
		const struct config_option	*o = &config_options[i];

		if (is_in(o, section))
			nearest_try(&n, o->name);
		else if (strcmp(o->name, name) == 0)
			other = o->section == NULL ? "the top of the file" : o->section;
		if (o->section != NULL && strcmp(section, "root") == 0)
			nearest_try(&n, o->section);
	}
	if (other != NULL && n.far > 1)
		(void)snprintf(buf, size, "; it belongs to %s", other);
	else if (n.best[0] != '\0')
		(void)snprintf(buf, size, "; did you mean '%s'?", n.best);
}

static void __attribute__((format(printf, 2, 0)))
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char	text[256], more[160];

	vsnprintf(text, sizeof text, fmt, ap);
	hint(cfg->name, text, more, sizeof more);
	if (strstr(text, END_KEY) != NULL)
		fail(reader_of(cfg), cfg->line, "section %s is not closed", cfg->name);
	else if (strcmp(cfg->name, "root") == 0)
		fail(reader_of(cfg), cfg->line, "%s%s", text, more);
	else
		fail(reader_of(cfg), cfg->line, "section %s: %s%s", cfg->name, text, more);
}

static size_t
row_find(const char *section, const char *name)
{
	size_t	i;

	for (i = 0; i < n_config_options; i++)
		if (strcmp(config_options[i].name, name) == 0 && is_in(&config_options[i], section))
			break;
	return i;
}

static const char *
row_text(const struct config_option *o, char *buf, size_t size)
{
	snprintf(buf, size, "%s%s%s", o->section == NULL ? "" : o->section, o->section == NULL ? "" : ".", o->name);
	return buf;
}

/* "sms.url: "…" must hold {text}" */
static void
fail_value(struct reader *r, int line, const struct config_option *o, const char *value, const char *why)
{
	char	key[64];

	if (o->secret)
		fail(r, line, "%s: %s", row_text(o, key, sizeof key), why);
	else
		fail(r, line, "%s: \"%s\" %s", row_text(o, key, sizeof key), value, why);
}

static int
number_parse(const struct config_option *o, const char *value, uint32_t *v, char *why, size_t size)
{
	uint64_t	n = 0;
	const char	*p = value;

	while (*p >= '0' && *p <= '9' && n <= UINT32_MAX)
		n = n * 10 + (uint64_t)(*p++ - '0');
	if (p == value || *p != '\0' || n < o->min || n > o->max) {
		snprintf(why, size, "must be a number from %u to %u", o->min, o->max);
		return ERR_INVALID;
	}
	*v = (uint32_t)n;
	return 0;
}

/* Checks value and puts it into its place. */
static int
value_store(const struct config_option *o, struct config *c, const char *value, char *why, size_t size)
{
	char	*at = (char *)c + o->offset;
	size_t	 n = strlen(value);

	for (const char *p = value; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f) {
			snprintf(why, size, "holds a control character");
			return ERR_INVALID;
		}
	}
	if (o->check != NULL)
		return o->check(c, value, why, size);
	if (strcmp(o->type, "number") == 0)
		return number_parse(o, value, (uint32_t *)(void *)at, why, size);
	if (n >= o->size) {
		snprintf(why, size, "is longer than %u bytes", o->size - 1u);
		return ERR_INVALID;
	}
	memcpy(at, value, n + 1);
	return 0;
}

/* A value was read: here alone its line is known. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct reader			*r = reader_of(cfg);
	size_t				 i = row_find(cfg->name, opt->name);
	const struct config_option	*o = &config_options[i];
	char				 key[64], why[256];

	*(const char **)result = value;
	if (i == n_config_options)
		return 0;	/* END_KEY */
	r->lines[i] = cfg->line;
	memset(&r->scratch, 0, sizeof r->scratch);
	if (strcmp(o->type, "list") == 0 && opt->nvalues > o->max) {
		fail(r, cfg->line, "%s: more than %u values", row_text(o, key, sizeof key), o->max);
		return -1;
	}
	if (value_store(o, &r->scratch, value, why, sizeof why) != 0) {
		fail_value(r, cfg->line, o, value, why);
		return -1;
	}
	return 0;
}

static bool
same_section(size_t i, size_t j)
{
	const char	*a = i < n_config_options ? config_options[i].section : NULL;
	const char	*b = j < n_config_options ? config_options[j].section : NULL;

	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* libconfuse's own tables, from ours. */
static void
make_options(struct reader *r)
{
	static const cfg_opt_t	end = CFG_END(), last = CFG_STR_CB(END_KEY, NULL, CFGF_NODEFAULT, on_value);
	cfg_opt_t		*top = r->top, *row = r->rows;

	for (size_t i = 0; i < n_config_options; i++) {
		const struct config_option	*o = &config_options[i];
		bool				 list = strcmp(o->type, "list") == 0;
		cfg_opt_t			 scalar_opt = CFG_STR_CB(o->name, NULL, CFGF_NODEFAULT, on_value);
		cfg_opt_t			 list_opt = CFG_STR_LIST_CB(o->name, NULL, CFGF_NODEFAULT, on_value);

		if (o->section == NULL) {
			*top++ = list ? list_opt : scalar_opt;
			continue;
		}
		if (i == 0 || !same_section(i - 1, i)) {
			cfg_opt_t	section = CFG_SEC(o->section, row, CFGF_NONE);

			*top++ = section;
		}
		*row++ = list ? list_opt : scalar_opt;
		if (!same_section(i, i + 1))
			*row++ = end;
	}
	*top++ = last;
	*top = end;
}

/* An empty list is no value that on_value() could see: the line is that of its name's first mention. */
static int
line_of(const char *text, const char *key)
{
	int	line = 1;

	for (size_t n = strlen(key); *text != '\0'; line += *text++ == '\n')
		if (strncmp(text, key, n) == 0 && strspn(text + n, " \t={") > 0)
			return line;
	return 0;
}

/* All rows that the text set, into c. */
static void
store_all(struct reader *r, struct config *c, cfg_t *cfg, const char *text)
{
	char	key[64], why[256];

	for (size_t i = 0; i < n_config_options && !r->failed; i++) {
		const struct config_option	*o = &config_options[i];
		cfg_t				*section = o->section == NULL ? cfg : cfg_getsec(cfg, o->section);
		cfg_opt_t			*opt = cfg_getopt(section, o->name);
		unsigned			 n = cfg_opt_size(opt);

		if (strcmp(o->type, "list") == 0 && (opt->flags & CFGF_MODIFIED)) {
			if (n < o->min)
				fail(r, line_of(text, o->name), "%s: the list is empty", row_text(o, key, sizeof key));
			memset((char *)c + o->offset, 0, sizeof(uint32_t));	/* the count, or the bits */
		}
		for (unsigned k = 0; k < n && !r->failed; k++) {
			const char	*value = cfg_opt_getnstr(opt, k);

			if (value_store(o, c, value, why, sizeof why) != 0)
				fail_value(r, r->lines[i], o, value, why);
		}
	}
}

/* Takes the text apart and stores what it sets. */
static void
read_text(struct reader *r, struct config *c, const char *text)
{
	cfg_t	*cfg;
	FILE	*fp = NULL;
	char	*whole = NULL;
	int	 n;

	make_options(r);
	if ((cfg = cfg_init(r->top, CFGF_NONE)) == NULL) {
		fail(r, 0, "%s", err_text(-ENOMEM));
		return;
	}
	cfg->path = (cfg_searchpath_t *)r;
	cfg_set_error_function(cfg, on_error);
	if ((n = asprintf(&whole, "%s\n%s=1\n", text, END_KEY)) < 0 || (fp = fmemopen(whole, (size_t)n, "r")) == NULL)
		fail(r, 0, "%s", err_text(-ENOMEM));
	else if (cfg_parse_fp(cfg, fp) != CFG_SUCCESS)
		fail(r, cfg->line, "is not understood");
	else if (cfg_size(cfg, END_KEY) == 0)
		fail(r, cfg->line, "a comment is not closed");
	else
		store_all(r, c, cfg, text);
	if (fp != NULL)
		fclose(fp);
	if (n >= 0)
		free(whole);
	cfg->path = NULL;	/* it is not libconfuse's to free */
	cfg_free(cfg);
}

/* All rows as a file that sets them to their defaults; to be freed. */
static char *
default_text(void)
{
	char	*text = NULL;
	size_t	 size;
	FILE	*fp = open_memstream(&text, &size);

	if (fp == NULL)
		return NULL;
	for (size_t i = 0; i < n_config_options; i++) {
		const struct config_option	*o = &config_options[i];

		if (o->section == NULL)
			fprintf(fp, "%s = %s\n", o->name, o->dflt);
		else
			fprintf(fp, "%s { %s = %s }\n", o->section, o->name, o->dflt);
	}
	if (fclose(fp) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* The line at which one of two keys was set. */
static int
line_of_either(const struct reader *r, const char *section, const char *a, const char *b)
{
	int	line_a = r->lines[row_find(section, a)], line_b = r->lines[row_find(section, b)];

	return line_a > line_b ? line_a : line_b;
}

/* What no value shows alone. */
static void
check_together(struct reader *r, const struct config *c)
{
	if (c->reg.min_expires > c->reg.default_expires)
		fail(r, line_of_either(r, "register", "min_expires", "default_expires"),
		    "register.min_expires: %u is more than default_expires, %u", c->reg.min_expires, c->reg.default_expires);
	if (c->reg.default_expires > c->reg.max_expires)
		fail(r, line_of_either(r, "register", "default_expires", "max_expires"),
		    "register.default_expires: %u is more than max_expires, %u", c->reg.default_expires, c->reg.max_expires);
	if (c->sms.url[0] != '\0' && c->sms.command[0] != '\0')
		fail(r, line_of_either(r, "sms", "url", "command"), "sms.url and sms.command: only one of them can be set");
	for (uint32_t i = 0; i < c->n_listens; i++) {
		char	addr[ADDR_TEXT];

		if (c->listens[i].transport == TRANSPORT_TLS && (c->tls.certificate[0] == '\0' || c->tls.key[0] == '\0'))
			fail(r, r->lines[row_find("root", "listen")], "tls.%s: is needed for the listener tls:%s",
			    c->tls.certificate[0] == '\0' ? "certificate" : "key", addr_text(&c->listens[i].addr, addr));
	}
	if (c->http.listen[0] != '\0' && (c->http.certificate[0] == '\0' || c->http.key[0] == '\0'))
		fail(r, r->lines[row_find("http", "listen")], "http.%s: is needed for http.listen",
		    c->http.certificate[0] == '\0' ? "certificate" : "key");
}

static int
lines_of(const char *text)
{
	int	n = 0;

	for (const char *p = text; *p != '\0'; p++)
		n += *p == '\n' || p[1] == '\0';
	return n;
}

/* The first line that is not UTF-8, or 0. */
static int
foreign_line(const char *text)
{
	const char	*end;

	for (int line = 1; *text != '\0'; line++, text = *end == '\0' ? end : end + 1) {
		end = strchrnul(text, '\n');
		if (!text_is_utf8(text, (size_t)(end - text)))
			return line;
	}
	return 0;
}

int
config_parse(struct config *c, const char *name, const char *text, char *why, size_t size)
{
	struct reader	*r = calloc(1, sizeof *r);
	char		*defaults = default_text();
	int		 line, rc;

	_Static_assert(sizeof r->lines / sizeof r->lines[0] == OPTIONS_MAX, "one line a row");
	if (r == NULL || defaults == NULL || n_config_options >= OPTIONS_MAX) {
		snprintf(why, size, "%s: %s", name, err_text(-ENOMEM));
		free(r);
		free(defaults);
		return ERR_INVALID;
	}
	memset(c, 0, sizeof *c);
	r->name = name;
	r->last_line = lines_of(text);
	if ((line = foreign_line(text)) != 0)
		fail(r, line, "is not UTF-8 text");
	if (!r->failed)
		read_text(r, c, defaults);
	memset(r->lines, 0, sizeof r->lines);
	if (!r->failed)
		read_text(r, c, text);
	if (!r->failed)
		check_together(r, c);
	if (r->failed)
		text_log(r->why, strlen(r->why), why, size);
	rc = r->failed ? ERR_INVALID : 0;
	free(defaults);
	free(r);
	return rc;
}

int
config_read(const char *file, char **text, char *why, size_t size)
{
	int	 fd = open(file, O_RDONLY | O_CLOEXEC);
	char	*buf = malloc(CONFIG_MAX_BYTES + 1);
	size_t	 n = 0;
	ssize_t	 got = 1;
	int	 rc = 0;

	if (fd < 0 || buf == NULL)
		rc = -errno;
	while (rc == 0 && n <= CONFIG_MAX_BYTES && (got = read(fd, buf + n, CONFIG_MAX_BYTES + 1 - n)) > 0)
		n += (size_t)got;
	if (rc == 0 && got < 0)
		rc = -errno;
	else if (rc == 0 && n > CONFIG_MAX_BYTES)
		rc = ERR_TOO_LARGE;
	else if (rc == 0 && memchr(buf, '\0', n) != NULL)
		rc = ERR_INVALID;
	if (fd >= 0)
		close(fd);
	if (rc != 0) {
		snprintf(why, size, "%s: %s", file, rc == ERR_INVALID ? "holds a NUL byte" : err_text(rc));
		free(buf);
		return rc;
	}
	buf[n] = '\0';
	*text = buf;
	return 0;
}

bool
config_listens(const struct config *c, enum transport transport)
{
	for (uint32_t i = 0; i < c->n_listens; i++)
		if (c->listens[i].transport == transport)
			return true;
	return false;
}

void
config_log(const struct config *c, const char *process, bool debug)
{
	log_init(process, debug ? LOG_L_DEBUG : (enum log_level)c->log.level);
	for (int i = 0; i < SUB_COUNT; i++)
		log_debug_set(log_subsystem_name((enum log_subsystem)i), c->log.debug >> i & 1);
}
