/* links: web net sipd */
/*
 * pages_server CONFIGURATION PAGES: the web process with a keeper that shows each page with what a test wants to see on it, until its
 * standard input ends.  PAGES holds the templates as the supervisor sends them.  Prints where it listens.
 *
 *	/i/TOKEN	the install page; its button leads to another origin, https://localhost
 *	/a/TOKEN	the activation page: of Linphone, or with the token "other" of a client without a link; its button activates.
 *			"late": one that is activated already, and whose button, that of "first", leaves the settings to be fetched
 *	/c/NAME		the trouble of that name; "thanks": what the keeper says where all is well
 */
#include "tests/unit/web_rig.h"

#include <fcntl.h>

#include "core/web.h"

struct shown {
	struct rig	 r;
	uint8_t		 vars[4096];
	size_t		 n;
	struct web_answer a;
};

static void
add(struct shown *s, const char *name, const char *value)
{
	s->n = (size_t)web_var_append(s->vars, s->n, sizeof s->vars, &(struct web_var){ span_of(name), span_of(value) });
}

static void
show_install(struct shown *s, const struct web_ask *ask)
{
	static char	there[64];

	if (ask->post) {
		(void)snprintf(there, sizeof there, "https://localhost:%u/alive", s->r.port);
		s->a = (struct web_answer){ .code = 303, .location = span_of(there) };
		return;
	}
	s->a.page = span_of("install");
	add(s, "owner", "Anna <script>alert(1)</script> M\xc3\xbcller & \"Co\"");
	add(s, "action_url", "/i/t");
}

static void
show_activate(struct shown *s, const struct web_ask *ask)
{
	bool	late = span_is(ask->token, "late");

	s->a.page = span_of(ask->post ? "activated" : "activate");
	add(s, "owner", "Anna M\xc3\xbcller");
	if (ask->post && !late)
		return;
	add(s, "client", span_is(ask->token, "other") ? "baresip" : "Linphone");
	add(s, "config_url", "/c/t");
	if (!span_is(ask->token, "other"))
		add(s, "linphone_url", "linphone-config:https://localhost/c/t");
	if (!late)
		add(s, "action_url", span_is(ask->token, "first") ? "/a/late" : "/a/t");
}

static void
on_ask(struct rig *r, const struct frame *frame)
{
	struct shown	*s = (struct shown *)(void *)r;
	struct web_ask	 ask;

	assert_int_equal(frame_decode(frame, &ask), 0);
	s->a = (struct web_answer){ .code = 200 };
	s->n = 0;
	if (ask.what == WEB_INSTALL) {
		show_install(s, &ask);
	} else if (ask.what == WEB_ACTIVATE) {
		show_activate(s, &ask);
	} else {
		s->a = (struct web_answer){ .page = ask.token };
	}
	s->a.vars = (struct span){ .s = (const char *)s->vars, .n = s->n };
	(void)channel_send(r->keeper, WIRE_WEB_ANSWER, frame->id, &s->a);
	channel_flush(r->keeper);
}

static char *
text_of(const char *path)
{
	int	fd = open(path, O_RDONLY | O_CLOEXEC);
	char	*text = fd < 0 ? NULL : boot_text(fd, TEMPLATES_TEXT);

	if (text == NULL)
		perror(path);
	return text;
}

int
main(int argc, char **argv)
{
	static struct shown	s;
	struct authority	root = make_authority("root", NULL, 1);
	struct pem		pem;
	struct pollfd		in = { STDIN_FILENO, POLLIN, 0 };
	char			*conf = argc == 3 ? text_of(argv[1]) : NULL, *pages = argc == 3 ? text_of(argv[2]) : NULL;

	if (conf == NULL || pages == NULL)
		return 2;
	make_pem(&pem, "localhost", &root, 0, 7, 86400L * 90);
	rig_start(&s.r, conf, &(struct rig_files){ .pem = &pem, .pages = pages });
	s.r.on_other = on_ask;
	(void)printf("%s%s\n", s.r.ready, s.r.failed);
	(void)fflush(stdout);
	while (s.r.pid != 0 && poll(&in, 1, 0) == 0)
		rig_listen(&s.r, 50);
	rig_stop(&s.r);
	free(conf);
	free(pages);
	authority_free(&root);
	return 0;
}
