/*
 * What the web process and the keeper both know of the pages: which there are, what each shows, and under which paths.
 *
 *	page		shows			answered by
 *	install		owner action_url	the link of the first SMS: a button that goes on to the profile's install_url
 *	activate	owner client config_url linphone_url action_url
 *						the link of the second: the configuration, and a button that activates the account
 *						without action_url: it was activated and never fetched its configuration
 *	activated	owner client config_url linphone_url
 *						that button's answer; with config_url where that is still to be fetched
 *	error		code title advice	whatever went wrong: its row of web_troubles[], or what the keeper says of it; where there is a
 *						page of the trouble's own name, as in another language, that
 *
 * Each shows brand, colour, ink and text besides, which the web process knows from the configuration.  A trouble's name may stand in
 * struct web_answer where a page's may: its code, title and advice are filled in, unless the answer brings its own.  A value that is
 * empty takes what is between {{#name}} and {{/name}} off the page (core/template.h).
 */
#ifndef CORE_WEB_H
#define CORE_WEB_H

#include <stddef.h>

#include "core/template.h"
#include "core/wire.h"

#define WEB_ALIVE	"/alive"	/* answered "alive" by the web process itself: whether the public name leads to us */

enum { WEB_TOKEN_MAX = 64 };	/* characters of a token */

extern const struct template_page	web_pages[];	/* of share/web/NAME.html */
extern const size_t			n_web_pages;

struct web_trouble {
	const char	*name;
	unsigned	 code;
	const char	*title, *advice;
};
const struct web_trouble *web_trouble_find(struct span name);	/* NULL: there is none */

/* One row a path: prefix and, where it takes one, a token. */
struct web_path {
	enum web_what	 what;
	const char	*prefix;
	bool		 token;		/* the rest of the path is one; else there is no rest */
	bool		 post_only, get_only;
};
extern const struct web_path	web_paths[];
extern const size_t		n_web_paths;

/*
 * The row of a path as it stands in a request, without its query; NULL: there is none.  Nothing is unescaped: a path that needs it is
 * none of ours.
 */
const struct web_path *web_path_find(struct span path, struct span *token);

#endif
