/*
 * A hash table over an array that is filled from its start, so that memory is taken as it is needed; when it is full, a hand goes round and
 * the oldest gives its place.  The array is kept out of core dumps and, as far as the limit allows, out of swap, for the secrets in it.
 * Hashes are keyed and of 128 bits: nobody can make two names or two requests fall together.
 */
#include "sipd/keeper/recent.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/err.h"
#include "core/log.h"

enum { BUCKETS = 1 << 17 };

struct recents {
	uint8_t		 key[crypto_shorthash_siphashx24_KEYBYTES];
	struct recent	*all;			/* [RECENTS_MAX]; place 0 is nobody's, its number stands for "none" */
	uint32_t	*buckets;		/* number of the first */
	uint32_t	 used, hand;		/* how many places ever held one; the one to give up next */
};

static const size_t	all_bytes = sizeof(struct recent) * RECENTS_MAX;

struct recents *
recents_new(void)
{
	struct recents	*r = calloc(1, sizeof *r);

	if (r == NULL || (r->buckets = calloc(BUCKETS, sizeof r->buckets[0])) == NULL ||
	    (r->all = mmap(NULL, all_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) == MAP_FAILED) {
		if (r != NULL)
			free(r->buckets);
		free(r);
		return NULL;
	}
	(void)madvise(r->all, all_bytes, MADV_DONTDUMP);
	if (mlock2(r->all, all_bytes, MLOCK_ONFAULT) != 0)
		log_info("keeper: what is known of accounts may be swapped out: %zu MB can't be locked (LimitMEMLOCK, ulimit -l): %s",
		    all_bytes >> 20, err_text(-errno));
	randombytes_buf(r->key, sizeof r->key);
	r->used = r->hand = 1;
	return r;
}

void
recents_free(struct recents *r)
{
	if (r == NULL)
		return;
	recents_clear(r);
	(void)munmap(r->all, all_bytes);
	free(r->buckets);
	free(r);
}

void
recents_clear(struct recents *r)
{
	/* Given back, anonymous pages read as zero: quicker than to wipe them. */
	(void)munlock(r->all, all_bytes);
	if (madvise(r->all, all_bytes, MADV_DONTNEED) != 0)
		sodium_memzero(r->all, sizeof r->all[0] * r->used);
	(void)mlock2(r->all, all_bytes, MLOCK_ONFAULT);
	memset(r->buckets, 0, BUCKETS * sizeof r->buckets[0]);
	r->used = r->hand = 1;
}

static void
hash_of(const struct recents *r, const void *p, size_t n, uint8_t out[RECENT_ID])
{
	(void)crypto_shorthash_siphashx24(out, p, n, r->key);
}

/* The number that leads to the one with that name, or the one that could. */
static uint32_t *
place(struct recents *r, const uint8_t name[RECENT_ID])
{
	uint32_t	bits, *i;

	memcpy(&bits, name, sizeof bits);
	for (i = &r->buckets[bits % BUCKETS]; *i != 0; i = &r->all[*i].next)
		if (memcmp(r->all[*i].name, name, RECENT_ID) == 0)
			break;
	return i;
}

struct recent *
recent_find(struct recents *r, struct span username)
{
	uint8_t		name[RECENT_ID];
	uint32_t	i;

	hash_of(r, username.s, username.n, name);
	i = *place(r, name);
	return i == 0 ? NULL : &r->all[i];
}

/* Takes one out of its bucket and wipes it. */
static void
forget(struct recents *r, const uint8_t name[RECENT_ID])
{
	uint32_t	*i = place(r, name), found = *i;

	if (found == 0)
		return;
	*i = r->all[found].next;
	sodium_memzero(&r->all[found], sizeof r->all[found]);
}

void
recent_forget(struct recents *r, const char *username)
{
	uint8_t	name[RECENT_ID];

	hash_of(r, username, strlen(username), name);
	forget(r, name);
}

/* A place that is free, or made free. */
static uint32_t
take_place(struct recents *r)
{
	uint32_t	i;
	uint8_t		name[RECENT_ID];

	if (r->used < RECENTS_MAX)
		return r->used++;
	i = r->hand;
	r->hand = r->hand + 1 < RECENTS_MAX ? r->hand + 1 : 1;
	if (r->all[i].account_id != 0) {
		memcpy(name, r->all[i].name, sizeof name);
		forget(r, name);
	}
	return i;
}

static size_t
append(uint8_t *buf, size_t at, const void *p, size_t n)
{
	if (n > 0)
		memcpy(buf + at, p, n);
	return at + n;
}

static size_t
append_span(uint8_t *buf, size_t at, struct span s)
{
	uint16_t	n = (uint16_t)s.n;

	return append(buf, append(buf, at, &n, sizeof n), s.s, s.n);
}

/* False: it is longer than a binding can be. */
static bool
print_of(const struct recents *r, const struct register_ask *ask, uint8_t out[RECENT_ID])
{
	uint8_t		buf[3072];
	uint8_t		flags = (uint8_t)(ask->supports_path | ask->supports_outbound << 1 | ask->via_one_hop << 2);
	uint32_t	expires = ask->expires;
	size_t		n = 0;

	if (ask->contacts.n + ask->path.n + ask->call_id.n + ask->user_agent.n + 64 > sizeof buf)
		return false;
	n = append(buf, n, &ask->source.family, sizeof ask->source.family);
	n = append(buf, n, &ask->source.port, sizeof ask->source.port);
	n = append(buf, n, ask->source.ip, sizeof ask->source.ip);
	n = append(buf, n, &ask->local.port, sizeof ask->local.port);
	n = append(buf, n, ask->local.ip, sizeof ask->local.ip);
	n = append(buf, n, &ask->transport, sizeof ask->transport);
	n = append(buf, n, &ask->flow, sizeof ask->flow);
	n = append(buf, n, &flags, sizeof flags);
	n = append(buf, n, &expires, sizeof expires);
	n = append_span(buf, n, ask->contacts);
	n = append_span(buf, n, ask->path);
	n = append_span(buf, n, ask->call_id);
	n = append_span(buf, n, ask->user_agent);
	hash_of(r, buf, n, out);
	return true;
}

bool
recent_repeats(const struct recents *r, const struct recent *recent, const struct register_ask *ask)
{
	uint8_t	print[RECENT_ID];

	return recent->only && ask->n_contacts == 1 && print_of(r, ask, print) && memcmp(print, recent->print, RECENT_ID) == 0;
}

struct recent *
recent_keep(struct recents *r, const struct account *a)
{
	struct recent	one = { .account_id = a->id, .group_id = a->group_id, .max_contacts = a->max_contacts };
	uint32_t	i;

	hash_of(r, a->username, strlen(a->username), one.name);
	digest_secret_of(&one.secret, a);
	if ((i = *place(r, one.name)) == 0) {
		i = take_place(r);
		*place(r, one.name) = i;
	}
	one.next = r->all[i].next;
	r->all[i] = one;
	sodium_memzero(&one.secret, sizeof one.secret);
	return &r->all[i];
}

void
recent_set_only(struct recents *r, struct recent *recent, const struct binding *b, const struct register_ask *ask)
{
	recent->only = print_of(r, ask, recent->print);
	memcpy(recent->hash, b->hash, BINDING_KEY);
	recent->registered_at = b->registered_at;
	recent->expires_at = b->expires_at;
	recent->expires = (uint32_t)((b->expires_at - b->refreshed_at + 500) / 1000);
	recent->cseq = b->cseq;
	recent->outbound = b->reg_id != 0;
}

void
recent_clear_only(struct recents *r, const char *username)
{
	struct recent	*recent = recent_find(r, span_of(username));

	if (recent != NULL)
		recent->only = false;
}
