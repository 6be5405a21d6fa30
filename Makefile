# make            build/liboriginbypass.so, build/originbypass
# make demo       install what is missing, build, show the main job
# make check      install what is missing, build, run every test, JOBS (3 for each core) files of them side by side
# make bench      install what is missing, build, compare speed with libc and others: tables and a plot in build/bench
# make lint       clang-format, clang-tidy, cppcheck, shellcheck, which file may know which, one meaning for a name
# make install    into DESTDIR, under PREFIX (/usr/local), the library in LIBDIR (PREFIX/lib), the command in BINDIR
#                 (PREFIX/bin), with STATIC=1 the one for any libc; make uninstall
# make dist       build/originbypass-VERSION.tar.gz, to unpack anywhere: both CPUs, and a command for any libc
# make deb        build/deb/originbypass_VERSION_ARCHITECTURE.deb
# make kubernetes build/kubernetes: scripts/kubernetes with the libraries and commands, for kubectl
# make fuzz       run the parsers of configurations and DNS messages under libFuzzer, FUZZ_S seconds (60) each
# SANITIZE=address|thread builds under build/address or build/thread; make check then runs only the tests of our own
# programs. make check VALGRIND=1 runs these under valgrind, and make check MUSL=1 as programs of musl.
# make check BUILT=DIRECTORY tests the library and the command of another system's build, and compiles neither.
# STATIC=1 builds in addition build/static/originbypass: the same command with musl inside, for systems of any libc.
# ARCH=aarch64|x86_64 builds for that CPU, under build/ARCH if this machine has another; make check then runs the same
# tests under qemu. V=1 shows each command.

MACHINE := $(shell uname -m)
ARCH ?= $(MACHINE)
override ARCH := $(patsubst arm64,aarch64,$(ARCH:amd64=x86_64))
FOREIGN = $(filter-out $(MACHINE),$(ARCH))
SANITIZE ?=
VALGRIND ?=
MUSL ?=
BUILT ?=
STATIC ?=
V ?=
Q = $(if $(V),,@echo '  $@';)
BUILD ?= build$(addprefix /,$(SANITIZE)$(FOREIGN))

ifeq ($(FOREIGN),)
CC ?= cc
AR ?= ar
STRIP_COMMAND = strip
else
# Debian's cross compiler, and the other CPU's packages in a directory of their own: nothing is installed for them.
DEBIAN_aarch64 = arm64
DEBIAN_x86_64 = amd64
$(if $(DEBIAN_$(ARCH)),,$(error ARCH is $(ARCH), but originbypass is for aarch64 and x86_64 only))
TRIPLET = $(ARCH)-linux-gnu
CC = $(TRIPLET)-gcc
AR = $(TRIPLET)-ar
STRIP_COMMAND = $(TRIPLET)-strip
FOREIGN_ROOT ?= $(BUILD)/root
FOREIGN_PACKAGES = libc-ares-dev libconfig-dev libc6 libgcc-s1 libcmocka-dev libcmocka0 libjansson-dev libjansson4 musl \
                   musl-dev busybox-static
CPPFLAGS += -isystem $(FOREIGN_ROOT)/usr/include -isystem $(FOREIGN_ROOT)/usr/include/$(TRIPLET)
LDFLAGS += -L$(FOREIGN_ROOT)/usr/lib/$(TRIPLET)
endif

ifeq ($(shell echo __SIZEOF_POINTER__ | $(CC) $(CFLAGS) -E -P - 2>/dev/null),4)
$(error originbypass is for 64-bit CPUs, x86-64 and arm64: 32-bit ones (i386, armhf) are not supported)
endif
VERSION = $(shell sed -n 's/.*VERSION "\(.*\)"/\1/p' include/originbypass/version.h)

WARNINGS = -Wall -Wextra -Wpedantic -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
HARDENING = -fstack-protector-strong -fno-plt $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
SANITIZERS_address = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SANITIZERS_thread = -fsanitize=thread
CFLAGS ?= -O2 -g
# Newer versions of c-ares deprecate functions for which the older ones have no replacement.
ALL_CFLAGS = $(CFLAGS) -std=gnu11 -D_GNU_SOURCE -DCARES_NO_DEPRECATED -Iinclude -fPIC -fvisibility=hidden -ftls-model=initial-exec \
             -ffunction-sections -fdata-sections $(WARNINGS) $(HARDENING) $(SANITIZERS_$(SANITIZE))

