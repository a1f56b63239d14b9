status.o: sipd/keeper/status.c sipd/keeper/status.h core/err.h core/log.h \
 core/rate.h sipd/keeper/accounts.h core/account.h core/field.h \
 core/addr.h core/span.h core/activation.h core/binding.h core/device.h \
 core/group.h db/store.h sipd/keeper/edit.h core/event.h \
 sipd/keeper/control.h sipd/keeper/json.h sipd/keeper/keeper.h \
 core/clock.h db/table.h db/seal.h sipd/boot.h sipd/config.h \
 core/language.h sipd/channel.h core/wire.h sipd/keeper/peer.h \
 core/command.h sipd/keeper/job.h sipd/keeper/public_check.h \
 sipd/keeper/qualify.h sipd/keeper/registrar.h sipd/keeper/queue.h \
 core/message.h sipd/keeper/request.h sipd/keeper/sms.h core/sms.h \
 sipd/keeper/trunks.h core/trunk.h sipd/keeper/named.h core/profile.h
sipd/keeper/status.h:
core/err.h:
core/log.h:
core/rate.h:
sipd/keeper/accounts.h:
core/account.h:
core/field.h:
core/addr.h:
core/span.h:
core/activation.h:
core/binding.h:
core/device.h:
core/group.h:
db/store.h:
sipd/keeper/edit.h:
core/event.h:
sipd/keeper/control.h:
sipd/keeper/json.h:
sipd/keeper/keeper.h:
core/clock.h:
db/table.h:
db/seal.h:
sipd/boot.h:
sipd/config.h:
core/language.h:
sipd/channel.h:
core/wire.h:
sipd/keeper/peer.h:
core/command.h:
sipd/keeper/job.h:
sipd/keeper/public_check.h:
sipd/keeper/qualify.h:
sipd/keeper/registrar.h:
sipd/keeper/queue.h:
core/message.h:
sipd/keeper/request.h:
sipd/keeper/sms.h:
core/sms.h:
sipd/keeper/trunks.h:
core/trunk.h:
sipd/keeper/named.h:
core/profile.h:
