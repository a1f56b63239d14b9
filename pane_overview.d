pane_overview.o: tui/pane_overview.c core/clock.h core/text.h tui/app.h \
 core/binding.h core/account.h core/field.h core/addr.h core/span.h \
 core/device.h core/group.h tui/actions.h tui/editor.h tui/export.h \
 tui/form.h tui/draft.h tui/key.h tui/link.h tui/client.h tui/list.h \
 tui/recall.h tui/palette.h tui/prompt.h tui/qr.h tui/trace.h \
 tui/trunks.h tui/why.h tui/overview_queue.h tui/records.h tui/screen.h
core/clock.h:
core/text.h:
tui/app.h:
core/binding.h:
core/account.h:
core/field.h:
core/addr.h:
core/span.h:
core/device.h:
core/group.h:
tui/actions.h:
tui/editor.h:
tui/export.h:
tui/form.h:
tui/draft.h:
tui/key.h:
tui/link.h:
tui/client.h:
tui/list.h:
tui/recall.h:
tui/palette.h:
tui/prompt.h:
tui/qr.h:
tui/trace.h:
tui/trunks.h:
tui/why.h:
tui/overview_queue.h:
tui/records.h:
tui/screen.h:
