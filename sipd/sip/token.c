#include "sipd/sip/token.h"

#include <string.h>

#include <sodium.h>

#include "core/varint.h"

/* A letter, so that it is never taken for a number or a name; then base64url of transport, address, port, flow, account, trunk, sum. */
enum { MARK = 'w', IS_IP6 = 1, IS_SRTP = 2, IP6 = 16, SUM = 8, BYTES_MAX = 1 + IP6 + 2 + 3 * VARINT_MAX + SUM, CALL_ID_HASHED = 512 };
_Static_assert(1 + (BYTES_MAX * 4 + 2) / 3 + 1 <= TOKEN_TEXT, "a token fits");

static void
sum_make(const uint8_t key[TOKEN_KEY], const uint8_t *bytes, size_t n, struct span call_id, uint8_t sum[SUM])
{
	uint8_t	text[BYTES_MAX + CALL_ID_HASHED], whole[crypto_shorthash_siphashx24_BYTES];
	size_t	take = call_id.n < CALL_ID_HASHED ? call_id.n : CALL_ID_HASHED;

	memcpy(text, bytes, n);
	if (take > 0)
		memcpy(text + n, call_id.s, take);
	(void)crypto_shorthash_siphashx24(whole, text, n + take, key);
	memcpy(sum, whole, SUM);
}

void
token_make(const uint8_t key[TOKEN_KEY], const struct hop *h, struct span call_id, char out[TOKEN_TEXT])
{
	uint8_t	b[BYTES_MAX];
	size_t	n = 0, ip = h->target.family == ADDR_IP6 ? IP6 : 4;

	b[n++] = (uint8_t)(h->transport << 4 | (h->target.family == ADDR_IP6 ? IS_IP6 : 0) | (h->srtp ? IS_SRTP : 0));
	memcpy(b + n, h->target.ip, ip);
	n += ip;
	b[n++] = (uint8_t)(h->target.port >> 8);
	b[n++] = (uint8_t)h->target.port;
	n += varint_put(b + n, h->flow);
	n += varint_put(b + n, h->account);
	n += varint_put(b + n, h->trunk);
	sum_make(key, b, n, call_id, b + n);
	n += SUM;
	out[0] = MARK;
	(void)sodium_bin2base64(out + 1, TOKEN_TEXT - 1, b, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool
hop_read(const uint8_t *b, size_t n, struct hop *h)
{
	uint64_t *const	numbers[] = { &h->flow, &h->account, &h->trunk };
	size_t		ip = b[0] & IS_IP6 ? IP6 : 4, at = 1 + ip + 2, len;

	memset(h, 0, sizeof *h);
	if (n < at)
		return false;
	h->transport = b[0] >> 4;
	h->target.family = b[0] & IS_IP6 ? ADDR_IP6 : ADDR_IP4;
	h->srtp = (b[0] & IS_SRTP) != 0;
	memcpy(h->target.ip, b + 1, ip);
	h->target.port = (uint16_t)(b[1 + ip] << 8 | b[2 + ip]);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++, at += len)
		if ((len = varint_get(b + at, n - at, numbers[i])) == 0)
			return false;
	return at == n;
}

bool
token_read(const uint8_t key[TOKEN_KEY], const char *text, struct span call_id, struct hop *h)
{
	uint8_t	b[BYTES_MAX], sum[SUM];
	size_t	n;

	if (text == NULL || text[0] != MARK || sodium_base642bin(b, sizeof b, text + 1, strlen(text + 1), NULL, &n, NULL,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 || n <= SUM)
		return false;
	n -= SUM;
	sum_make(key, b, n, call_id, sum);
	return sodium_memcmp(sum, b + n, SUM) == 0 && hop_read(b, n, h);
}
