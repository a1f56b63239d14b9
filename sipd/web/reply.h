/*
 * The bytes of an answer.  Nothing of them is a stranger's: what the keeper brings is checked again, so that no header can be made of it.
 */
#ifndef WEB_REPLY_H
#define WEB_REPLY_H

#include "core/wire.h"
#include "sipd/web/pages.h"

struct evbuffer;
struct wanted;

void	reply_trouble(struct evbuffer *, struct pages *, const struct wanted *, const char *trouble, unsigned retry_after);
void	reply_text(struct evbuffer *, const struct wanted *, const char *text);
void	reply_answer(struct evbuffer *, struct pages *, const struct wanted *, const struct web_answer *);

#endif
