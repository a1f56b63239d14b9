/*
 * One scanner, tag_next(), serves the check and the rendering, so that both see the same.  Nothing is compiled: a page is a few kilobytes
 * and is read from its front to its end.
 */
#include "core/template.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/text.h"

enum { DEPTH_MAX = 8, NAME_BYTES = 32 };

struct file {
	struct span	name, body;
};

struct templates {
	char		*text;
	struct file	 files[TEMPLATES_MAX];
	size_t		 n;
};

enum tag_kind { TAG_VALUE, TAG_IF, TAG_UNLESS, TAG_END, TAG_INCLUDE };

struct tag {
	enum tag_kind	kind;
	struct span	before;		/* text up to it */
	struct span	name;		/* empty: it is broken */
	const char	*at;
};

static const struct {
	char		mark;
	enum tag_kind	kind;
} marks[] = { { '#', TAG_IF }, { '^', TAG_UNLESS }, { '/', TAG_END }, { '>', TAG_INCLUDE } };

static bool
is_name(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.s[i]) && s.s[i] != '_' && s.s[i] != '-')
			return false;
	return s.n > 0 && s.n < NAME_BYTES;
}

/* What is between the braces: a mark, if any, and a name. */
static void
tag_read(struct tag *t, struct span in)
{
	t->kind = TAG_VALUE;
	for (size_t i = 0; in.n > 0 && i < sizeof marks / sizeof marks[0]; i++) {
		if (in.s[0] == marks[i].mark) {
			t->kind = marks[i].kind;
			in.s++;
			in.n--;
			break;
		}
	}
	while (in.n > 0 && in.s[0] == ' ') {
		in.s++;
		in.n--;
	}
	while (in.n > 0 && in.s[in.n - 1] == ' ')
		in.n--;
	t->name = is_name(in) ? in : (struct span){ .s = in.s };
}

/* Takes the next tag and what is before it off the text.  False: there is none, and before is all that was left. */
static bool
tag_next(struct span *text, struct tag *t)
{
	const char	*begin = text->n == 0 ? NULL : memmem(text->s, text->n, "{{", 2), *end, *all = text->s + text->n;

	*t = (struct tag){ .before = *text, .at = begin };
	if (begin == NULL) {
		*text = (struct span){ .s = all };
		return false;
	}
	t->before.n = (size_t)(begin - text->s);
	end = memmem(begin + 2, (size_t)(all - begin - 2), "}}", 2);
	if (end == NULL) {
		*text = (struct span){ .s = all };
		return true;
	}
	tag_read(t, (struct span){ .s = begin + 2, .n = (size_t)(end - begin - 2) });
	*text = (struct span){ .s = end + 2, .n = (size_t)(all - end - 2) };
	return true;
}

static const struct file *
file_find(const struct templates *t, struct span name)
{
	for (size_t i = 0; i < t->n; i++)
		if (span_eq(t->files[i].name, name))
			return &t->files[i];
	return NULL;
}

/* What a check knows. */
struct check {
	const struct templates		*t;
	const char			*dir;
	const struct template_page	*page;
	char				*why;
	size_t				 size;
};

static int
fault(const struct check *c, const struct file *f, const char *at, const char *text, struct span name)
{
	unsigned	line = 1;

	for (const char *p = f->body.s; p < at; p++)
		line += *p == '\n';
	(void)snprintf(c->why, c->size, "%s/%.*s.html:%u: %s%s%.*s%s", c->dir, (int)f->name.n, f->name.s, line, text, name.n == 0 ? "" : " \"",
	    (int)name.n, name.s, name.n == 0 ? "" : "\"");
	return ERR_INVALID;
}

static bool
has_word(const char *words, struct span word)
{
	for (const char *at = words; *at != '\0';) {
		size_t	n = strcspn(at, " ");

		if (span_eq((struct span){ .s = at, .n = n }, word))
			return true;
		at += n + strspn(at + n, " ");
	}
	return false;
}

static int
no_variable(const struct check *c, const struct file *f, const struct tag *tag)
{
	char	text[256];

	(void)snprintf(text, sizeof text, "page %s shows %s, but not", c->page->name, c->page->vars);
	return fault(c, f, tag->at, text, tag->name);
}

static int	check_file(const struct check *, const struct file *, int depth);

/* A tag that is well written; open: the names of the sections around it. */
static int
check_tag(const struct check *c, const struct file *f, const struct tag *tag, struct span open[DEPTH_MAX], int *n, int depth)
{
	const struct file	*other;

	switch (tag->kind) {
	case TAG_INCLUDE:
		if ((other = file_find(c->t, tag->name)) == NULL)
			return fault(c, f, tag->at, "there is no template", tag->name);
		if (depth == DEPTH_MAX)
			return fault(c, f, tag->at, "templates include each other too deep, here", tag->name);
		return check_file(c, other, depth + 1);
	case TAG_END:
		if (*n == 0 || !span_eq(open[*n - 1], tag->name))
			return fault(c, f, tag->at, "ends what does not stand open:", tag->name);
		--*n;
		return 0;
	case TAG_IF:
	case TAG_UNLESS:
		if (*n == DEPTH_MAX)
			return fault(c, f, tag->at, "stands too deep:", tag->name);
		open[(*n)++] = tag->name;
		break;
	case TAG_VALUE:
		break;
	}
	return has_word(c->page->vars, tag->name) ? 0 : no_variable(c, f, tag);
}

