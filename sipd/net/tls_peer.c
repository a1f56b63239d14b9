#include "sipd/net/tls_peer.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/addr.h"
#include "core/err.h"
#include "core/text.h"

enum { ONE_NAME = 128, TIME_TEXT = 32 };

static void
time_text(const ASN1_TIME *t, char buf[TIME_TEXT])
{
	struct tm	tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1 || strftime(buf, TIME_TEXT, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		(void)snprintf(buf, TIME_TEXT, "at a time that makes no sense");
}

static void
name_text(const X509_NAME *name, char buf[ONE_NAME])
{
	char	raw[ONE_NAME];
	int	n = X509_NAME_get_text_by_NID(name, NID_commonName, raw, sizeof raw);

	if (n < 0 && (n = X509_NAME_get_text_by_NID(name, NID_organizationName, raw, sizeof raw)) < 0)
		(void)snprintf(buf, ONE_NAME, "without a name");
	else
		(void)text_safe(raw, (size_t)n, buf, ONE_NAME, true);
}

/* Whether host, which is not terminated, is the one that is wanted.  A dot at the end changes nothing. */
static bool
same_host(const char *host, size_t n, const char *wanted)
{
	size_t	wanted_n = strlen(wanted);

	if (wanted_n > 0 && wanted[wanted_n - 1] == '.')
		wanted_n--;
	if (n > 0 && host[n - 1] == '.')
		n--;
	return n == wanted_n && n > 0 && strncasecmp(host, wanted, n) == 0;
}

/* Of "sip:example.com" the host; a URI of a user, or of another scheme, names no domain. */
static size_t
uri_host(const char **uri, size_t n)
{
	size_t	len = 0;

	if (n < 4 || strncasecmp(*uri, "sip:", 4) != 0 || memchr(*uri, '@', n) != NULL)
		return 0;
	*uri += 4;
	for (n -= 4; len < n && strchr(":;?", (*uri)[len]) == NULL; len++)
		continue;
	return len;
}

/* Its text, and whether it is the one that is wanted. */
static bool
take_name(const GENERAL_NAME *g, const char *wanted, char text[ONE_NAME])
{
	const ASN1_STRING	*s = g->type == GEN_DNS ? g->d.dNSName : g->type == GEN_URI ? g->d.uniformResourceIdentifier :
		g->type == GEN_IPADD ? g->d.iPAddress : NULL;
	const char		*bytes = s == NULL ? NULL : (const char *)ASN1_STRING_get0_data(s);
	size_t			 n = s == NULL ? 0 : (size_t)ASN1_STRING_length(s);
	struct addr		 a = { .family = n == 16 ? ADDR_IP6 : ADDR_IP4 }, own;
	char			 address[ADDR_TEXT];

	text[0] = '\0';
	if (bytes == NULL || n == 0)
		return false;
	if (g->type != GEN_IPADD) {
		(void)text_safe(bytes, n, text, ONE_NAME, true);
		if (g->type == GEN_URI)
			n = uri_host(&bytes, n);
		return same_host(bytes, n, wanted);
	}
	if (n != 4 && n != 16)
		return false;
	memcpy(a.ip, bytes, n);
	(void)snprintf(text, ONE_NAME, "%s", addr_ip_text(&a, address));
	return addr_parse(&own, wanted) == 0 && addr_same_ip(&own, &a);
}

static void
add_name(char *names, size_t size, const char *name)
{
	size_t	n = strlen(names);

	if (name[0] != '\0' && n + strlen(name) + 3 <= size)
		(void)snprintf(names + n, size - n, "%s%s", n == 0 ? "" : ", ", name);
}

bool
tls_peer_matches(X509 *cert, const char *wanted, char *names, size_t size)
{
	GENERAL_NAMES	*list = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	char		 text[ONE_NAME];
	bool		 matches = false;

	names[0] = '\0';
	for (int i = 0; list != NULL && i < sk_GENERAL_NAME_num(list); i++) {
		matches |= take_name(sk_GENERAL_NAME_value(list, i), wanted, text);
		add_name(names, size, text);
	}
	if (list == NULL) {		/* only then does the subject's name count (RFC 5922 section 7.1) */
		name_text(X509_get_subject_name(cert), text);
		add_name(names, size, text);
		matches = same_host(text, strlen(text), wanted);
	}
	GENERAL_NAMES_free(list);
	return matches;
}

static bool
is_web_server(X509 *cert, const char *wanted)
{
	struct addr	address;
	size_t		n = strlen(wanted);

	if (addr_parse(&address, wanted) == 0)
		return X509_check_ip_asc(cert, wanted, 0) == 1;
	n -= n > 0 && wanted[n - 1] == '.';
	return X509_check_host(cert, wanted, n, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

/* Looked at first, so that a person sees of a bad one, too, which it was. */
static bool
look_at(struct tls_peer *p, X509 *cert)
{
	struct tm	tm;
	bool		matches;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1)
		p->until = (int64_t)timegm(&tm) * 1000;
	matches = tls_peer_matches(cert, p->wanted, p->names, sizeof p->names);
	return p->web ? is_web_server(cert, p->wanted) : matches;
}

static void
fault_text(struct tls_peer *p, int error, X509 *cert, int depth)
{
	char	of[ONE_NAME + 32] = "", name[ONE_NAME], when[TIME_TEXT];

	name_text(X509_get_issuer_name(cert), name);
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		time_text(error == X509_V_ERR_CERT_HAS_EXPIRED ? X509_get0_notAfter(cert) : X509_get0_notBefore(cert), when);
		name_text(X509_get_subject_name(cert), name);
		if (depth > 0)
			(void)snprintf(of, sizeof of, " of its authority %s", name);
		(void)snprintf(p->fault, sizeof p->fault, "certificate%s %s %s", of,
		    error == X509_V_ERR_CERT_HAS_EXPIRED ? "expired" : "is valid only from", when);
		return;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		(void)snprintf(p->fault, sizeof p->fault, "certificate is not signed by anyone we trust (self-signed)");
		return;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		(void)snprintf(p->fault, sizeof p->fault, "certificate is not signed by anyone we trust (but by %s)", name);
		return;
	case X509_V_ERR_HOSTNAME_MISMATCH:
		(void)snprintf(p->fault, sizeof p->fault, "certificate is for %s, not %s%s", p->names, p->wanted,
		    !p->web && strstr(p->names, "*.") != NULL ? " (a * stands for no SIP domain, RFC 5922)" : "");
		return;
	default:
		(void)snprintf(p->fault, sizeof p->fault, "certificate: %s", X509_verify_cert_error_string(error));
	}
}

/* For each certificate of the chain, the peer's at depth 0 last. */
static int
on_certificate(int ok, X509_STORE_CTX *ctx)
{
	SSL		*ssl = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_peer	*p = ssl == NULL ? NULL : SSL_get_app_data(ssl);
	int		 depth = X509_STORE_CTX_get_error_depth(ctx);
	X509		*own = X509_STORE_CTX_get0_cert(ctx), *cert = X509_STORE_CTX_get_current_cert(ctx);
	bool		 matches;

	if (p == NULL || own == NULL)
		return 0;
	matches = look_at(p, own);
	if (ok && (depth > 0 || matches))
		return 1;
	if (ok)
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_HOSTNAME_MISMATCH);
	fault_text(p, X509_STORE_CTX_get_error(ctx), cert == NULL ? own : cert, depth);
	return 0;
}

