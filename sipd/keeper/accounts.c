#include "sipd/keeper/accounts.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/varint.h"
#include "sipd/keeper/digest.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/groups.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/licences.h"
#include "sipd/keeper/near.h"
#include "sipd/keeper/qualify.h"
#include "sipd/keeper/queue.h"
#include "sipd/keeper/registrar.h"
#include "sipd/keeper/sms.h"
#include "sipd/keeper/staged.h"
#include "sipd/keeper/tokens.h"

enum { USERNAME_TRIES = 16, USERNAME_LOWEST = 10000000, USERNAME_RANGE = 90000000 };

int
accounts_find(struct keeper *k, const char *username, struct account *a)
{
	memset(a, 0, sizeof *a);
	if (username[0] == '\0' || strlen(username) >= sizeof a->username)
		return ERR_NOT_FOUND;
	memcpy(a->username, username, strlen(username));
	return table_find(&k->db, &account_kind, TABLE_ACCOUNT_BY_USERNAME, a);
}

void
accounts_live(struct keeper *k, struct account *a)
{
	a->licence = (uint8_t)licences_state(k, a->id);
	sms_live(k, a);
	a->device_status = (uint8_t)qualify_best(k->qualify, a->id, &a->latency_ms);
}

static int
random_username(struct keeper *k, char *name, size_t size, struct fault *fault)
{
	struct account	other;

	for (int i = 0; i < USERNAME_TRIES; i++) {
		(void)snprintf(name, size, "%" PRIu32, USERNAME_LOWEST + randombytes_uniform(USERNAME_RANGE));
		if (accounts_find(k, name, &other) == ERR_NOT_FOUND && !staged_holds(&k->db, STAGED_USERNAME, name, NULL))
			return 0;
	}
	return fault_set(fault, ERR_BUSY, "username", "no free number found, choose a name");
}

bool
accounts_number_owner(struct keeper *k, const char *number, char *name, size_t size)
{
	struct account	a = { .id = 0 };
	int		rc;

	if (number[0] == '\0' || strlen(number) >= sizeof a.caller_id)
		return false;
	memcpy(a.caller_id, number, strlen(number));
	rc = table_find(&k->db, &account_kind, TABLE_ACCOUNT_BY_NUMBER, &a);	/* both numbers are in one index */
	if (rc == 0)
		(void)snprintf(name, size, "account %s", a.username);
	else
		(void)snprintf(name, size, "another account");
	return rc != ERR_NOT_FOUND;
}

static int
clash(struct keeper *k, const struct account *a, struct fault *fault)
{
	const struct field	*f = table_clash(&k->db, &account_kind, a);
	const char		*number;
	char			 whose[96];

	if (a->caller_id[0] != '\0' && strcmp(a->caller_id, a->caller_id_2) == 0)
		return fault_set(fault, ERR_EXISTS, "caller_id_2", "the same as caller_id");
	if (f == NULL)
		return 0;
	if (strcmp(f->name, "username") == 0)
		return fault_set(fault, ERR_EXISTS, f->name, "there is an account %s already: choose another name", a->username);
	number = strcmp(f->name, "caller_id") == 0 ? a->caller_id : a->caller_id_2;
	(void)accounts_number_owner(k, number, whose, sizeof whose);
	return fault_set(fault, ERR_EXISTS, f->name, "%s belongs to %s", number, whose);
}

