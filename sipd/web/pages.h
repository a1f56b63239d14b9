/*
 * The pages that people see: a template (core/template.h) in the operator's brand, with what the keeper says, or a trouble of core/web.h.
 */
#ifndef WEB_PAGES_H
#define WEB_PAGES_H

#include <stddef.h>

#include "core/wire.h"
#include "sipd/config.h"

struct pages;
struct templates;

enum { PAGE_MAX = 64 * 1024, PAGE_POLICY = 512 };

struct page {
	unsigned	code;
	size_t		n;
	char		policy[PAGE_POLICY];	/* Content-Security-Policy */
	char		html[PAGE_MAX];
};

struct pages *pages_new(void);
void	pages_free(struct pages *);
void	pages_set(struct pages *, struct templates *);		/* takes them */
bool	pages_are_set(const struct pages *);
void	pages_configure(struct pages *, const struct config *);	/* brand, colour, text */

/*
 * name: a page's or a trouble's; code 0: that of the trouble.  vars: web_var_append()ed.  A page that does not exist, or does not fit, is
 * the trouble "later" and an error in the log.  Lent until the next one.
 */
const struct page *pages_show(struct pages *, struct span name, unsigned code, struct span vars);

#endif
