/*
 * Windows on lists that stay up to date: "view", "view find", "view close" (wirechief-protocol(7)).
 */
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/group.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/request.h"
#include "sipd/keeper/view.h"

/* "must be account, group, …": those that there are. */
static int
kind_fault(struct fault *fault)
{
	char	names[200];
	size_t	at = 0;

	for (size_t i = 0; i < n_sources && at < sizeof names; i++)
		at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", i == 0 ? "" : i + 1 == n_sources ? " or " : ", ",
		    sources[i].kind->name);
	return fault_set(fault, ERR_INVALID, "kind", "must be %s", names);
}

/*
 * Each argument that is there replaces what the view (or the default) has.  0, or a fault.  A filter that it parses is returned in
 * *fresh, to be cleared.
 */
static int
spec_order(const struct request *r, struct view_spec *spec, struct filter *fresh, struct fault *fault)
{
	const char	*kind = request_text(r, "kind"), *sort = request_text(r, "sort"),
	    *filter = request_text(r, "filter");

	if (kind != NULL && (spec->sorted.source == NULL || strcmp(spec->sorted.source->kind->name, kind) != 0)) {
		memset(&spec->sorted, 0, sizeof spec->sorted);
		spec->sorted.source = source_named(kind);
	}
	if (spec->sorted.source == NULL)
		return kind_fault(fault);
	if (sort == NULL && spec->sorted.sort == NULL)
		sort = spec->sorted.source->kind->sort;
	if (sort != NULL)
		spec->sorted.sort = kind_field(spec->sorted.source->kind, sort);
	if (spec->sorted.sort == NULL || (spec->sorted.sort->flags & (FF_HIDDEN | FF_SECRET)))
		return fault_set(fault, ERR_INVALID, "sort", "no such field of %s", spec->sorted.source->kind->name);
	if (filter == NULL)
		return 0;
	if (filter_parse(fresh, spec->sorted.source->kind, filter, "filter", fault) != 0)
		return fault->code;
	spec->sorted.filter = *fresh;
	return 0;
}

static int
spec_group(const struct request *r, struct view_spec *spec, struct fault *fault)
{
	const char	*name = request_text(r, "group");
	struct group	 g;

	if (name == NULL)
		return 0;
	if (name[0] != '\0' && groups_find(r->keeper, name, &g) != 0)
		return fault_set(fault, ERR_NOT_FOUND, "group", "no group %s", name);
	spec->sorted.group_id = name[0] == '\0' ? 0 : g.id;
	return 0;
}

static void
spec_window(const struct request *r, struct view_spec *spec)
{
	json_int_t	first = request_number(r, "first", spec->follow ? -1 : (json_int_t)spec->first);
	json_int_t	count = request_number(r, "count", (json_int_t)spec->count);

	if (json_object_get(r->args, "reverse") != NULL)
		spec->reverse = request_flag(r, "reverse");
	spec->follow = first < 0;
	spec->first = first < 0 ? 0 : (size_t)first;
	spec->count = count < 1 ? 1 : count > VIEW_COUNT_MAX ? VIEW_COUNT_MAX : (size_t)count;
}

/* Opens or changes it.  NULL after a refusal. */
static struct view *
view_made(struct request *r, struct view *v, const struct view_spec *spec)
{
	if (v == NULL && (v = view_open(r->peer, spec)) == NULL) {
		request_refuse(r, ERR_BUSY, NULL, "at most %d views", PEER_VIEWS_MAX);
		return NULL;
	}
	if (view_change(v, spec) != 0) {
		view_close(v);
		request_refuse(r, ERR_BUSY, NULL, "out of memory");
		return NULL;
	}
	return v;
}

static void
view_run(struct request *r)
{
	json_int_t		 of = request_number(r, "of", 0);
	const char		*at = request_text(r, "at");
	struct view		*v = of == 0 ? NULL : view_find(r->peer, of);
	struct view_spec	 spec = { .count = VIEW_COUNT_MAX };
	struct filter		 fresh = { 0 };
	struct fault		 fault;
	uint8_t			 key[ROW_KEY_MAX];
	size_t			 position = SIZE_MAX;
	char			 note[700];
	json_t			*reply;

	if (of != 0 && v == NULL) {
		request_refuse(r, ERR_NOT_FOUND, "of", "no such view");
		return;
	}
	if (v != NULL)
		spec = v->spec;
	if (spec_order(r, &spec, &fresh, &fault) != 0 || spec_group(r, &spec, &fault) != 0) {
		filter_clear(&fresh);
		request_fault(r, &fault, NULL);
		return;
	}
	spec_window(r, &spec);
	v = view_made(r, v, &spec);
	filter_clear(&fresh);
	if (v == NULL)
		return;
	if (at != NULL && row_of_id(spec.sorted.source, at, key) == 0 && (position = view_position(v, key)) != SIZE_MAX)
		view_show(v, position);
	reply = view_whole(v);
	if (filter_note(&v->spec.sorted.filter, note, sizeof note)[0] != '\0')
		(void)json_object_set_new(reply, "note", json_string(note));
	if (at != NULL)
		(void)json_object_set_new(reply, "position",
		    json_integer(position == SIZE_MAX ? -1 : (json_int_t)position));
	request_answer(r, reply);
}

static void
view_find_run(struct request *r)
{
	struct view		*v = view_find(r->peer, request_number(r, "of", 0));
	const char		*text = request_text(r, "text");
	uint8_t			 key[1][ROW_KEY_MAX];
	size_t			 n, at;
	char			 id[ROW_ID_TEXT];

	if (v == NULL || text == NULL) {
		request_refuse(r, v == NULL ? ERR_NOT_FOUND : ERR_USAGE, NULL,
		    v == NULL ? "no such view" : "\"text\" is missing");
		return;
	}
	n = sorted_count(v->set->sorted);
	at = sorted_seek(v->set->sorted, text, v->spec.reverse);
	at = v->spec.reverse ? at - 1 : at;	/* the one before what is past it; SIZE_MAX where there is none */
	if (at >= n || sorted_rows(v->set->sorted, at, 1, false, key) == 0) {
		request_ok(r, json_pack("{s:i, s:n}", "position", -1, "row"));
		return;
	}
	request_ok(r, json_pack("{s:I, s:s}", "position", (json_int_t)(v->spec.reverse ? n - 1 - at : at), "row",
	    row_id(v->set->spec.source, key[0], id)));
}

static void
view_close_run(struct request *r)
{
	struct view	*v = view_find(r->peer, request_number(r, "of", 0));

	if (v == NULL) {
		request_refuse(r, ERR_NOT_FOUND, "of", "no such view");
		return;
	}
	view_close(v);
	request_ok(r, NULL);
}

const struct handler	view_handlers[] = {
	{ "view", view_run },
	{ "view find", view_find_run },
	{ "view close", view_close_run },
	{ NULL, NULL },
};
