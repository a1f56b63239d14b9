/* links: stream net sipd */
/*
 * Certificates as a server of a stranger's may show them: whoever they name, what is said of them is printable and ends in time, and
 * none is for a name that does not stand in it.
 */
#include <openssl/x509.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sipd/net/tls_peer.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	const unsigned char	*at = in;
	X509			*cert = n > 65536 ? NULL : d2i_X509(NULL, &at, (long)n);
	char			 names[TLS_PEER_NAMES];

	if (cert == NULL)
		return 0;
	(void)tls_peer_matches(cert, "127.0.0.1", names, sizeof names);
	if (tls_peer_matches(cert, "sip.example.com", names, sizeof names) && strlen(names) < sizeof names / 2 &&
	    strcasestr(names, "sip.example.com") == NULL)
		abort();
	for (const char *s = names; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			abort();
	X509_free(cert);
	return 0;
}
