#include "sipd/sip/relay_type.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "sipd/sip/sofia.h"

/* All that we know of struct tport_vtable: it begins with its name, and so long it is. */
enum { VTABLE_BYTES = 168 };

struct tport_vtable {
	const char	*name;
	unsigned char	 rest[VTABLE_BYTES - sizeof(const char *)];
};

int	tport_register_type(struct tport_vtable const *);

int
relay_type_register(char *why, size_t size)
{
	static struct tport_vtable	tls;	/* libsofia keeps the pointer */
	const struct tport_vtable	*tcp = dlsym(RTLD_DEFAULT, "tport_tcp_vtable");
	const ElfW(Sym)			*symbol = NULL;
	Dl_info				 info;
	void				*found = NULL;

	if (tcp == NULL || dladdr1(tcp, &info, &found, RTLD_DL_SYMENT) == 0 || (symbol = found) == NULL ||
	    symbol->st_size != VTABLE_BYTES || strcmp(tcp->name, "tcp") != 0) {
		(void)snprintf(why, size, "this build of libsofia-sip-ua has another layout of transports than 1.12.11");
		return ERR_INVALID;
	}
	memcpy(&tls, tcp, sizeof tls);
	tls.name = "tls";
	if (tport_register_type(&tls) != 0) {
		(void)snprintf(why, size, "libsofia-sip-ua takes no more transports");
		return ERR_INVALID;
	}
	return 0;
}
