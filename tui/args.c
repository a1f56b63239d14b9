#include "tui/args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/kinds.h"
#include "core/nearest.h"
#include "tui/ask.h"
#include "tui/cli.h"
#include "tui/complain.h"
#include "tui/usage.h"

enum { PASSWORD_TEXT = 256 };

static int
set_text(json_t *object, const char *name, const char *value)
{
	json_t	*v = json_string(value);

	if (v == NULL)
		return complain(EXIT_USAGE, "%s is not valid UTF-8", name);
	return json_object_set_new(object, name, v);
}

static int
set_limit(json_t *request, const char *text)
{
	char	*end;
	long	 n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (end == text || *end != '\0' || n < 0 || errno != 0)
		return complain(EXIT_USAGE, "--limit takes a number such as 20 (0: all), not '%s'", text);
	return json_object_set_new(request, "limit", json_integer(n));
}

static const char *const	list_options[] = { "--query", "--sort", "--limit", "--reverse", "--group" };
enum { LIST_OPTIONS = sizeof list_options / sizeof list_options[0] };

static bool
has_option(const struct command *c, const char *option)
{
	if (c->args == ARGS_EXPORT)
		return strcmp(option, "--query") == 0;
	return strcmp(option, "--group") != 0 || command_has_group(c);
}

/* The option that a word is, or begins with "=" behind it: then value is what follows. */
static const char *
option_of(const struct command *c, const char *word, const char **value)
{
	for (size_t i = 0; i < LIST_OPTIONS; i++) {
		size_t	n = strlen(list_options[i]);

		if (strncmp(word, list_options[i], n) != 0 || !has_option(c, list_options[i]))
			continue;
		*value = word[n] == '=' ? word + n + 1 : NULL;
		if (word[n] == '\0' || word[n] == '=')
			return list_options[i];
	}
	return NULL;
}

static int
unknown_option(const struct command *c, const char *word)
{
	struct nearest	n;

	if (word[0] != '-')
		return usage_error(c, "'%s' is not expected here: a list takes options only, such as --query '%s'", word, word);
	nearest_begin(&n, word);
	for (size_t i = 0; i < LIST_OPTIONS; i++)
		if (has_option(c, list_options[i]))
			nearest_try(&n, list_options[i]);
	if (n.best[0] != '\0')
		return usage_error(c, "no option '%s' here; did you mean '%s'?", word, n.best);
	return usage_error(c, "no option '%s' here", word);
}

