/* links: db keeper sipd */
/*
 * What a front that was taken over may send the registrar: any bytes as a REGISTER.  They go to the registrar, as they are and as from a
 * known user of ours, and to the decision alone, as if the password had been right.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "core/log.h"
#include "sipd/keeper/digest.h"
#include "sipd/keeper/events.h"
#include "sipd/keeper/keeper.h"
#include "sipd/keeper/names.h"
#include "sipd/keeper/register.h"
#include "sipd/keeper/registrar.h"

int	LLVMFuzzerInitialize(int *, char ***);
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct keeper		*k;
static struct register_set	 set;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char		 dir[] = "/tmp/registrar-fuzz-XXXXXX", file[64], why[256];
	struct account	 a;
	struct txn	*txn;

	(void)argc;
	(void)argv;
	k = calloc(1, sizeof *k);
	log_init("fuzz", LOG_L_ERR);
	if (k == NULL || sodium_init() < 0 || mkdtemp(dir) == NULL)
		abort();
	(void)snprintf(file, sizeof file, "%s/master.key", dir);
	if (seal_open(&k->db.seal, file, true, why, sizeof why) != 0 || store_open_memory(&k->db.store) != 0)
		abort();
	(void)unlink(file);
	(void)rmdir(dir);
	clock_init(&k->clock);
	strcpy(k->conf.domains[0], "wirechief.test");
	k->conf.n_domains = 1;
	k->conf.reg.min_expires = 60;
	k->conf.reg.default_expires = 3600;
	k->conf.reg.max_expires = 7200;
	k->conf.auth.algorithms = AUTH_MD5 | AUTH_SHA256;
	k->conf.auth.nonce_life = 300;
	k->conf.limits.auth_failures = 10;
	k->conf.limits.auth_window = 60;
	k->names = names_new(k);
	k->events = events_new(k);
	k->registrar = registrar_new(k);
	account_defaults(&a);
	a.id = 1;
	strcpy(a.username, "a");
	strcpy(a.password, "password");
	digest_set_password(&a, "wirechief.test");
	txn = txn_new(k->db.store);
	table_put(txn, &k->db, &account_kind, &a);
	return store_commit(txn, NULL, NULL);
}

/* The decision by itself, over what the ones before left. */
static void
decide(const struct register_ask *ask)
{
	const struct register_limits	limits = { .now = keeper_now(k), .account_id = 1, .node = "a", .min_expires = 60,
		.default_expires = 3600, .max_expires = 7200, .max_contacts = 5, .replace = true };
	struct register_result		result;
	static uint8_t			out[WIRE_MAX];
	uint32_t			n = 0;

	register_next(&set, ask, &limits, &result);
	if (result.code == 200 && register_contacts(&set, limits.now, out, sizeof out) < 0)
		abort();
	if (result.code == 0)
		abort();
	if (result.code != 200) {
		set.n = 0;
		return;
	}
	for (uint32_t i = 0; i < set.n; i++)
		if (!register_act_removes(set.rows[i].act))
			set.rows[n++] = set.rows[i];
	if (n > limits.max_contacts)
		abort();
	set.n = n;
}

static void
no_frame(void *arg, const struct frame *f)
{
	(void)arg;
	(void)f;
}

static void
no_end(void *arg, int rc)
{
	(void)arg;
	(void)rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct frame	frame = { .type = WIRE_REGISTER, .payload = data, .n = n };
	struct register_ask	ask;
	struct channel		*ch;
	int			fds[2];

	if (frame_decode(&frame, &ask) != 0)
		return 0;
	decide(&ask);
	if (pipe(fds) != 0 || (ch = channel_new(fds[1], no_frame, no_end, NULL)) == NULL)
		abort();
	registrar_ask(k->registrar, ch, 1, &ask);
	ask.aor_sip = ask.authorized = true;
	ask.aor_user = ask.username = span_of("a");
	ask.host = ask.aor_host = ask.realm = span_of("wirechief.test");
	registrar_ask(k->registrar, ch, 2, &ask);
	registrar_channel_gone(k->registrar, ch);
	(void)store_sync(k->db.store);
	channel_free(ch);
	close(fds[0]);
	return 0;
}
