/*
 * Templates of pages:
 *	{{name}}			the variable's value, escaped for HTML, text and attributes alike
 *	{{#name}} … {{/name}}		only where it has a value
 *	{{^name}} … {{/name}}		only where it has none
 *	{{>other}}			the template of that name
 * They are checked whole when they are read: what is wrong is told with its file and line, and rendering cannot fail but for want of room.
 */
#ifndef CORE_TEMPLATE_H
#define CORE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/span.h"

struct templates;

enum {
	TEMPLATES_MAX = 32,
	TEMPLATES_TEXT = 512 * 1024,	/* of all of them */
	TEMPLATE_VALUE = 2048,		/* bytes of a value that are shown */
};

struct template_page {
	const char	*name;
	const char	*vars;		/* that it may show, blanks between them */
	bool		 optional;	/* else it must be there */
};

struct template_var {
	struct span	name, value;
};

/*
 * text: all of them, each "\fNAME\n" and then its text.  dir is for messages: "DIR/NAME.html:LINE: what is wrong".  NULL with why.
 * Templates that no page includes are not looked at.
 */
struct templates *templates_new(const char *text, const char *dir, const struct template_page *pages, size_t n, char *why, size_t size);
void	templates_free(struct templates *);

bool	templates_have(const struct templates *, struct span page);
/* The page's length in out (no terminator), or ERR_NOT_FOUND, ERR_TOO_LARGE.  A variable that is not given has no value. */
long	templates_render(const struct templates *, struct span page, const struct template_var *, size_t n, char *out, size_t size);

#endif