# Linked in and hidden. Imports of theirs that do not suit a guest are replaced (preload/*/tame_*.c).
ARCHIVES = -l:libcares.a $(BUILD)/libconfig.a
TAMED = rand srand arc4random_buf clock_gettime fopen getenv $(CHANNEL:%=ares_%)
WRAPPED = $(TAMED) $(if $(SANITIZE),,$(WRAPPED_$(TARGET)))
# c-ares' own functions (preload/upstream/tame_channel.c).
CHANNEL = channel_threading_init channel_threading_destroy channel_lock channel_unlock queue_notify_empty threadsafety \
          thread_create thread_join event_thread_init event_thread_destroy event_configchg_init event_configchg_destroy \
          init_by_sysconfig cookie_apply metrics_record
# Only for libconfig (preload/config/tame_libconfig.c): replaced in a copy of it, and libc's for everything else.
LIBCONFIG_WRAPPED = malloc calloc realloc free strdup __strdup newlocale uselocale freelocale exit abort \
                    stdin stdout stderr fprintf __fprintf_chk
# With these, both binaries run with an older glibc than the one they were linked with (include/originbypass/guest/old_glibc.h).
TARGET := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))-$(lastword $(subst -, ,$(shell $(CC) -dumpmachine)))
WRAPPED_x86_64-gnu = __isoc23_strtol __isoc23_strtoll __isoc23_strtoul __isoc23_strtoull dlsym fstat getrandom lstat \
                     pthread_attr_setstacksize pthread_create pthread_getspecific pthread_key_create \
                     pthread_mutex_trylock pthread_once pthread_setspecific pthread_sigmask stat
WRAPPED_aarch64-gnu = $(WRAPPED_x86_64-gnu)
WRAPS = $(addprefix -Wl$(comma)--wrap=,$(WRAPPED))
comma = ,