static int
check_file(const struct check *c, const struct file *f, int depth)
{
	struct span	text = f->body, open[DEPTH_MAX];
	struct tag	tag;
	int		n = 0, rc;

	while (tag_next(&text, &tag)) {
		if (tag.name.n == 0)
			return fault(c, f, tag.at, "{{ without a name and }}; write {{name}}", (struct span){ .s = NULL });
		if ((rc = check_tag(c, f, &tag, open, &n, depth)) != 0)
			return rc;
	}
	return n == 0 ? 0 : fault(c, f, f->body.s + f->body.n, "at the end of the file still open:", open[n - 1]);
}

/* Takes the files apart.  Their text was put together by one of our own processes. */
static int
split(struct templates *t, char *why, size_t size)
{
	for (char *at = t->text; *at == '\f';) {
		char	*name = at + 1, *body = strchr(name, '\n');
		size_t	 n;

		if (body == NULL || t->n == TEMPLATES_MAX) {
			(void)snprintf(why, size, "there are more than %d templates", TEMPLATES_MAX);
			return ERR_TOO_LARGE;
		}
		n = strcspn(body + 1, "\f");
		t->files[t->n++] = (struct file){ { .s = name, .n = (size_t)(body - name) }, { .s = body + 1, .n = n } };
		at = body + 1 + n;
	}
	return 0;
}

static int
check_all(const struct templates *t, const char *dir, const struct template_page *pages, size_t n, char *why, size_t size)
{
	int	rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct check	 c = { .t = t, .dir = dir, .page = &pages[i], .why = why, .size = size };
		const struct file	*f = file_find(t, span_of(pages[i].name));

		if (f != NULL) {
			rc = check_file(&c, f, 0);
		} else if (!pages[i].optional) {
			(void)snprintf(why, size, "%s/%s.html: is missing", dir, pages[i].name);
			rc = ERR_NOT_FOUND;
		}
	}
	return rc;
}

struct templates *
templates_new(const char *text, const char *dir, const struct template_page *pages, size_t n, char *why, size_t size)
{
	struct templates	*t = calloc(1, sizeof *t);

	(void)snprintf(why, size, "out of memory");
	if (t == NULL || (t->text = strdup(text)) == NULL || split(t, why, size) != 0 || check_all(t, dir, pages, n, why, size) != 0) {
		templates_free(t);
		return NULL;
	}
	return t;
}

void
templates_free(struct templates *t)
{
	if (t == NULL)
		return;
	free(t->text);
	free(t);
}

bool
templates_have(const struct templates *t, struct span page)
{
	return file_find(t, page) != NULL;
}

/* A page that is being made. */
struct page {
	const struct templates		*t;
	const struct template_var	*vars;
	size_t				 n_vars;
	char				*out;
	size_t				 n, size;	/* n over size: there was no room */
};

static void
put(struct page *p, const char *s, size_t n)
{
	if (p->n <= p->size && n <= p->size - p->n)
		memcpy(p->out + p->n, s, n);
	p->n = p->n > p->size ? p->n : p->n + n;
}

static struct span
value_of(const struct page *p, struct span name)
{
	for (size_t i = 0; i < p->n_vars; i++)
		if (span_eq(p->vars[i].name, name))
			return p->vars[i].value;
	return (struct span){ .s = NULL };
}

static void
put_escaped(struct page *p, struct span value)
{
	static const struct {
		char		 c;
		const char	*text;
	} escapes[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" } };
	char		 safe[TEMPLATE_VALUE + 1];
	size_t		 n = text_safe(value.s, value.n, safe, sizeof safe, false);

	for (size_t i = 0; i < n; i++) {
		const char	*text = NULL;

		for (size_t e = 0; e < sizeof escapes / sizeof escapes[0]; e++)
			if (escapes[e].c == safe[i])
				text = escapes[e].text;
		put(p, text == NULL ? &safe[i] : text, text == NULL ? 1 : strlen(text));
	}
}

static void
render(struct page *p, const struct file *f)
{
	struct span	text = f->body;
	struct tag	tag;
	bool		more = true;
	int		depth = 0, off_at = 0;		/* sections around; the outermost that is not shown, 0: all are */

	while (more) {
		more = tag_next(&text, &tag);
		if (off_at == 0)
			put(p, tag.before.s, tag.before.n);
		if (!more)
			break;
		switch (tag.kind) {
		case TAG_VALUE:
			if (off_at == 0)
				put_escaped(p, value_of(p, tag.name));
			break;
		case TAG_INCLUDE:
			if (off_at == 0)
				render(p, file_find(p->t, tag.name));
			break;
		case TAG_IF:
		case TAG_UNLESS:
			depth++;
			if (off_at == 0 && (value_of(p, tag.name).n > 0) != (tag.kind == TAG_IF))
				off_at = depth;
			break;
		case TAG_END:
			if (depth-- == off_at)
				off_at = 0;
			break;
		}
	}
}

long
templates_render(const struct templates *t, struct span page, const struct template_var *vars, size_t n, char *out, size_t size)
{
	struct page		 p = { .t = t, .vars = vars, .n_vars = n, .out = out, .size = size };
	const struct file	*f = file_find(t, page);

	if (f == NULL)
		return ERR_NOT_FOUND;
	render(&p, f);
	return p.n > size ? ERR_TOO_LARGE : (long)p.n;
}
