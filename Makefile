# Wirechief.  `make run` shows it, `make check` proves it.  Objects go to build/<variant>/.
#
#   make [VARIANT=release|gcc|clang]   release: what is installed; gcc, clang: ASan, UBSan
#   make deps      the packages that it takes, from apt, once
#   make run       a daemon of its own in ./run, and the console
#   make check     everything is built and every test run; closes with "N passed, N failed"
#   make install   [DESTDIR=] [PREFIX=/usr/local]
#   make bench     registrations a second and their CPU beside Kamailio, and more; see tests/bench
#   make prompts   the announcements in share/prompts, spoken anew by espeak-ng
#   make fuzz      [SECONDS_EACH=600]   make soak   long runs
#   make lucene-check DIR=folder   answers folder/queries.txt over folder/accounts.tsv into folder/results.txt
#
# A new .c file in a folder below needs no line here: a folder is a layer, and every file in it is built.

PREFIX	?= /usr/local
DESTDIR	?=
VARIANT	?= release
VERSION	:= 0.1.0
B	?= build/$(VARIANT)

WARN	:= -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual \
	   -Wwrite-strings -Wundef -Wvla -Werror
SAN	:= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CC_release := gcc
CC_gcc	:= gcc
CC_clang := clang
OPT_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
OPT_gcc	:= -O1 -g $(SAN)
OPT_clang := -O1 -g $(SAN)
CC_clang-fuzz := clang
OPT_clang-fuzz := -O1 -g $(SAN) -fsanitize=fuzzer-no-link
override CC := $(CC_$(VARIANT))

pkg	= $(shell pkg-config --$(1) $(2) 2>/dev/null)
# Headers of libsofia are old C: as system headers they are spared our warnings.
SYS	= $(patsubst -I%,-isystem %,$(call pkg,cflags,$(1)))
PKGS	:= ncursesw sofia-sip-ua libsodium libevent libevent_openssl openssl libconfuse jansson libsystemd libseccomp libcares libsrtp2 sndfile libqrencode cmocka
CPPFLAGS += -I. -D_GNU_SOURCE -DVERSION='"$(VERSION)"' $(call SYS,$(PKGS))
CFLAGS	+= -std=c11 $(OPT_$(VARIANT)) $(WARN) -fPIE -pthread
LDFLAGS	+= $(filter -fsanitize% -fno-sanitize%,$(OPT_$(VARIANT))) -pie -Wl,-z,relro,-z,now -pthread

obj	= $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))
CORE	:= $(call obj,core/*.c)
DB	:= $(call obj,db/*.c)
SIPD	:= $(call obj,sipd/*.c)
KEEPER	:= $(call obj,sipd/keeper/*.c)
SIP	:= $(call obj,sipd/sip/*.c)
STREAM	:= $(call obj,sipd/stream/*.c)
WEB	:= $(call obj,sipd/web/*.c)
NET	:= $(call obj,sipd/net/*.c)
TUI	:= $(call obj,tui/*.c)
UNIT	:= $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/*_test.c))

LIBS_CORE :=
LIBS_DB	:= -llmdb $(call pkg,libs,libsodium)
LIBS_SIPD := $(LIBS_DB) $(call pkg,libs,sofia-sip-ua libevent libevent_openssl openssl libconfuse jansson libsystemd libseccomp libcares libsrtp2 sndfile) -lresolv -lm
LIBS_TUI := $(call pkg,libs,ncursesw jansson libqrencode)

all: $(B)/wirechiefd $(B)/wirechief

$(B)/wirechiefd: $(SIPD) $(KEEPER) $(SIP) $(STREAM) $(WEB) $(NET) $(DB) $(CORE)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_SIPD)
$(B)/wirechief: $(TUI) $(CORE)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_TUI)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

LAYER_db := $(DB)
LAYER_sipd := $(filter-out $(B)/sipd/main.o,$(SIPD))
LAYER_keeper := $(KEEPER)
LAYER_sip := $(SIP)
LAYER_stream := $(STREAM)
LAYER_web := $(WEB)
LAYER_net := $(NET)
LAYER_tui := $(filter-out $(B)/tui/main.o,$(TUI))

# A unit test links the layers that it names in its first line: /* links: db keeper */ (core always).
.SECONDEXPANSION:
layers	= $(foreach l,$(shell sed -n '1s,^/\* links: *\(.*\) \*/$$,\1,p' tests/unit/$(1).c),$(LAYER_$(l)))
$(B)/tests/unit/%: $(B)/tests/unit/%.o $$(call layers,$$*) $(CORE)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_SIPD) $(LIBS_TUI) $(call pkg,libs,cmocka)
unit: $(UNIT) $(B)/tests/lucene/lucene_check