DOORS = getaddrinfo gethostbyname getaddrinfo_a
DOOR_OBJECTS = $(DOORS:%=$(BUILD)/obj/doors/%.o)
LIBRARY_OBJECTS = $(patsubst preload/%.c,$(BUILD)/obj/%.o,$(filter-out preload/command/%,$(wildcard preload/*/*.c)))
ROOM_OBJECTS = $(filter-out $(DOOR_OBJECTS),$(LIBRARY_OBJECTS))
LIBRARY = $(BUILD)/liboriginbypass.so

# The command has the library's rooms and doors, and a program's standard streams.
CLI_SOURCES = $(wildcard preload/command/*.c preload/command/*/*.c)
STATIC_ONLY = $(wildcard preload/command/*/static_*.c)
CLI_OBJECTS = $(patsubst preload/%.c,$(BUILD)/obj/%.o,$(filter-out $(STATIC_ONLY),$(CLI_SOURCES)))
CLI = $(BUILD)/originbypass
STATIC_CLI = $(BUILD)/static/originbypass
CLI_WRAPPED_x86_64-gnu = __isoc23_sscanf __isoc23_strtoimax dladdr dlerror dlopen glob memfd_create reallocarray __libc_start_main
CLI_WRAPPED_aarch64-gnu = $(CLI_WRAPPED_x86_64-gnu)
CLI_WRAPS = $(addprefix -Wl$(comma)--wrap=,programs_leave_alone $(WRAPPED) $(if $(SANITIZE),,$(CLI_WRAPPED_$(TARGET))))

all: $(LIBRARY) $(CLI) $(if $(STATIC),$(STATIC_CLI))

ifneq ($(FOREIGN),)
$(FOREIGN_ROOT):
	@command -v $(CC) >/dev/null || { echo 'make: there is no $(CC); scripts/install-deps cross installs it' >&2; exit 1; }
	$(Q)rm -rf $@.new && scripts/foreign-packages $(DEBIAN_$(ARCH)) $@.new $(FOREIGN_PACKAGES) && mv $@.new $@
endif

$(BUILD)/libconfig.a: Makefile | $(FOREIGN_ROOT)
	@mkdir -p $(@D)
	$(Q)$(CC) -r -nostdlib -o $(BUILD)/libconfig.o $(filter -L%,$(LDFLAGS)) $(addprefix -Wl$(comma)--wrap=,$(LIBCONFIG_WRAPPED)) \
	    -Wl,--whole-archive -l:libconfig.a && rm -f $@ && $(AR) rcs $@ $(BUILD)/libconfig.o

$(LIBRARY): $(ROOM_OBJECTS) $(DOOR_OBJECTS) $(BUILD)/libconfig.a preload/exports.map
	$(Q)$(CC) -shared -o $@ $(SANITIZERS_$(SANITIZE)) $(LDFLAGS) -Wl,--version-script=preload/exports.map \
	    -Wl,-soname,liboriginbypass.so -Wl,-z,relro,-z,now,-z,noexecstack $(if $(SANITIZE),,-Wl$(comma)-z$(comma)defs) -Wl,--gc-sections \
	    -Wl,--exclude-libs,ALL -Wl,--as-needed $(WRAPS) $(ROOM_OBJECTS) $(DOOR_OBJECTS) $(ARCHIVES)

# Each function of the library begins a cache line. Otherwise a change in one of them moves the others across lines, and
# lookups that did not change took up to 10 % longer.
$(LIBRARY_OBJECTS): ALIGNMENT = -falign-functions=64

$(BUILD)/obj/%.o: preload/%.c | $(FOREIGN_ROOT)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALIGNMENT) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(CLI): $(CLI_OBJECTS) $(ROOM_OBJECTS) $(DOOR_OBJECTS) $(BUILD)/libconfig.a
	$(Q)$(CC) -pie -o $@ $(SANITIZERS_$(SANITIZE)) $(LDFLAGS) -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections \
	    -Wl,--as-needed $(CLI_WRAPS) $(CLI_OBJECTS) $(ROOM_OBJECTS) $(DOOR_OBJECTS) $(ARCHIVES)

# The static command is all of this again, compiled for musl, with Debian's archives as they are. A file static_NAME.c
# takes the place of NAME.c. The one door that it needs gets another name, because musl's own is linked in, too. musl has
# what tame_aarch64.c replaces. After musl's headers come those of Linux and of the two libraries. It is made small (-Os),
# because a Kubernetes ConfigMap has room for one MiB.
STATIC_REPLACED = $(foreach file,$(STATIC_ONLY),%/$(patsubst static_%,%,$(notdir $(file))))
STATIC_REPLACED += %/tame_aarch64.c %/old_glibc.c %/old_glibc_command.c \
                   $(patsubst %,preload/doors/%.c,$(filter-out getaddrinfo,$(DOORS)))
STATIC_OBJECTS = $(patsubst preload/%.c,$(BUILD)/static/obj/%.o,$(filter-out $(STATIC_REPLACED),$(sort $(wildcard preload/*/*.c) $(CLI_SOURCES))))
STATIC_WRAPS = $(addprefix -Wl$(comma)--wrap=,$(TAMED) programs_leave_alone getaddrinfo freeaddrinfo)
STATIC_CFLAGS = $(CFLAGS) -Os -std=gnu11 -D_GNU_SOURCE -DCARES_NO_DEPRECATED -Iinclude -fPIE -ffunction-sections -fdata-sections \
                $(WARNINGS) $(HARDENING)
ifeq ($(FOREIGN),)
MUSL_CC = musl-gcc
MUSL_LIBRARY = /usr/lib/$(ARCH)-linux-musl
MUSL_HEADERS = -idirafter /usr/include -idirafter /usr/include/$(ARCH)-linux-gnu
else
MUSL_CC = $(CC) -specs $(BUILD)/static/musl.specs
MUSL_LIBRARY = $(FOREIGN_ROOT)/usr/lib/$(ARCH)-linux-musl
MUSL_HEADERS = -idirafter $(FOREIGN_ROOT)/usr/include -idirafter $(FOREIGN_ROOT)/usr/include/$(TRIPLET) -idirafter /usr/$(TRIPLET)/include
endif

$(BUILD)/static/musl.specs: | $(FOREIGN_ROOT)
	@mkdir -p $(@D)
ifeq ($(FOREIGN),)
	@command -v $(MUSL_CC) >/dev/null || \
	    { echo 'make: STATIC=1 needs the compiler musl-gcc, which is not here; scripts/install-deps dist installs it' >&2; exit 1; }
	@touch $@
else
	$(Q)sed 's|/usr/|$(abspath $(FOREIGN_ROOT))/usr/|g' $(FOREIGN_ROOT)/usr/lib/$(ARCH)-linux-musl/musl-gcc.specs >$@
endif

