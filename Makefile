# make run, make test: see README.md. make alone builds the program. CC=clang, SAN=1 and BUILD=dir make other builds, beside each other.
BUILD ?= build$(if $(findstring clang,$(CC)),-clang)$(if $(SAN),-san)
PACKAGES = libmicrohttpd jansson libpq libcrypto
WARN = -Wall -Wextra -Wshadow -Wconversion -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
CFLAGS ?= -O2 -g
override CFLAGS += -std=c17 -D_GNU_SOURCE -ffp-contract=off -fno-strict-overflow $(WARN) -I. -I$(BUILD) $(PACKAGES_CFLAGS)
override LDLIBS += $(PACKAGES_LIBS) -lgmp -lpthread
ifneq ($(SAN),)
override CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
# Asked once, and only when something is compiled: `make deps` must work where there is no pkg-config yet.
PACKAGES_CFLAGS = $(eval PACKAGES_CFLAGS := $(shell pkg-config --cflags $(PACKAGES)))$(PACKAGES_CFLAGS)
PACKAGES_LIBS = $(eval PACKAGES_LIBS := $(shell pkg-config --libs $(PACKAGES)))$(PACKAGES_LIBS)

FOLDERS = record risk audit db server handlers
LIBRARY = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(FOLDERS:%=%/*.c)))
COMMANDS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard commands/*.c))
TESTS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/*.c))
# What the program carries inside itself.
ASSETS = $(sort $(wildcard openapi.yaml migrations/*.sql migrations/samples/*.json handlers/presets/*.json))

$(BUILD)/breakwater: $(LIBRARY) $(COMMANDS)
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/run: $(LIBRARY) $(TESTS)
	$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs check) -lmpfr

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -c -o $@ $<

# Lists that the compiler includes: each is made anew, and replaced only where it changed. tests/NAME_test.c offers NAME_suite.
$(BUILD)/tests/suites.def: ALWAYS
	@mkdir -p $(@D)
	@for f in $(patsubst tests/%_test.c,%,$(wildcard tests/*_test.c)); do echo "SUITE($$f)"; done > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(BUILD)/record/assets.def: ALWAYS
	@mkdir -p $(@D)
	@n=0; for f in $(ASSETS); do echo "ASSET($$n, \"$$f\", $$(wc -c < $$f))"; n=$$((n + 1)); done > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(TESTS): $(BUILD)/tests/suites.def
$(BUILD)/record/assets.o: $(BUILD)/record/assets.def $(ASSETS)

.PHONY: ALWAYS
-include $(wildcard $(BUILD)/*/*.d)
