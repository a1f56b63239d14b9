#include "sipd/web/pages.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base64.h"
#include "core/log.h"
#include "core/web.h"

enum { SHA256_BYTES = 32, VARS_MAX = 32, OWN_VARS = 7 };

struct pages {
	struct templates	*templates;
	char			 brand[CONFIG_TEXT], colour[8], ink[8], text[513];
	struct page		 page;		/* the last one */
};

struct pages *
pages_new(void)
{
	return calloc(1, sizeof(struct pages));
}

void
pages_free(struct pages *p)
{
	if (p == NULL)
		return;
	templates_free(p->templates);
	free(p);
}

void
pages_set(struct pages *p, struct templates *t)
{
	templates_free(p->templates);
	p->templates = t;
}

bool
pages_are_set(const struct pages *p)
{
	return p->templates != NULL;
}

/* How bright a part of a colour is to the eye, in thousandths: about WCAG's curve. */
static unsigned long
brightness(unsigned long part)
{
	return part * part * (8 * 255 + 2 * part) * 100 / (255 * 255 * 255);
}

/* Black or white, whichever stands out more.  Where it does equally, at 0.179 of white, both do by 4.5 to 1 (WCAG 2.1, 1.4.3). */
static const char *
ink_on(const char *colour)
{
	unsigned long	c = strtoul(colour + 1, NULL, 16);
	unsigned long	light = (2126 * brightness(c >> 16 & 0xff) + 7152 * brightness(c >> 8 & 0xff) + 722 * brightness(c & 0xff)) / 10000;

	return light > 179 ? "#000000" : "#ffffff";
}

void
pages_configure(struct pages *p, const struct config *c)
{
	(void)snprintf(p->brand, sizeof p->brand, "%s", c->http.brand[0] != '\0' ? c->http.brand : c->domains[0]);
	(void)snprintf(p->colour, sizeof p->colour, "%s", c->http.colour);
	(void)snprintf(p->ink, sizeof p->ink, "%s", ink_on(p->colour));
	(void)snprintf(p->text, sizeof p->text, "%s", c->http.text);
}

/* Allows the page's own style sheets, by what they are, and nothing else: no script, no picture, no other site. */
static void
set_policy(struct page *page, struct span name)
{
	static const char	begin[] = "<style>", end[] = "</style>";
	const char		*at = page->html, *all = page->html + page->n, *close;
	unsigned char		 sum[SHA256_BYTES];
	char			 text[BASE64_TEXT(SHA256_BYTES)];
	size_t			 n = (size_t)snprintf(page->policy, sizeof page->policy, "default-src 'none'; style-src");
	bool			 any = false;

	while ((at = memmem(at, (size_t)(all - at), begin, sizeof begin - 1)) != NULL) {
		at += sizeof begin - 1;
		if ((close = memmem(at, (size_t)(all - at), end, sizeof end - 1)) == NULL || n > sizeof page->policy / 2 ||
		    EVP_Digest(at, (size_t)(close - at), sum, NULL, EVP_sha256(), NULL) != 1)
			break;
		n += (size_t)snprintf(page->policy + n, sizeof page->policy - n, " 'sha256-%.*s'", (int)base64_encode(sum, sizeof sum, text), text);
		at = close;
		any = true;
	}
	/* What the install page's button asks for is answered with a redirection to a shop, which browsers count as its target, too. */
	(void)snprintf(page->policy + n, sizeof page->policy - n, "%s; form-action 'self'%s; base-uri 'none'; frame-ancestors 'none'",
	    any ? "" : " 'none'", span_is(name, "install") ? " https: http:" : "");
}

static bool
is_given(const struct template_var *vars, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (span_is(vars[i].name, name))
			return true;
	return false;
}

/* Fills in what the trouble says of itself. */
static size_t
add_trouble(const struct web_trouble *t, const char *code, struct template_var *vars, size_t n)
{
	const struct template_var	own[] = {
		{ span_of("code"), span_of(t->code < 400 ? "" : code) }, { span_of("title"), span_of(t->title) }, { span_of("advice"), span_of(t->advice) },
	};
	size_t				given = n;

	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (!is_given(vars, given, own[i].name.s))
			vars[n++] = own[i];
	return n;
}

static size_t
take_vars(const struct pages *p, struct span list, struct template_var vars[VARS_MAX])
{
	const struct template_var	own[] = {
		{ span_of("brand"), span_of(p->brand) }, { span_of("colour"), span_of(p->colour) }, { span_of("ink"), span_of(p->ink) },
		{ span_of("text"), span_of(p->text) },
	};
	struct web_var			v;
	size_t				n = sizeof own / sizeof own[0];

	memcpy(vars, own, sizeof own);
	while (n < VARS_MAX - OWN_VARS && web_var_next(&list, &v) == 1)
		vars[n++] = (struct template_var){ v.name, v.value };
	return n;
}

const struct page *
pages_show(struct pages *p, struct span name, unsigned code, struct span list)
{
	struct page			*page = &p->page;
	const struct web_trouble	*t = web_trouble_find(name);
	struct template_var		 vars[VARS_MAX];
	struct span			 file = name;
	size_t				 n = take_vars(p, list, vars);
	char				 number[16];
	long				 length;

	page->code = code != 0 ? code : t != NULL ? t->code : 200;
	(void)snprintf(number, sizeof number, "%u", page->code);
	if (t != NULL)
		n = add_trouble(t, number, vars, n);
	if (t != NULL && p->templates != NULL && !templates_have(p->templates, name))
		file = span_of("error");
	length = p->templates == NULL ? -1 : templates_render(p->templates, file, vars, n, page->html, sizeof page->html);
	if (length < 0 && !span_is(name, "later")) {
		log_error("no page %.*s can be made", (int)name.n, name.s);
		return pages_show(p, span_of("later"), 0, (struct span){ .s = NULL });
	}
	page->n = length < 0 ? 0 : (size_t)length;
	set_policy(page, name);
	return page;
}
