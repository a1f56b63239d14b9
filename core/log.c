#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"
#include "core/text.h"

static const char *const subsystem_names[SUB_COUNT] = {
	[SUB_MAIN] = "main", [SUB_STORE] = "store", [SUB_SIP] = "sip", [SUB_STREAM] = "stream",
	[SUB_REG] = "registrar", [SUB_AUTH] = "auth", [SUB_CONTROL] = "control", [SUB_QUALIFY] = "qualify",
	[SUB_TRUNK] = "trunk", [SUB_WEB] = "web",
};

static const struct {
	const char	*name;
	enum log_level	 level;
} levels[] = {
	{ "error", LOG_L_ERR }, { "warning", LOG_L_WARN }, { "notice", LOG_L_NOTICE }, { "info", LOG_L_INFO },
	{ "debug", LOG_L_DEBUG },
};

static const char	*process_name = "wirechiefd";
static enum log_level	 max_level = LOG_L_INFO;
static bool		 debug_on[SUB_COUNT];

void
log_init(const char *process, enum log_level level)
{
	process_name = process;
	max_level = level;
}

int
log_level_of(const char *name)
{
	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
		if (strcmp(levels[i].name, name) == 0)
			return (int)levels[i].level;
	return -1;
}

int
log_debug_set(const char *subsystem, bool on)
{
	for (int i = 0; i < SUB_COUNT; i++) {
		if (strcmp(subsystem_names[i], subsystem) == 0) {
			debug_on[i] = on;
			return 0;
		}
	}
	return ERR_NOT_FOUND;
}

bool
log_debug_on(enum log_subsystem sub)
{
	return debug_on[sub] || max_level >= LOG_L_DEBUG;
}

const char *
log_subsystem_name(enum log_subsystem sub)
{
	return subsystem_names[sub];
}

/* One write(2) a line, so that lines of several processes on one pipe do not mix. */
static void
log_line(enum log_level level, const char *fmt, va_list ap)
{
	char	raw[1024], safe[2048], line[2200];
	int	n;

	if (vsnprintf(raw, sizeof raw, fmt, ap) < 0)
		return;
	text_log(raw, strlen(raw), safe, sizeof safe);
	n = snprintf(line, sizeof line, "<%d>wirechiefd[%s]: %s\n", (int)level, process_name, safe);
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1) < 0)
		return;	/* nowhere to complain */
}

#define LOG_FUNCTION(name, level)		\
	void					\
	name(const char *fmt, ...)		\
	{					\
		va_list	ap;			\
						\
		if (max_level < (level))	\
			return;			\
		va_start(ap, fmt);		\
		log_line(level, fmt, ap);	\
		va_end(ap);			\
	}

LOG_FUNCTION(log_error, LOG_L_ERR)
LOG_FUNCTION(log_warn, LOG_L_WARN)
LOG_FUNCTION(log_notice, LOG_L_NOTICE)
LOG_FUNCTION(log_info, LOG_L_INFO)

void
log_debug(enum log_subsystem sub, const char *fmt, ...)
{
	va_list	ap;

	if (!log_debug_on(sub))
		return;
	va_start(ap, fmt);
	log_line(LOG_L_DEBUG, fmt, ap);
	va_end(ap);
}
