/*
 * What a process gives up once it serves (architecture.md): Landlock takes the file system away but what is named, seccomp all system
 * calls but those of its profile (allowed[] in sandbox.c, each with its reason).
 */
#ifndef SIPD_SANDBOX_H
#define SIPD_SANDBOX_H

#include <stddef.h>

/* Built with AddressSanitizer, which needs a little more. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(SANITIZED)
#define SANITIZED 1
#endif

enum sandbox_profile { SANDBOX_FRONT, SANDBOX_STREAM, SANDBOX_WEB, SANDBOX_KEEPER };

/*
 * Enters the sandbox; there is no way back.  paths (ends with NULL, may be NULL) stay readable and writable with what is below them.
 * To be called before any thread is made (-EBUSY): Landlock does not bind those that are there.  0, or -errno with why.  A kernel without Landlock is told in a warning, and seccomp still applies.
 */
int	sandbox_enter(enum sandbox_profile, const char *const *paths, char *why, size_t size);

#endif
