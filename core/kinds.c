#include "core/kinds.h"

#include <string.h>

#include "core/account.h"
#include "core/binding.h"
#include "core/call.h"
#include "core/event.h"
#include "core/group.h"
#include "core/message.h"
#include "core/licence.h"
#include "core/profile.h"
#include "core/trunk.h"

const struct kind *const	kinds[] = { &group_kind, &account_kind, &registration_kind, &trunk_kind, &message_kind, &profile_kind, &licence_kind, &call_kind, &event_kind, NULL };

const struct kind *
kind_named(const char *name)
{
	for (size_t i = 0; kinds[i] != NULL; i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}