# Any set of accounts and queries through the search: DIR/accounts.tsv, DIR/queries.txt -> DIR/results.txt.
$(B)/tests/lucene/lucene_check: $(B)/tests/lucene/lucene_check.o $(DB) $(CORE)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_DB)
lucene-check: $(B)/tests/lucene/lucene_check
	@$< "$(DIR)"

# Programs that only tests need.
TOOLS	:= $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/tui/*.c tests/bench/*_blast.c tests/bench/regblast.c tests/web/*.c)) \
	   $(B)/tests/sip/fail_io.so
$(B)/tests/tui/vtdrive: $(B)/tests/tui/vtdrive.o
	$(CC) $(LDFLAGS) -o $@ $^ -lvterm -lutil
$(B)/tests/sip/%.so: tests/sip/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c11 -O2 $(WARN) -fPIC -shared -o $@ $< -ldl
BENCH_LIB := $(call obj,tests/bench/lib/*.c)
$(B)/tests/bench/%: $(B)/tests/bench/%.o $(BENCH_LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,openssl)
# These link layers of the daemon, as unit tests do.
bench_layers = $(foreach l,$(shell sed -n '1s,^/\* links: *\(.*\) \*/$$,\1,p' tests/bench/$(1).c),$(LAYER_$(l)))
$(addprefix $(B)/tests/bench/,keeper_bench million_store): $(B)/tests/bench/%: $(B)/tests/bench/%.o $$(call bench_layers,$$*) $(CORE)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_SIPD)
$(B)/tests/web/%: $(B)/tests/web/%.o $(WEB) $(NET) $(LAYER_sipd) $(CORE)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_SIPD) $(call pkg,libs,cmocka)
tools: $(TOOLS)

# Fuzz harnesses link what their first line names, as unit tests do; built by clang with libFuzzer.
FUZZ	:= $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*_fuzz.c))
fuzz_layers = $(foreach l,$(shell sed -n '1s,^/\* links: *\(.*\) \*/$$,\1,p' tests/fuzz/$(1).c),$(LAYER_$(l)))
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $$(call fuzz_layers,$$*) $(CORE)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_SIPD)
fuzz:
	@tests/fuzz/run $${SECONDS_EACH:-600} $(FUZZ)