$(BUILD)/static/obj/%.o: preload/%.c | $(BUILD)/static/musl.specs
	@mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(STATIC_CFLAGS) $(STATIC_RENAMED) $(MUSL_HEADERS) -MMD -MP -c -o $@ $<
$(BUILD)/static/obj/doors/getaddrinfo.o: STATIC_RENAMED = -Dgetaddrinfo=__wrap_getaddrinfo

# In two steps, because musl itself must go on calling its own functions. musl-gcc does not know -static-pie, which lets the
# kernel place the program anywhere: this says what it comes to.
$(STATIC_CLI): $(STATIC_OBJECTS) $(BUILD)/libconfig.a
	$(Q)$(CC) -r -nostdlib -o $(BUILD)/static/whole.o $(filter -L%,$(LDFLAGS)) $(STATIC_WRAPS) $(STATIC_OBJECTS) $(ARCHIVES) && \
	    $(MUSL_CC) -static -nostartfiles -o $@ -Wl,-pie,--no-dynamic-linker,-z,text,-z,relro,-z,now,-z,noexecstack,--gc-sections \
	    $(addprefix $(MUSL_LIBRARY)/,rcrt1.o crti.o) $(shell $(CC) -print-file-name=crtbeginS.o) $(BUILD)/static/whole.o \
	    $(shell $(CC) -print-file-name=crtendS.o) $(MUSL_LIBRARY)/crtn.o

# The rooms without the doors, so that a test program calls libc's own getaddrinfo.
$(BUILD)/rooms.a: $(ROOM_OBJECTS)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

UNIT_TESTS = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/rooms.a $(BUILD)/libconfig.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -MMD -MP -MF $@.d -o $@ $< $(LDFLAGS) \
	    $(if $(filter test_cli_%,$*),$(CLI_WRAPS) $(BUILD)/cli.a,$(WRAPS)) \
	    -Wl,--start-group $(BUILD)/rooms.a $(ARCHIVES) -Wl,--end-group -lcmocka $(LIBS_$(*F))

# The tests of the command's own rooms.
$(filter $(BUILD)/unit/test_cli_%,$(UNIT_TESTS)): $(BUILD)/cli.a
$(BUILD)/cli.a: $(filter-out %/main.o,$(CLI_OBJECTS))
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# These read our output with a parser that is not ours.
LIBS_test_json = -ljansson
LIBS_test_log = -ljansson

unit: $(UNIT_TESTS)
	tests/run-unit $(UNIT_TESTS)

# The oracle asks libc itself, with its own standard streams, so nothing is wrapped.
$(BUILD)/parity/%: tests/parity/%.c $(BUILD)/rooms.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -MMD -MP -MF $@.d -o $@ $< $(LDFLAGS) $(BUILD)/rooms.a

parity: $(BUILD)/parity/order_oracle
	tests/parity/order $(BUILD)/parity/order_oracle

INSTALL = PREFIX='$(PREFIX)' LIBDIR='$(LIBDIR)' BINDIR='$(BINDIR)' BUILD='$(BUILD)' STRIP='$(patsubst strip,$(STRIP_COMMAND),$(STRIP))' \
          COMMAND='$(if $(STATIC),$(STATIC_CLI))' scripts/install-tree
install: all
	DESTDIR='$(DESTDIR)' $(INSTALL) install

uninstall:
	DESTDIR='$(DESTDIR)' $(INSTALL) uninstall

dist: binaries
	$(Q)BUILD=$(BUILD) scripts/make-dist originbypass-$(VERSION)

# Library and both commands for each CPU.
OTHER = $(filter-out $(MACHINE),aarch64 x86_64)
OTHER_CC = $(OTHER)-linux-gnu-gcc
binaries:
	$(if $(FOREIGN),$(error what make dist and make kubernetes make is for both CPUs: leave ARCH out))
	@for program in $(OTHER_CC) musl-gcc; do command -v $$program >/dev/null || { echo "make: there is no $$program;" \
	    'scripts/install-deps dist installs it' >&2; exit 1; }; done
	$(MAKE) ARCH=$(MACHINE) BUILD=$(BUILD) STATIC=1 all
	$(MAKE) ARCH=$(OTHER) BUILD=$(BUILD)/$(OTHER) CC=$(OTHER_CC) STATIC=1 all