static int
take_list(const struct command *c, int argc, char **argv, struct args *a)
{
	for (int i = 0; i < argc; i++) {
		const char	*value = NULL, *option = option_of(c, argv[i], &value);
		int		 rc;

		if (option == NULL)
			return unknown_option(c, argv[i]);
		if (strcmp(option, "--reverse") == 0) {
			if (value != NULL)
				return usage_error(c, "--reverse takes no value");
			(void)json_object_set_new(a->request, "reverse", json_true());
			continue;
		}
		if (value == NULL && i + 1 == argc)
			return usage_error(c, "%s needs a value behind it", option);
		if (value == NULL)
			value = argv[++i];
		rc = strcmp(option, "--limit") == 0 ? set_limit(a->request, value) : set_text(a->request, option + strlen("--"), value);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* In the order of the names, so that two exports can be compared. */
static int
take_export(const struct command *c, int argc, char **argv, struct args *a)
{
	(void)json_object_set_new(a->request, "sort", json_string("username"));
	return take_list(c, argc, argv, a);
}

/* What stands after password=. */
static int
set_password(json_t *set, const struct field *f, const char *value)
{
	bool		 made = f->flags & FF_VIRTUAL;	/* one that is stored is somebody else's, and not made here */
	const char	*name = f->name;
	char		 password[PASSWORD_TEXT], why[128];
	int		 rc;

	if ((made && strcmp(value, "random") == 0) || value[0] == '\0')
		return set_text(set, name, value);
	if (strcmp(value, "-") != 0)
		return complain(EXIT_USAGE, "a %s is never an argument: use %s=-%s", name, name, made ? " or password=random" : "");
	if (ask_password(password, sizeof password, why, sizeof why) != 0)
		return complain(EXIT_REFUSED, "%s%s", why, made ? ", or let password=random make one" : "");
	rc = set_text(set, name, password);
	explicit_bzero(password, sizeof password);
	return rc;
}

static int
set_field(const struct command *c, json_t *set, const char *word)
{
	const char		*value = strchr(word, '=');
	const struct field	*f;
	char			 name[64], hint[400];

	if (value == NULL || (size_t)(value - word) >= sizeof name)
		return usage_error(c, "'%s' is not FIELD=VALUE", word);
	memcpy(name, word, (size_t)(value - word));
	name[value++ - word] = '\0';
	f = kind_field(kind_named(c->kind), name);
	if (f == NULL || (f->flags & FF_HIDDEN))
		return complain(EXIT_USAGE, "no field '%s' of %s%s", name, c->kind,
		    nearest_field(kind_named(c->kind), name, 0, FF_HIDDEN | FF_SERVER, hint, sizeof hint));
	if (json_object_get(set, name) != NULL)
		return complain(EXIT_USAGE, "%s is set twice", name);
	return f->flags & FF_SECRET ? set_password(set, f, value) : set_text(set, name, value);
}

static int
take_set(const struct command *c, int argc, char **argv, struct args *a)
{
	json_t	*set = json_object();
	int	 first = argc > 0 && strchr(argv[0], '=') == NULL ? 1 : 0, rc;

	(void)json_object_set_new(a->request, "set", set);
	if (strcmp(c->verb, "add") == 0 && argc == 0)
		return usage_error(c, "which %s?", c->noun);
	if (strcmp(c->verb, "add") != 0 && first == 0)
		return usage_error(c, argc == 0 ? "which %s?" : "which %s? Its name comes first", c->noun);
	if (strcmp(c->verb, "add") != 0 && argc < 2)
		return usage_error(c, "what of %s is to be set?", argv[0]);
	rc = set_text(a->request, "name", first == 1 ? argv[0] : "");
	for (int i = first; rc == 0 && i < argc; i++)
		rc = set_field(c, set, argv[i]);
	return rc;
}

/* A saved one by its name, fields over its own, or fields alone. */
static int
take_test(const struct command *c, int argc, char **argv, struct args *a)
{
	json_t	*set = json_object();
	int	 first = argc > 0 && strchr(argv[0], '=') == NULL ? 1 : 0, rc = 0;

	(void)json_object_set_new(a->request, "set", set);
	if (argc == 0)
		return usage_error(c, "which %s?", c->noun);
	if (first == 1)
		rc = set_text(a->request, "name", argv[0]);
	for (int i = first; rc == 0 && i < argc; i++)
		rc = set_field(c, set, argv[i]);
	return rc;
}

static int
too_much(const struct command *c, const char *word)
{
	return usage_error(c, "'%s' is one word too many", word);
}

/* One word, and for some commands a second one. */
static int
take_words(const struct command *c, int argc, char **argv, struct args *a)
{
	static const char *const	names[][2] = {
		[ARGS_NAME] = { "name", NULL }, [ARGS_ACCOUNT] = { "name", NULL },
		[ARGS_DROP] = { "name", "contact" }, [ARGS_WORD] = { "word", NULL },
		[ARGS_IMPORT] = { "file", NULL }, [ARGS_RENDER] = { "name", "username" },
	};
	const char *const		*name = names[c->args];
	int				 rc;

	if (argc < 1)
		return usage_error(c, c->args == ARGS_WORD ? "which subsystem?" : c->args == ARGS_IMPORT ? "which file?" : "which %s?",
		    c->args == ARGS_DROP || c->args == ARGS_ACCOUNT ? "account" : c->noun);
	if (argc > 2 || (argc == 2 && name[1] == NULL))
		return too_much(c, argv[name[1] == NULL ? 1 : 2]);
	if (argc < 2 && c->args == ARGS_RENDER)
		return usage_error(c, "for which account?");
	rc = set_text(a->request, name[0], argv[0]);
	return rc == 0 && argc == 2 ? set_text(a->request, name[1], argv[1]) : rc;
}

static int
take_delete(const struct command *c, int argc, char **argv, struct args *a)
{
	const char	*name = NULL;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--yes") == 0)
			a->yes = true;
		else if (strncmp(argv[i], "--", 2) == 0)
			return usage_error(c, "no option '%s' here; did you mean '--yes'?", argv[i]);
		else if (name == NULL)
			name = argv[i];
		else
			return too_much(c, argv[i]);
	}
	return name == NULL ? usage_error(c, "which %s?", c->noun) : set_text(a->request, "name", name);
}

/* FILE, and words that begin with "--": "-" is standard input or output. */
static int
take_file(const struct command *c, int argc, char **argv, struct args *a)
{
	const char	*file = NULL;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--yes") == 0)
			a->yes = true;
		else if (c->args == ARGS_RESTORE && strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			a->config = argv[++i];
		else if (strncmp(argv[i], "--", 2) == 0)
			return usage_error(c, "no option '%s' here, or nothing behind it", argv[i]);
		else if (file == NULL)
			file = argv[i];
		else
			return too_much(c, argv[i]);
	}
	a->file = file;
	return file == NULL ? usage_error(c, "which file?") : 0;
}

static int
take_retry(const struct command *c, int argc, char **argv, struct args *a)
{
	if (argc == 1 && strcmp(argv[0], "--all") == 0)
		return json_object_set_new(a->request, "all", json_true());
	if (argc == 2 && strcmp(argv[0], "--to") == 0)
		return set_text(a->request, "to", argv[1]);
	if (argc == 0)
		return usage_error(c, "which message? Its Id, or --all, or --to USERNAME");
	if (argv[0][0] == '-')
		return usage_error(c, "'%s' is not --all or --to USERNAME", argv[0]);
	return argc > 1 ? too_much(c, argv[1]) : set_text(a->request, "name", argv[0]);
}

static int
take_link(const struct command *c, int argc, char **argv, struct args *a)
{
	const char	*name = NULL;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--qr") == 0)
			a->qr = true;
		else if (strncmp(argv[i], "--", 2) == 0)
			return usage_error(c, "no option '%s' here; did you mean '--qr'?", argv[i]);
		else if (name == NULL)
			name = argv[i];
		else
			return too_much(c, argv[i]);
	}
	return name == NULL ? usage_error(c, "which account?") : set_text(a->request, "name", name);
}

int
args_take(const struct command *c, int argc, char **argv, struct args *a)
{
	switch (c->args) {
	case ARGS_NONE:
		return argc == 0 ? 0 : too_much(c, argv[0]);
	case ARGS_EXPORT:
		return take_export(c, argc, argv, a);
	case ARGS_LIST:
		return take_list(c, argc, argv, a);
	case ARGS_SET:
		return take_set(c, argc, argv, a);
	case ARGS_TEST:
		return take_test(c, argc, argv, a);
	case ARGS_DELETE:
	case ARGS_REMOVE:
		return take_delete(c, argc, argv, a);
	case ARGS_RETRY:
		return take_retry(c, argc, argv, a);
	case ARGS_BACKUP:
	case ARGS_RESTORE:
		return take_file(c, argc, argv, a);
	case ARGS_LINK:
		return take_link(c, argc, argv, a);
	case ARGS_NAME:
	case ARGS_ACCOUNT:
	case ARGS_DROP:
	case ARGS_WORD:
	case ARGS_IMPORT:
	case ARGS_RENDER:
		return take_words(c, argc, argv, a);
	}
	return EXIT_USAGE;
}
