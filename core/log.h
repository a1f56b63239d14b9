/*
 * Log lines on stderr with sd-daemon(3) level prefixes.  Arguments from outside must have gone through text_log();
 * as a last net every line is made of printable ASCII and UTF-8 here too.  This module holds the only writable globals.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdbool.h>

enum log_level { LOG_L_ERR = 3, LOG_L_WARN = 4, LOG_L_NOTICE = 5, LOG_L_INFO = 6, LOG_L_DEBUG = 7 };

/* One row a subsystem: log_subsystems[] in log.c.  `log { debug = { "sip" } }` and `wirechief debug on sip` name them. */
enum log_subsystem { SUB_MAIN, SUB_STORE, SUB_SIP, SUB_STREAM, SUB_REG, SUB_AUTH, SUB_CONTROL, SUB_QUALIFY, SUB_TRUNK, SUB_WEB, SUB_COUNT };

void	log_init(const char *process, enum log_level);	/* process: "keeper", "sip", …, static storage */
int	log_debug_set(const char *subsystem, bool on);	/* 0, or ERR_NOT_FOUND */
bool	log_debug_on(enum log_subsystem);
const char *log_subsystem_name(enum log_subsystem);
int	log_level_of(const char *name);			/* "error" "warning" "notice" "info" "debug", or -1 */

void	log_error(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_notice(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_debug(enum log_subsystem, const char *, ...) __attribute__((format(printf, 2, 3)));

#endif
