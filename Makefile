# Wirechief.  `make run` shows it, `make check` proves it.  Objects go to build/<variant>/.
#
#   make [VARIANT=release|gcc|clang]   release: what is installed; gcc, clang: ASan, UBSan, -Werror
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
override CC := $(CC_$(VARIANT))

pkg	= $(shell pkg-config --$(1) $(2) 2>/dev/null)
# Headers of libsofia are old C: as system headers they are spared our warnings.
SYS	= $(patsubst -I%,-isystem %,$(call pkg,cflags,$(1)))
PKGS	:= ncursesw sofia-sip-ua libsodium libevent libevent_openssl openssl libconfuse jansson libsystemd libseccomp cmocka
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
TUI	:= $(call obj,tui/*.c)
UNIT	:= $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/*_test.c))

LIBS_CORE :=
LIBS_DB	:= -llmdb $(call pkg,libs,libsodium)
LIBS_SIPD := $(LIBS_DB) $(call pkg,libs,sofia-sip-ua libevent libevent_openssl openssl libconfuse jansson libsystemd libseccomp)
LIBS_TUI := $(call pkg,libs,ncursesw jansson)

all: $(B)/wirechiefd $(B)/wirechief

$(B)/wirechiefd: $(SIPD) $(KEEPER) $(SIP) $(STREAM) $(DB) $(CORE)
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
LAYER_tui := $(filter-out $(B)/tui/main.o,$(TUI))

# A unit test links the layers that it names in its first line: /* links: db keeper */ (core always).
.SECONDEXPANSION:
layers	= $(foreach l,$(shell sed -n '1s,^/\* links: *\(.*\) \*/$$,\1,p' tests/unit/$(1).c),$(LAYER_$(l)))
$(B)/tests/unit/%: $(B)/tests/unit/%.o $$(call layers,$$*) $(CORE)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_SIPD) $(LIBS_TUI) $(call pkg,libs,cmocka)
unit: $(UNIT)

-include $(shell test -d build && find build -name '*.d')
.PHONY: all unit
.SECONDARY:
