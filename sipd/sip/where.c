#include "sipd/sip/where.h"

#include "core/binding.h"
#include "sipd/sip/flows.h"
#include "sipd/sip/front.h"

const char *
where_to(struct front *f, const struct way *way, struct where *w, struct addr *sent_by)
{
	const struct socket	*from;
	const struct flow	*flow;
	struct addr		 local = way->local;

	if (way->transport == TRANSPORT_TCP || way->transport == TRANSPORT_TLS) {
		if (way->flow == 0 || (flow = flows_find(f->flows, way->flow)) == NULL)
			return "Connection Gone";
		*w = (struct where){ .source = flow->source, .local = flow->local, .transport = flow->transport, .fd = -1, .flow = way->flow };
		*sent_by = flow->local;
		return NULL;
	}
	if (way->transport != TRANSPORT_UDP || way->target.family == ADDR_NONE || way->target.port == 0)
		return "No Target";
	if (local.family == ADDR_NONE)
		local = sockets_toward(&f->sockets, &way->target);
	if ((from = sockets_from(&f->sockets, &local, &way->target)) == NULL)
		return "No Socket";
	*w = (struct where){ .source = way->target, .local = from->known, .transport = TRANSPORT_UDP, .port = way->target.port, .fd = from->fd };
	if (from->any && local.family == from->addr.family && local.port == from->addr.port && !sockets_is_any(&local)) {
		w->local = local;
		w->from_local = true;
	}
	*sent_by = w->local;
	return NULL;
}
