#include "sipd/sip/headers.h"

#include <sofia-sip/msg_mclass.h>

/* As they are written, with the colon that ends a name. */
static const char *const	names[] = {
	"Via:", "From:", "To:", "Call-ID:", "CSeq:", "Max-Forwards:", "Route:", "Record-Route:", "Contact:", "Path:", "Expires:",
	"Min-Expires:", "Require:", "Proxy-Require:", "Supported:", "Unsupported:", "Authorization:", "Proxy-Authorization:",
	"WWW-Authenticate:", "Proxy-Authenticate:", "User-Agent:", "Retry-After:", "RAck:", "RSeq:", "Event:", "Session-Expires:", "Content-Type:",
	"Content-Length:",
};

msg_mclass_t const *
headers_class(void)
{
	static msg_mclass_t	*own;
	const msg_mclass_t	*all = sip_default_mclass();
	msg_mclass_t		*mc;

	if (own != NULL)
		return own;
	if ((mc = msg_mclass_clone(all, 0, 1)) == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		(void)msg_mclass_insert(mc, msg_find_hclass(all, names[i], NULL));
	return own = mc;
}
