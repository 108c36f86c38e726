# The commands are in README.md. CC=clang, SAN=1, TSAN=1 and BUILD=dir make other builds, beside each other.
BUILD ?= build$(if $(findstring clang,$(CC)),-clang)$(if $(SAN),-san)$(if $(TSAN),-tsan)
PACKAGES = libmicrohttpd jansson libpq libcrypto libcurl
WARN = -Wall -Wextra -Wshadow -Wconversion -Wswitch-enum -Wstrict-prototypes -Wmissing-prototypes \
    -Wvla -Werror
CFLAGS ?= -O2 -g
override CFLAGS += -std=c17 -D_GNU_SOURCE -ffp-contract=off -fno-strict-overflow $(WARN) \
    -I. -I$(BUILD) $(PACKAGES_CFLAGS)
override LDLIBS += $(PACKAGES_LIBS) -lgmp -lm -lpthread
ifneq ($(SAN),)
override CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
ifneq ($(TSAN),)
override CFLAGS += -fsanitize=thread -fno-omit-frame-pointer
endif
ifneq ($(FUZZ),)
override CFLAGS += -fsanitize=fuzzer-no-link
endif
ifneq ($(COVER),)
override CFLAGS += -fprofile-instr-generate -fcoverage-mapping
endif
# Asked once, and only where something is compiled: `make deps` comes before pkg-config is there.
asked = $(eval PACKAGES_$1 := $(shell pkg-config $2 $(PACKAGES)))$(PACKAGES_$1)
PACKAGES_CFLAGS = $(call asked,CFLAGS,--cflags)
PACKAGES_LIBS = $(call asked,LIBS,--libs)

objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1:%=%/*.c)))
LIBRARY = $(call objects,record risk audit db server handlers)
COMMANDS = $(call objects,commands)
TESTS = $(call objects,tests)
BENCHES = $(patsubst %.c,$(BUILD)/%,$(filter-out %/common.c,$(wildcard bench/*.c)))
FUZZERS = $(patsubst %.c,$(BUILD)/%,$(filter-out %/mutate.c,$(wildcard tests/fuzz/*.c)))
# What the program carries inside itself.
ASSETS = $(sort $(wildcard openapi.yaml migrations/*.sql migrations/samples/*.json \
    handlers/presets/*.json))
AGAIN = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$$(nproc))

$(BUILD)/breakwater: $(LIBRARY) $(COMMANDS)
	@echo $(CC) $@
	@$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/run: $(LIBRARY) $(TESTS)
	@echo $(CC) $@
	@$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS) $(shell pkg-config --libs check) -lmpfr -lyaml

$(BENCHES): %: %.o $(BUILD)/bench/common.o $(LIBRARY)
	@$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/faults/log_check: %: %.o $(LIBRARY)
	@$(CC) $(CFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/faults/fail_allocation.so: tests/faults/fail_allocation.c
	@mkdir -p $(@D)
	@$(CC) $(filter-out -fsanitize=%,$(CFLAGS)) -shared -fPIC -o $@ $<

$(FUZZERS): %: %.o $(BUILD)/tests/fuzz/mutate.o $(BUILD)/tests/sample.o $(BUILD)/tests/judge.o $(LIBRARY)
	@$(CC) $(CFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(LDLIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo $(CC) $<
	@$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# Lists that the compiler includes, replaced only where they change. NAME_test.c offers NAME_suite.
$(BUILD)/tests/suites.def: ALWAYS
	@mkdir -p $(@D)
	@for f in $(patsubst tests/%_test.c,%,$(wildcard tests/*_test.c)); do \
	    echo "SUITE($$f)"; done > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(BUILD)/record/assets.def: ALWAYS
	@mkdir -p $(@D)
	@n=0; for f in $(ASSETS); do \
	    echo "ASSET($$n, \"$$f\", $$(wc -c < $$f))"; n=$$((n + 1)); done > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(BUILD)/commands/build.def: ALWAYS
	@mkdir -p $(@D)
	@echo "#define BREAKWATER_BUILD \"$(or $(BUILD_NAME),$$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown))\"" > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(COMMANDS): $(BUILD)/commands/build.def
$(TESTS): $(BUILD)/tests/suites.def | $(BUILD)/commands/build.def
$(BUILD)/record/assets.o: $(BUILD)/record/assets.def $(ASSETS)

# Under ThreadSanitizer: the suites with threads; a race ends its process, and so its test, with 66.
THREADED = activation api connections database fetch impact keys limiter listener log log_vectors \
    markets outside primary receipts retention sequencer snapshots spoil stream tls verify waiting \
    witnesses workers writer
RACES = TSAN_OPTIONS="exitcode=66 $(TSAN_OPTIONS)" CK_TIMEOUT_MULTIPLIER=6

deps: ; @docker/deps.sh build run test

run:
	@docker/deps.sh build run
	+@$(AGAIN) $(BUILD)/breakwater
	@exec $(BUILD)/breakwater serve

test: deps
	+@$(AGAIN) halves

check: $(if $(COMMANDS),$(BUILD)/breakwater) $(BUILD)/tests/run
	@$(if $(TSAN),$(RACES))$(if $(SAN), BREAKWATER_CORES=on) BREAKWATER_PROGRAM=$(BUILD)/breakwater \
	    $(BUILD)/tests/run $(or $(SUITES),$(if $(TSAN),$(THREADED)))

# The same in less time: one half of the suites beside the other.
halves: $(BUILD)/breakwater $(BUILD)/tests/run
	@$(if $(SAN),BREAKWATER_CORES=on )tests/halves.sh $(BUILD)

# Under memcheck: what is read must have been written, which no sanitizer of ours sees, and no leaks.
MEMCHECKED = writer sequencer listener json suggest stream keys fetch snapshots record canonical row \
    route query preview liquidation checkpoint
valgrind: $(BUILD)/breakwater $(BUILD)/tests/run
	@docker/deps.sh test run memcheck
	@tests/valgrind.sh $(BUILD) $(or $(SUITES),$(MEMCHECKED))

# The peers' own numbers, and the model's: `make peers VECTORS=dir`.
peers model: $(BUILD)/tests/run
	@$(if $(VECTORS),BREAKWATER_VECTORS=$(VECTORS)) $(BUILD)/tests/run $@

tidy: $(LIBRARY) $(COMMANDS) ; @tests/tidy.sh $(BUILD)

# clang-tidy passes over a file that, with all it includes, is as when it was last found clean.
lint: $(BUILD)/record/assets.def $(BUILD)/commands/build.def
	@docker/deps.sh build lint
	+@$(AGAIN) -k linted
	@tests/lint.sh $(BUILD)
linted: $(patsubst %.o,%.linted,$(LIBRARY) $(COMMANDS))
$(BUILD)/%.linted: %.c .clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(CFLAGS) 2> $@.log || { grep -E '(warning|error):' $@.log; false; }
	@clang $(CFLAGS) -MM -MP -MT $@ -MF $(@:.linted=.linted.d) $<
	@touch $@

reproduce: ; @tests/reproduce.sh

contract: $(BUILD)/breakwater $(BUILD)/tests/run ; @tests/contract/run.sh $(BUILD)

bench: $(BUILD)/breakwater $(BENCHES)
	@docker/deps.sh run bench peers
	@set -e; for program in $(filter-out %/constant %/offer,$(BENCHES)); do $$program; done
	@python3 bench/goals.py $(BUILD)
	@bench/audited.sh $(BUILD)
	@python3 bench/pushes.py $(BUILD)

# Hours of a market replayed through the API, on a clock that the candles move.
CANDLES ?= ../shared/data/candles/btcusdt_1h_2020-03.csv
FROM ?= 2020-03-11T00:00:00
TO ?= 2020-03-13T12:00:00
OUT ?= $(BUILD)/march-2020
march: $(BUILD)/breakwater
	@docker/deps.sh run march
	@python3 bench/march_2020.py $(BUILD) $(CANDLES) $(FROM) $(TO) $(OUT)

fuzz:
	+@$(AGAIN) CC=clang SAN=1 FUZZ=1 BUILD=build-fuzz fuzzers
fuzzers: $(FUZZERS)
	@tests/fuzz/run.sh $(BUILD) $(or $(SECONDS),20) $^

# What they reach of the files they are for, of the tree's corpus and what `make fuzz` has kept.
fuzz-coverage:
	+@$(AGAIN) CC=clang FUZZ=1 COVER=1 BUILD=build-cover fuzz-covered
fuzz-covered: $(FUZZERS)
	@tests/fuzz/coverage.sh $(BUILD) build-fuzz/corpus $^

# The running service against openapi.yaml: good requests, nearly good ones, and hostile bytes.
http-fuzz: $(BUILD)/breakwater
	@python3 tests/http_fuzz/run.py $(BUILD) --seconds $(or $(SECONDS),20) --seed $(or $(SEED),1)

# What an operator relies on: secrets, records and who reads them, a stop, metrics.
.PHONY: operation
operation: $(BUILD)/breakwater
	@python3 tests/operation/run.py $(BUILD) $(PART)

# Faults under load: `make faults COUNT=5` for so many of each, `FAULT="kill disk"` for some of them.
faults: $(BUILD)/breakwater $(BUILD)/tests/faults/log_check $(BUILD)/tests/faults/fail_allocation.so
	@python3 tests/faults/run.py $(BUILD) "$(COUNT)" $(FAULT)

# Two instances on a synchronous pair, the primary killed under load: ROUNDS=2 for the way back, too.
ha: $(BUILD)/breakwater
	@python3 tests/ha/failover.py $(BUILD) --rounds $(or $(ROUNDS),1) --seconds $(or $(SECONDS),2)

# A copy of the database under load, restored; what the log says of it, and the way out.
backup: $(BUILD)/breakwater ; @python3 tests/ha/backup.py $(BUILD) --seconds $(or $(SECONDS),2)

# The image, built without a container engine, run against a PostgreSQL, and asked for a preview.
image: ; @tests/image.sh

# To PREFIX, as a package would: `make install DESTDIR=... PREFIX=/usr`.
PREFIX ?= /usr/local
install: $(BUILD)/breakwater
	install -D -m 755 $(BUILD)/breakwater $(DESTDIR)$(PREFIX)/bin/breakwater
	install -D -m 644 docker/breakwater.service $(DESTDIR)$(PREFIX)/lib/systemd/system/breakwater.service
	sed -i 's|/usr/bin/|$(PREFIX)/bin/|' $(DESTDIR)$(PREFIX)/lib/systemd/system/breakwater.service
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/breakwater README.md openapi.yaml
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/breakwater/docs docs/*.md
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/breakwater docker/dashboard.json docker/alerts.yaml
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/share/breakwater docker/backup.sh docker/restore.sh

package: $(BUILD)/breakwater ; @docker/package.sh $(BUILD)

# The package's files, its unit, and its program, run with the rights that the unit leaves.
packaged: package ; @tests/package.sh $(BUILD)

clean: ; rm -rf build build-*

.PHONY: march image install package packaged reproduce ALWAYS deps run test check
.PHONY: ha backup halves valgrind peers model tidy lint contract bench fuzz fuzzers fuzz-coverage http-fuzz faults clean
-include $(wildcard $(BUILD)/*/*.d $(BUILD)/tests/fuzz/*.d $(BUILD)/tests/faults/*.d)