# The manual: man/NAME.SECTION.in with its tables from the programs' own.
MAN	:= $(patsubst man/%.in,$(B)/man/%,$(wildcard man/*.in))
$(B)/man/gen: $(B)/man/gen.o $(B)/sipd/config.o $(B)/sipd/config_options.o $(B)/tui/actions.o $(B)/tui/key.o $(CORE)
	$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,libconfuse)
$(B)/man/%: man/%.in $(B)/man/gen
	$(B)/man/gen $(VERSION) < $< > $@
man: $(MAN)

DEPS	:= build-essential clang libclang-rt-14-dev pkg-config libncurses-dev libsofia-sip-ua-dev liblmdb-dev libsodium-dev \
	   libevent-dev libssl-dev libconfuse-dev libjansson-dev libsystemd-dev libseccomp-dev libc-ares-dev libsrtp2-dev libsndfile1-dev \
	   libqrencode-dev libcmocka-dev libvterm-dev \
	   openssl dnsmasq-base curl chromium chromium-driver tmux sip-tester kamailio baresip-core linphone-cli zbar-tools kannel kannel-extras \
	   python3 jq mandoc procps iproute2
SUDO	:= $(if $(filter 0,$(shell id -u)),,sudo)
# None of their services is started: tests start their own, on ports of their own.
DEPS_INSTALL = p=/usr/sbin/policy-rc.d; [ -e $$p ] || { trap "rm -f $$p" EXIT; printf "\#!/bin/sh\nexit 101\n" > $$p; chmod 755 $$p; }; \
	   apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(DEPS)
deps:
	@dpkg-query -W -f='$${db:Status-Status}\n' $(DEPS) 2>/dev/null | grep -cx installed | grep -qx $(words $(DEPS)) || \
	    $(SUDO) sh -c '$(DEPS_INSTALL)'

# The recordings are kept: only who changes a sentence needs espeak-ng and sox.
prompts:
	@share/prompts/make

run: deps
	@$(MAKE) -s -j"$$(nproc)" all
	@share/demo/run

check: deps
	@tests/run

bench: deps
	@$(MAKE) -s all tools
	@tests/bench/run
	@tests/bench/calls
	@tests/bench/messages
	@tests/bench/returning
	@tests/bench/messages_sipp
	@tests/bench/calls_sipp

soak: deps
	@$(MAKE) -s all tools
	@tests/bench/soak

# Where the program finds its templates, which is compiled in: another PREFIX is another program.
$(B)/prefix: FORCE
	@mkdir -p $(@D); echo '$(PREFIX)' | cmp -s - $@ || echo '$(PREFIX)' > $@
$(B)/sipd/settings.o: $(B)/prefix
$(B)/sipd/settings.o: CPPFLAGS += -DDATADIR='"$(PREFIX)/share/wirechief"'

D	:= $(DESTDIR)$(PREFIX)
install: all man
	install -d $(D)/sbin $(D)/bin $(D)/share/man/man1 $(D)/share/man/man5 $(D)/share/man/man7 $(D)/share/man/man8 \
	    $(D)/share/doc/wirechief $(D)/share/wirechief/web $(D)/share/bash-completion/completions $(DESTDIR)/lib/systemd/system $(DESTDIR)/etc/wirechief
	install -m 755 $(B)/wirechiefd $(D)/sbin/
	install -m 755 $(B)/wirechief $(D)/bin/
	for m in $(MAN); do install -m 644 $$m $(D)/share/man/man$${m##*.}/; done
	install -m 644 README.md LICENSE CHANGELOG share/wirechief.conf $(D)/share/doc/wirechief/
	install -m 644 share/web/*.html $(D)/share/wirechief/web/
	for d in share/prompts/*/; do install -d $(D)/share/wirechief/prompts/$$(basename $$d) && \
	    install -m 644 $$d*.wav $(D)/share/wirechief/prompts/$$(basename $$d)/ || exit 1; done
	install -m 644 share/completions/wirechief $(D)/share/bash-completion/completions/
	sed "s,/usr/local,$(PREFIX),g" share/wirechiefd.service > $(DESTDIR)/lib/systemd/system/wirechiefd.service
	install -d $(DESTDIR)/usr/lib/sysusers.d && install -m 644 share/wirechief.sysusers $(DESTDIR)/usr/lib/sysusers.d/wirechief.conf
	$(if $(DESTDIR),,! command -v systemd-sysusers > /dev/null || systemd-sysusers wirechief.conf)
	c=$(DESTDIR)/etc/wirechief/wirechief.conf; test -e $$c || { install -m 640 share/wirechief.conf $$c && \
	    { chgrp wirechief $$c 2> /dev/null || chmod 644 $$c; }; }
	$(if $(DESTDIR),,! test -d /run/systemd/system || systemctl daemon-reload)

clean:
	rm -rf build

FORCE:
-include $(shell test -d build && find build -name '*.d')
.PHONY: all unit tools man lucene-check deps prompts run check bench soak fuzz install clean FORCE
.SECONDARY:
