#include "sipd/keeper/list.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/nearest.h"
#include "sipd/keeper/control.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/near.h"
#include "sipd/keeper/peer.h"
#include "sipd/keeper/request.h"
#include "sipd/keeper/sorted.h"

enum { LIST_STEP = 16 };

struct list {
	struct request		*request;
	struct sorted_spec	 spec;
	struct sorted		*sorted;
	bool			 reverse;
	size_t			 limit;
	size_t			 at;		/* rows looked at so far */
	uint8_t			 keys[LIST_STEP][ROW_KEY_MAX];	/* of those to come */
	size_t			 n_keys, next_key;
	size_t			 told;
	struct job		 job;
};

static void
list_free(struct list *l)
{
	job_stop(l->request->control->jobs, &l->job);
	sorted_free(l->sorted, l->request->control->jobs);
	filter_clear(&l->spec.filter);
	free(l);
}

static void
list_on_gone(struct request *r)
{
	list_free(r->state);
	r->state = NULL;
}

static void
list_on_drained(struct request *r)
{
	struct list	*l = r->state;

	job_start(r->control->jobs, &l->job);
}

/* Whether there is another row. */
static bool
list_has_row(struct list *l)
{
	if (l->next_key < l->n_keys)
		return true;
	l->n_keys = sorted_rows(l->sorted, l->at, LIST_STEP, l->reverse, l->keys);
	l->next_key = 0;
	return l->n_keys > 0;
}

static void
list_row(struct list *l)
{
	struct request		*r = l->request;
	struct row		 row;

	l->at++;
	if (source_peek(r->keeper, l->spec.source, l->keys[l->next_key++], &row) != 0)
		return;		/* deleted since */
	request_send(r, json_pack("{s:o}", "row", source_listed(r->keeper, l->spec.source, &row)));
	l->told++;
}

static enum job_next
list_step(struct job *j, int64_t until_us)
{
	struct list	*l = (struct list *)(void *)((char *)j - offsetof(struct list, job));
	struct request	*r = l->request;
	char		 note[700];
	json_t		*ok;

	if (sorted_scan(l->sorted, until_us))
		return JOB_MORE;
	while (list_has_row(l)) {
		list_row(l);
		if (peer_unread(r->peer) >= PEER_UNREAD_PAUSE)
			return JOB_IDLE;	/* list_on_drained() goes on */
		if (job_is_late(until_us))
			return JOB_MORE;
	}
	ok = json_pack("{s:I}", "rows", (json_int_t)l->told);
	if (filter_note(&l->spec.filter, note, sizeof note)[0] != '\0')
		(void)json_object_set_new(ok, "note", json_string(note));
	list_free(l);
	r->on_gone = NULL;
	r->on_drained = NULL;
	request_ok(r, ok);
	return JOB_IDLE;
}

static int
list_spec(struct request *r, struct list *l, struct fault *fault)
{
	const char	*query = request_text(r, "query"), *sort = request_text(r, "sort"),
	    *group = request_text(r, "group");
	struct group	 g;
	char		 why[200], hint[400];

	l->spec.source = source_named(r->command->kind);
	l->spec.sort = kind_field(l->spec.source->kind, sort != NULL ? sort : l->spec.source->kind->sort);
	if (l->spec.sort == NULL || (l->spec.sort->flags & (FF_HIDDEN | FF_SECRET)))
		return fault_set(fault, ERR_INVALID, "sort", "no such field of %s%s", r->command->kind,
		    nearest_field(l->spec.source->kind, sort, 0, FF_HIDDEN | FF_SECRET, hint, sizeof hint));
	if (group != NULL && group[0] != '\0') {
		if (groups_find(r->keeper, group, &g) != 0)
			return fault_set(fault, ERR_NOT_FOUND, "group", "no group %s%s", group,
			    near_hint(r->keeper, &group_kind, group, why, sizeof why));
		l->spec.group_id = g.id;
	}
	return filter_parse(&l->spec.filter, l->spec.source->kind, query == NULL ? "" : query, "query", fault);
}

/* Of a log the newest are wanted, whichever way they are shown; of other lists those that come first. */
static bool
keeps_last(const struct list *l)
{
	const char	*natural = l->spec.source->natural;

	return natural != NULL && strcmp(natural, l->spec.sort->name) == 0 ? true : l->reverse;
}

void
list_run(struct request *r)
{
	json_int_t	 limit = request_number(r, "limit", 0);
	struct list	*l = calloc(1, sizeof *l);
	struct fault	 fault;

	if (l == NULL) {
		request_refuse(r, ERR_BUSY, NULL, "out of memory");
		return;
	}
	l->request = r;
	l->job.step = list_step;
	l->reverse = request_flag(r, "reverse");
	l->limit = limit > 0 ? (size_t)limit : 0;
	if (list_spec(r, l, &fault) != 0) {
		free(l);
		request_fault(r, &fault, NULL);
		return;
	}
	if ((l->sorted = sorted_new_kept(r->keeper, &l->spec, l->limit, keeps_last(l))) == NULL) {
		filter_clear(&l->spec.filter);
		free(l);
		request_refuse(r, ERR_BUSY, NULL, "out of memory");
		return;
	}
	r->state = l;
	r->on_gone = list_on_gone;
	r->on_drained = list_on_drained;
	job_start(r->control->jobs, &l->job);
}