/* What an import that is under way will give to its accounts can't be given to another. */
static int
being_imported(struct keeper *k, const struct account *a, struct fault *fault)
{
	const struct {
		const char	*field, *value;
		enum staged_of	 of;
	} names[] = {
		{ "username", a->username, STAGED_USERNAME }, { "caller_id", a->caller_id, STAGED_NUMBER },
		{ "caller_id_2", a->caller_id_2, STAGED_NUMBER },
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (staged_holds(&k->db, names[i].of, names[i].value, NULL))
			return fault_set(fault, ERR_EXISTS, names[i].field,
			    "%s is being imported: choose another, or wait until that is done", names[i].value);
	return 0;
}

static int
check(struct keeper *k, const struct account *a, struct fault *fault)
{
	const struct field	*f;
	char			 why[256];
	int			 rc;

	if (a->group_id == 0 && count_get(&k->db, "groups") == 0)
		return fault_set(fault, ERR_INVALID, "group", "there is no group yet: make one first (group add)");
	if (a->group_id == 0)
		return fault_set(fault, ERR_INVALID, "group", "may not be empty%s", near_some(k, &group_kind, why, sizeof why));
	if ((rc = record_check(&account_kind, a, &f, why, sizeof why)) != 0)
		return fault_set(fault, rc, f->name, "%s", why);
	return clash(k, a, fault);
}

int
accounts_take_password(struct keeper *k, struct account_change *c, struct fault *fault)
{
	struct account	*a = &c->account;

	if (a->password[0] == '\0')
		return 0;
	if (strcmp(a->password, "random") == 0) {
		digest_random_password(a->password, sizeof a->password);
		memcpy(c->password, a->password, sizeof c->password);
	} else if (strlen(a->password) < PASSWORD_MIN) {
		return fault_set(fault, ERR_INVALID, "password", "too short: at least %d characters", PASSWORD_MIN);
	}
	digest_set_password(a, k->conf.domains[0]);
	return 0;
}

const char *
accounts_status_counter(enum account_status status, char name[64])
{
	(void)snprintf(name, 64, "status/%u", (unsigned)status);
	return name;
}

/* Of those that are on the way: how many were only made, or are connected, follows from that. */
static void
count_status(struct keeper *k, struct txn *t, uint8_t status, int by)
{
	char	name[64];

	if (status != STATUS_CREATED && status != STATUS_CONNECTED)
		count_add(t, &k->db, accounts_status_counter((enum account_status)status, name), by);
}

static void
count(struct keeper *k, struct txn *t, const struct account *a, int by)
{
	char	name[64];

	count_add(t, &k->db, groups_counter(a->group_id, "accounts", name), by);
	if (a->enabled)
		count_add(t, &k->db, groups_counter(a->group_id, "enabled", name), by);
	else
		count_add(t, &k->db, "disabled", by);
	count_status(k, t, a->status, by);
}

int
accounts_complete(struct keeper *k, struct account_change *c, struct fault *fault)
{
	struct account	*a = &c->account;
	int		 rc;

	if (a->username[0] == '\0' && (rc = random_username(k, a->username, sizeof a->username, fault)) != 0)
		return rc;
	if ((rc = check(k, a, fault)) != 0 || (rc = being_imported(k, a, fault)) != 0 || (rc = accounts_take_password(k, c, fault)) != 0)
		return rc;
	if (a->creation == CREATION_WIZARD)
		a->enabled = false;	/* until it is activated */
	return 0;
}

/* "made in group Sales, owner "Bob"": of what was made, or is deleted. */
static void
tell_all(struct keeper *k, struct txn *t, const char *operator, const struct account *a, const char *what)
{
	const struct account	none = { .id = 0 };
	struct refs		refs = keeper_refs(k);
	struct account		usual;
	char			group[GROUP_NAME] = "", more[EDIT_WHAT];

	account_defaults(&usual);
	memcpy(usual.username, a->username, sizeof usual.username);
	usual.group_id = a->group_id;
	(void)refs.name_of(refs.ctx, "group", a->group_id, group, sizeof group);
	(void)edit_describe_new(&account_kind, &usual, a, &refs, more, sizeof more);
	events_add(k->events, t, EVENT_INFO, "admin", a->username, operator, "account %s: %s in group %s%s%s%s", a->username, what, group,
	    more[0] == '\0' ? "" : ", ", more, memcmp(a->ha1_md5, none.ha1_md5, sizeof none.ha1_md5) == 0 ? "" : ", password set");
}

void
accounts_write_new(struct keeper *k, struct txn *t, const char *operator, struct account *a)
{
	a->id = table_next_id(t, &k->db, "account");
	a->version = 1;
	a->status = STATUS_CREATED;
	a->created_at = a->updated_at = a->status_at = keeper_now(k);
	table_put(t, &k->db, &account_kind, a);
	count_add(t, &k->db, "accounts", 1);
	count(k, t, a, 1);
	tell_all(k, t, operator, a, "made");
}

int
accounts_add(struct keeper *k, struct txn *t, const char *operator, const char *username, const struct edit *e,
    struct account_change *c, struct fault *fault)
{
	struct refs	 refs = keeper_refs(k);
	struct account	*a = &c->account;
	char		 why[256];
	int		 rc;

	memset(c, 0, sizeof *c);
	account_defaults(a);
	if ((rc = field_set(kind_field(&account_kind, "username"), a, username, NULL, why, sizeof why)) != 0)
		return fault_set(fault, rc, "username", "%s", why);
	if ((rc = edit_apply(e, a, true, &refs, fault)) != 0)
		return rc;
	if ((rc = accounts_complete(k, c, fault)) != 0)
		return rc;
	accounts_write_new(k, t, operator, a);
	c->changed = true;
	return 0;
}

/* The messages that wait for an account are in its group's count. */
static void
count_waiting(struct keeper *k, struct txn *t, uint64_t account_id, uint64_t group_id, int by)
{
	char	name[64];
	int64_t	n = (int64_t)count_get(&k->db, queue_counter(account_id, name));

	if (n > 0)
		count_add(t, &k->db, groups_counter(group_id, "queue", name), by * n);
}

static void
count_move(struct keeper *k, struct txn *t, const struct account *before, const struct account *after)
{
	char	name[64];
	int	enabled = (int)after->enabled - (int)before->enabled;

	if (before->status != after->status) {
		count_status(k, t, before->status, -1);
		count_status(k, t, after->status, 1);
	}
	if (enabled != 0)
		count_add(t, &k->db, "disabled", -enabled);
	if (before->group_id == after->group_id) {
		if (enabled != 0)
			count_add(t, &k->db, groups_counter(after->group_id, "enabled", name), enabled);
		return;
	}
	count_add(t, &k->db, groups_counter(before->group_id, "accounts", name), -1);
	count_add(t, &k->db, groups_counter(after->group_id, "accounts", name), 1);
	if (before->enabled)
		count_add(t, &k->db, groups_counter(before->group_id, "enabled", name), -1);
	if (after->enabled)
		count_add(t, &k->db, groups_counter(after->group_id, "enabled", name), 1);
	if (accounts_bindings(k, after->id, NULL, NULL) > 0) {
		count_add(t, &k->db, groups_counter(before->group_id, "registered", name), -1);
		count_add(t, &k->db, groups_counter(after->group_id, "registered", name), 1);
	}
	count_waiting(k, t, after->id, before->group_id, -1);
	count_waiting(k, t, after->id, after->group_id, 1);
}

/* Who is disabled is not enabled again by a link that was made before. */
static void
put(struct keeper *k, struct txn *t, const struct account *before, struct account *a)
{
	a->version++;
	a->updated_at = keeper_now(k);
	table_put(t, &k->db, &account_kind, a);
	registrar_account_changed(k->registrar, a->username);
	count_move(k, t, before, a);
	if (before->enabled && !a->enabled)
		tokens_revoke(k, t, a->id);
}

void
accounts_write_change(struct keeper *k, struct txn *t, const char *operator, const struct account *before, struct account *a,
    const char *what)
{
	put(k, t, before, a);
	events_add(k->events, t, EVENT_INFO, "admin", a->username, operator, "account %s: %s", a->username, what);
}

bool
accounts_step(struct keeper *k, struct txn *t, const char *operator, struct account *a, enum activation_step step, const char *also)
{
	struct account	before = *a;
	bool		stepped = activation_next(step, keeper_now(k), a);

	if (stepped || also != NULL) {
		put(k, t, &before, a);
		events_add(k->events, t, EVENT_INFO, "activation", a->username, operator, "account %s: %s%s%s%s%s", a->username,
		    account_status_words[before.status], stepped ? " -> " : "", stepped ? account_status_words[a->status] : "",
		    a->enabled && !before.enabled ? ", enabled no -> yes" : "", also == NULL ? "" : also);
	}
	sodium_memzero(&before, sizeof before);
	return stepped || also != NULL;
}

int
accounts_set(struct keeper *k, struct txn *t, const char *operator, const struct account *before, struct edit *e,
    struct account_change *c, struct fault *fault)
{
	struct refs	 refs = keeper_refs(k);
	struct account	*a = &c->account;
	char		 what[EDIT_WHAT];
	int		 rc;

	memset(c, 0, sizeof *c);
	*a = *before;
	if ((rc = edit_conflicts(e, before, before->version, &refs, fault)) != 0 ||
	    (rc = edit_apply(e, a, false, &refs, fault)) != 0 || (rc = check(k, a, fault)) != 0)
		return rc;
	if (edit_describe(&account_kind, before, a, &refs, what, sizeof what) == 0)
		return 0;
	if ((rc = accounts_take_password(k, c, fault)) != 0)
		return rc;
	c->changed = true;
	accounts_write_change(k, t, operator, before, a, what);
	return 0;
}

int
accounts_delete(struct keeper *k, struct txn *t, const char *operator, const struct account *a, struct fault *fault)
{
	int	n = (int)accounts_bindings(k, a->id, NULL, NULL);

	if (t == NULL)
		return n;
	if (staged_holds(&k->db, STAGED_USERNAME, a->username, NULL))
		return fault_set(fault, ERR_BUSY, NULL, "account %s: is being imported: delete it when that is done", a->username);
	if ((n = registrar_drop(k->registrar, t, a, NULL, operator, "account deleted")) < 0)
		return fault_set(fault, n, NULL, "account %s: %s", a->username, err_text(n));
	table_delete(t, &k->db, &account_kind, a);
	(void)licences_delete(k, t, a->id);
	tokens_delete(k, t, a->id);
	sms_delete(k, t, a->id);
	count_add(t, &k->db, "accounts", -1);
	count(k, t, a, -1);
	count_waiting(k, t, a->id, a->group_id, -1);	/* they end by themselves, when there is no account any more */
	tell_all(k, t, operator, a, "deleted, was");
	return n;
}

int
accounts_find_called(struct keeper *k, struct span user, struct account *a)
{
	int	rc = ERR_NOT_FOUND;

	memset(a, 0, sizeof *a);
	if (span_get(user, a->username, sizeof a->username))
		rc = table_find(&k->db, &account_kind, TABLE_ACCOUNT_BY_USERNAME, a);
	if (rc != 0 && user.n < sizeof a->caller_id) {
		memset(a, 0, sizeof *a);
		(void)span_get(user, a->caller_id, sizeof a->caller_id);
		rc = table_find(&k->db, &account_kind, TABLE_ACCOUNT_BY_NUMBER, a);
	}
	sodium_memzero(a->ha1_md5, sizeof a->ha1_md5);
	sodium_memzero(a->ha1_sha256, sizeof a->ha1_sha256);
	return rc;
}

struct bindings_of {
	struct keeper		*keeper;
	accounts_binding_fn	 fn;
	void			*arg;
	size_t			 n;
};

static int
each_binding(void *arg, struct store_bytes key, struct store_bytes value)
{
	struct bindings_of	*of = arg;
	struct binding		 b;

	(void)key;
	of->n++;
	if (of->fn == NULL || record_decode(&binding_kind, &b, NULL, value.p, value.n) != 0)
		return 0;
	registrar_latest(of->keeper->registrar, &b);
	of->fn(of->arg, &b);
	return 0;
}

size_t
accounts_bindings(struct keeper *k, uint64_t account_id, accounts_binding_fn fn, void *arg)
{
	struct bindings_of	of = { .keeper = k, .fn = fn, .arg = arg };
	uint8_t			from[8], to[8];
	struct store_bytes	end = { to, sizeof to };

	be64_put(from, account_id);
	be64_put(to, account_id + 1);
	(void)store_range(k->db.store, TABLE_BINDING, (struct store_bytes){ from, sizeof from }, &end, false,
	    0, each_binding, &of);
	return of.n;
}
