# make: the program. make run, make test: see README.md. BUILD=dir, CC=clang, SAN=1 make other builds beside each other.
BUILD ?= build
PACKAGES = libmicrohttpd jansson libpq libcrypto
WARN = -Wall -Wextra -Wshadow -Wconversion -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
CFLAGS ?= -O2 -g
override CFLAGS += -std=c17 -D_GNU_SOURCE -ffp-contract=off -fno-strict-overflow $(WARN) -I. -I$(BUILD) $(shell pkg-config --cflags $(PACKAGES))
override LDLIBS += $(shell pkg-config --libs $(PACKAGES)) -lgmp -lpthread
ifdef SAN
override CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

FOLDERS = record risk audit db server handlers
LIBRARY = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(FOLDERS:%=%/*.c)))
COMMANDS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard commands/*.c))
TESTS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/*.c))

$(BUILD)/breakwater: $(LIBRARY) $(COMMANDS)
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/run: $(LIBRARY) $(TESTS)
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs check) -lmpfr

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -c -o $@ $<

# tests/NAME_test.c offers NAME_suite.
$(BUILD)/tests/suites.def: $(wildcard tests/*_test.c)
	@mkdir -p $(@D)
	for f in $(notdir $^); do echo "SUITE($${f%_test.c})"; done > $@
$(TESTS): $(BUILD)/tests/suites.def

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
