#include "sipd/keeper/reply.h"

#include <string.h>

#include "core/err.h"
#include "core/kinds.h"
#include "core/text.h"
#include "sipd/keeper/accounts.h"
#include "sipd/keeper/json.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/near.h"
#include "sipd/keeper/request.h"

json_t *
reply_record(struct request *r, const struct kind *k, const void *record, uint64_t version)
{
	struct refs	refs = keeper_refs(r->keeper);

	return json_pack("{s:o, s:I}", "ok", json_of_record(k, record, &refs), "version", (json_int_t)version);
}

json_t *
reply_deleted(int registrations, uint64_t messages)
{
	return json_pack("{s:{s:i, s:I}}", "ok", "registrations", registrations, "messages", (json_int_t)messages);
}

json_t *
reply_conflict(struct request *r, const struct edit *e, const void *now)
{
	struct refs	 refs = keeper_refs(r->keeper);
	json_t		*o = json_object();

	for (size_t i = 0; i < e->n; i++) {
		const struct edit_item	*item = &e->items[i];
		char			 text[FIELD_TEXT];
		size_t			 n;

		if (!item->conflict)
			continue;
		n = field_text(item->field, now, &refs, text, sizeof text);
		(void)json_object_set_new(o, item->field->name,
		    json_pack("{s:o, s:o}", "now", json_of_text(text, n),
		    "yours", json_of_text(item->text, strlen(item->text))));
	}
	return o;
}

void
reply_not_found(struct request *r, const char *kind, const char *name)
{
	char	safe[128], hint[200];

	if (name == NULL) {
		request_refuse(r, ERR_USAGE, NULL, "the request needs \"name\"");
		return;
	}
	(void)text_safe(name, strlen(name), safe, sizeof safe, false);
	request_refuse(r, ERR_NOT_FOUND, NULL, "%s %s: not found%s", kind, safe,
	    near_hint(r->keeper, kind_named(kind), name, hint, sizeof hint));
}

bool
reply_account(struct request *r, const char *name, struct account *a)
{
	if (name != NULL && accounts_find(r->keeper, name, a) == 0)
		return true;
	reply_not_found(r, "account", name);
	return false;
}