# kubectl reads no file from outside the directory.
kubernetes: dist
	$(Q)rm -rf $(BUILD)/kubernetes && cp -R scripts/kubernetes $(BUILD) && \
	    cp -R $(BUILD)/dist/originbypass-$(VERSION)/lib/* $(BUILD)/kubernetes/configmap

deb: | $(FOREIGN_ROOT)
	BUILD=$(BUILD) FOREIGN=$(FOREIGN) FOREIGN_ROOT=$(FOREIGN_ROOT) scripts/make-deb

demo:
	scripts/install-deps demo
	$(MAKE) all
	tests/lab/demo

# Each program is linked with all shared objects; the linker takes what it needs.
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
	scripts/install-deps $(if $(BUILT),lab,check)
	$(if $(BUILT),,$(MAKE) all $(if $(SANITIZE)$(VALGRIND)$(MUSL),,STATIC=1) $(UNIT_TESTS) $(BUILD)/parity/order_oracle $(if $(SANITIZE)$(VALGRIND)$(FOREIGN)$(MUSL),,$(BENCHES)))
	$(if $(BUILT)$(SANITIZE)$(VALGRIND)$(FOREIGN)$(MUSL),,$(MAKE) binaries)
	exec env CC='$(CC)' SANITIZE=$(SANITIZE) VALGRIND=$(VALGRIND) FOREIGN=$(FOREIGN) MUSL=$(MUSL) BUILT=$(BUILT) \
	    tests/check $(or $(BUILT),$(BUILD) $(UNIT_TESTS))

lint:
	tests/lint

# Each tests/fuzz/fuzz_NAME.c is a program with the rooms in FUZZED_NAME and the linker options in FUZZ_LINK_NAME. Its first
# inputs are in tests/fuzz/corpus/NAME, and it can have a dictionary. Little is wrapped, because libFuzzer itself needs
# what it imports.
FUZZERS = config elf message
FUZZED_config = $(wildcard preload/config/*.c preload/values/*.c) \
                $(addprefix preload/guest/,log.c json.c clock.c descriptor.c process.c destination.c stream.c)
FUZZ_LINK_config = $(BUILD)/libconfig.a
FUZZED_elf = preload/command/programs/elf_file.c $(addprefix preload/command/base/,memory.c text.c)
FUZZ_LINK_elf =
FUZZED_message = $(addprefix preload/,values/address.c values/answer.c values/name.c) \
                 $(addprefix preload/guest/,descriptor.c libc.c libc_kind.c musl.c) \
                 $(addprefix preload/upstream/,cookie.c dns.c message.c tame_channel.c tame_memory.c tame_random.c)
FUZZ_LINK_message = $(addprefix -Wl$(comma)--wrap=,rand srand arc4random_buf $(CHANNEL:%=ares_%) getrandom socket connect getsockname send recv recvfrom) \
                    -l:libcares.a
FUZZ_S ?= 60
FUZZ_FLAGS ?=
FUZZ_PROGRAMS = $(FUZZERS:%=$(BUILD)/fuzz_%)
.SECONDEXPANSION:
$(FUZZ_PROGRAMS): $(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $$(FUZZED_$$*) | $(BUILD)/libconfig.a
	@mkdir -p $(@D)
	$(Q)clang -O1 -g -std=gnu11 -D_GNU_SOURCE -DCARES_NO_DEPRECATED -Iinclude -fsanitize=fuzzer,address,undefined $^ $(FUZZ_LINK_$*) -o $@

# Each runs for FUZZ_S seconds, one after the other; make fuzz_config runs only that one.
fuzz: $(FUZZERS:%=fuzz_%)
$(FUZZERS:%=fuzz_%): fuzz_%: $(BUILD)/fuzz_%
	@mkdir -p $(BUILD)/fuzz_found/$*
	$< -max_total_time=$(FUZZ_S) $(FUZZ_FLAGS) -max_len=4096 $(patsubst %,-dict=%,$(wildcard tests/fuzz/$*.dict)) \
	    -artifact_prefix=$(BUILD)/ $(BUILD)/fuzz_found/$* tests/fuzz/corpus/$*

format:
	clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')

clean:
	rm -rf $(BUILD)

.PHONY: all bench binaries check clean deb demo dist format fuzz $(FUZZERS:%=fuzz_%) install kubernetes lint parity uninstall unit
.SECONDARY:
-include $(wildcard $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d $(BUILD)/static/obj/*/*.d $(BUILD)/static/obj/*/*/*.d $(BUILD)/unit/*.d $(BUILD)/bench/obj/*.d $(BUILD)/parity/*.d)