static int
on_asked(SSL *ssl, X509 **cert, EVP_PKEY **key)
{
	struct tls_peer	*p = SSL_get_app_data(ssl);

	(void)cert, (void)key;
	if (p != NULL)
		p->asked_ours = true;
	return 0;		/* we have none */
}

SSL *
tls_peer_new(SSL_CTX *ctx, struct tls_peer *p)
{
	struct addr	address;
	SSL		*ssl;

	SSL_CTX_set_client_cert_cb(ctx, on_asked);
	if ((ssl = SSL_new(ctx)) == NULL)
		return NULL;
	SSL_set_verify(ssl, SSL_VERIFY_PEER, on_certificate);
	if (SSL_set_app_data(ssl, p) != 1 || (addr_parse(&address, p->wanted) != 0 && SSL_set_tlsext_host_name(ssl, p->wanted) != 1)) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_connect_state(ssl);
	return ssl;
}

void
tls_peer_done(SSL *ssl)
{
	if (ssl != NULL)
		(void)SSL_set_app_data(ssl, NULL);
}

void
tls_peer_text(const SSL *ssl, char *buf, size_t size)
{
	const SSL_CIPHER	*c = ssl == NULL ? NULL : SSL_get_current_cipher(ssl);

	(void)snprintf(buf, size, "%s%s%s", c == NULL ? "" : SSL_get_version(ssl), c == NULL ? "" : " ", c == NULL ? "" : SSL_CIPHER_get_name(c));
}

/* What a person can do something about; others get OpenSSL's words. */
static const struct {
	int		 reason;
	const char	*text;
} reasons[] = {
	{ SSL_R_UNSUPPORTED_PROTOCOL, "no common TLS version (we speak 1.2 and 1.3)" },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "no common TLS version (we speak 1.2 and 1.3)" },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, "no common cipher" },
	{ SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY, "no common cipher" },
	{ SSL_R_WRONG_CIPHER_RETURNED, "no common cipher" },
	{ SSL_R_WRONG_VERSION_NUMBER, "what answers there does not speak TLS" },
	{ SSL_R_HTTP_REQUEST, "what answers there does not speak TLS" },
	{ SSL_R_UNKNOWN_PROTOCOL, "what answers there does not speak TLS" },
	{ SSL_R_UNEXPECTED_EOF_WHILE_READING, "it closed the connection during the TLS handshake" },
	{ SSL_R_TLSV1_UNRECOGNIZED_NAME, "it does not know the name that we ask for" },
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "it wants a certificate of ours, and we have none" },
};

static const char *
reason_text(unsigned long error, bool asked_ours)
{
	int	reason = ERR_GET_REASON(error);

	if (asked_ours && (reason == SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE || reason == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE))
		return "it wants a certificate of ours, and we have none";
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].reason == reason)
			return reasons[i].text;
	return ERR_reason_error_string(error);
}

void
tls_peer_why(const SSL *ssl, const struct tls_peer *p, int rc, char *buf, size_t size)
{
	int		 broke = errno;
	unsigned long	 error = ERR_peek_error();
	const char	*text = error == 0 ? NULL : reason_text(error, p->asked_ours);

	if (p->fault[0] != '\0')
		(void)snprintf(buf, size, "%s", p->fault);
	else if (text != NULL)
		(void)snprintf(buf, size, "%s", text);
	else if (SSL_get_error(ssl, rc) == SSL_ERROR_SYSCALL && broke != 0)
		(void)snprintf(buf, size, "TLS handshake: %s", err_text(-broke));
	else
		(void)snprintf(buf, size, "it closed the connection during the TLS handshake");
	ERR_clear_error();
}
