# make            build/liboriginbypass.so
# make demo       install what is missing, build, show the main job
# make check      install what is missing, build, run every test
# make bench      install what is missing, build, measure beside libc and its peers: tables and a plot in build/bench
# make lint       clang-format, clang-tidy, cppcheck, shellcheck
# make fuzz       the configuration reader under libFuzzer, FUZZ_S seconds (60)
# SANITIZE=address|thread builds under build/address or build/thread, and there make check runs the programs of ours;
# make check VALGRIND=1 runs these under valgrind. V=1 shows each command.

CC ?= cc
SANITIZE ?=
VALGRIND ?=
V ?=
Q = $(if $(V),,@echo '  $@';)
BUILD ?= build$(addprefix /,$(SANITIZE))

WARNINGS = -Wall -Wextra -Wpedantic -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
HARDENING = -fstack-protector-strong -fno-plt $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
SANITIZERS_address = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SANITIZERS_thread = -fsanitize=thread
CFLAGS ?= -O2 -g
# Newer versions of c-ares deprecate functions that the older ones have no other word for.
ALL_CFLAGS = $(CFLAGS) -std=gnu11 -D_GNU_SOURCE -DCARES_NO_DEPRECATED -Iinclude -fPIC -fvisibility=hidden -ftls-model=initial-exec \
             -ffunction-sections -fdata-sections $(WARNINGS) $(HARDENING) $(SANITIZERS_$(SANITIZE))

# Linked in and hidden; what they import and does not suit a guest is replaced (preload/tame.c).
ARCHIVES = -l:libcares.a -l:libconfig.a
WRAPPED = stdin stdout stderr fprintf __fprintf_chk exit rand fopen getenv
WRAPS = $(addprefix -Wl$(comma)--wrap=,$(WRAPPED))
comma = ,

DOORS = getaddrinfo gethostbyname getaddrinfo_a
DOOR_OBJECTS = $(DOORS:%=$(BUILD)/obj/%.o)
ROOM_OBJECTS = $(filter-out $(DOOR_OBJECTS),$(patsubst preload/%.c,$(BUILD)/obj/%.o,$(wildcard preload/*.c)))
LIBRARY = $(BUILD)/liboriginbypass.so

all: $(LIBRARY)

$(LIBRARY): $(ROOM_OBJECTS) $(DOOR_OBJECTS) preload/exports.map
	$(Q)$(CC) -shared -o $@ $(SANITIZERS_$(SANITIZE)) $(LDFLAGS) -Wl,--version-script=preload/exports.map \
	    -Wl,-soname,liboriginbypass.so -Wl,-z,relro,-z,now,-z,noexecstack $(if $(SANITIZE),,-Wl$(comma)-z$(comma)defs) -Wl,--gc-sections \
	    -Wl,--exclude-libs,ALL -Wl,--as-needed $(WRAPS) $(ROOM_OBJECTS) $(DOOR_OBJECTS) $(ARCHIVES)

$(BUILD)/obj/%.o: preload/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

# The rooms without the doors: a test program calls libc's own getaddrinfo.
$(BUILD)/rooms.a: $(ROOM_OBJECTS)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

UNIT_TESTS = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/rooms.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -MMD -MP -MF $@.d -o $@ $< $(LDFLAGS) $(WRAPS) $(BUILD)/rooms.a $(ARCHIVES) -lcmocka $(LIBS_$(*F))

# These read what we write with a parser that is not ours.
LIBS_test_json = -ljansson
LIBS_test_log = -ljansson

unit: $(UNIT_TESTS)
	tests/run-unit $(UNIT_TESTS)

# The oracle asks libc itself, with its own standard streams: nothing is wrapped.
$(BUILD)/parity/%: tests/parity/%.c $(BUILD)/rooms.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -MMD -MP -MF $@.d -o $@ $< $(LDFLAGS) $(BUILD)/rooms.a

parity: $(BUILD)/parity/order_oracle
	tests/parity/order $(BUILD)/parity/order_oracle

demo:
	scripts/install-deps demo
	$(MAKE) all
	tests/lab/demo

# Each program with all of what they share; the linker takes what it needs.
BENCHES = $(patsubst %,$(BUILD)/bench/%,hits passes cold load memory)
BENCH_SHARED = $(addprefix $(BUILD)/bench/obj/,measure.o subjects.o)
$(BUILD)/bench/obj/%.o: tests/bench/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -std=gnu11 -D_GNU_SOURCE -DCARES_NO_DEPRECATED $(WARNINGS) -MMD -MP -c -o $@ $<
$(BENCHES): $(BUILD)/bench/%: $(BUILD)/bench/obj/%.o $(BENCH_SHARED)
	$(Q)$(CC) -o $@ $^ $(LDFLAGS) -pthread -ldl -l:libcares.a

bench:
	scripts/install-deps bench
	$(MAKE) all $(BENCHES)
	tests/bench/run $(BUILD)

check:
	scripts/install-deps check
	$(MAKE) all $(UNIT_TESTS) $(BUILD)/parity/order_oracle $(if $(SANITIZE)$(VALGRIND),,$(BENCHES))
	SANITIZE=$(SANITIZE) VALGRIND=$(VALGRIND) tests/check $(BUILD) $(UNIT_TESTS)

lint:
	tests/lint

# libFuzzer needs the real standard streams: of what is wrapped only exit is.
FUZZED = $(wildcard preload/config*.c) $(addprefix preload/,address.c answer.c name.c prefixes.c prefix_sets.c tame.c log.c \
         json.c descriptor.c process.c destination.c)
FUZZ_S ?= 60
$(BUILD)/fuzz_config: tests/fuzz/fuzz_config.c $(FUZZED)
	@mkdir -p $(@D)
	$(Q)clang -O1 -g -std=gnu11 -D_GNU_SOURCE -Iinclude -fsanitize=fuzzer,address,undefined $^ -Wl,--wrap=exit \
	    -l:libconfig.a -o $@

fuzz: $(BUILD)/fuzz_config
	@mkdir -p $(BUILD)/fuzz_found
	$(BUILD)/fuzz_config -max_total_time=$(FUZZ_S) -max_len=4096 -dict=tests/fuzz/config.dict -artifact_prefix=$(BUILD)/ \
	    $(BUILD)/fuzz_found tests/fuzz/corpus/config


format:
	clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')

clean:
	rm -rf $(BUILD)

.PHONY: all bench check clean demo format fuzz lint parity unit
.SECONDARY:
-include $(wildcard $(BUILD)/obj/*.d $(BUILD)/unit/*.d $(BUILD)/bench/obj/*.d $(BUILD)/parity/*.d)
