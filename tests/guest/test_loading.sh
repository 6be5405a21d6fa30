#!/usr/bin/env bash
# Loading: before and after other libraries, before chroot(2), in a program without libc.
# shellcheck source-path=SCRIPTDIR source=guest.sh
source "$(dirname "${BASH_SOURCE[0]}")/guest.sh"

it_answers_a_plugin_that_resolves_in_its_constructor() {
    make_constructor
    equal "constructor: $ORIGIN_V4" "$(guest opens "$constructor")"
    quiet
}

it_answers_a_preloaded_library_whose_constructor_runs_before_ours() {
    not_under valgrind "it is a program of its own, in which the constructor runs too"
    make_constructor
    LAB_LIBRARY+=" $constructor"
    equal "constructor: $ORIGIN_V4" "$(order_traced guest opens)"
    runs_before_ours
}

it_answers_a_library_of_the_program_whose_constructor_runs_before_ours() {
    not_under valgrind "it is a program of its own, in which the constructor runs too"
    not_under foreign 'only a program of the lab has a script that runs it under qemu'
    make_constructor
    compile -o "$TMPDIR/linked" "$top/tests/guest/opens.c" -Wl,--no-as-needed "$constructor"
    equal "constructor: $ORIGIN_V4" "$(order_traced bypass "$CDN" "$TMPDIR/linked")"
    runs_before_ours
}

it_answers_in_an_empty_directory_that_the_program_went_into_after_load() {
    mkdir -p "$TMPDIR/empty"
    without_leaks 'LeakSanitizer cannot do without /proc'
    with_settings 'query = { timeout_ms = 900; };'
    guest jail "$TMPDIR/empty"
    quiet
}

it_answers_a_program_that_gave_up_the_right_to_read_its_configuration() {
    local nobody=65534
    setpriv --reuid "$nobody" --clear-groups true 2>/dev/null || skip "there is no user $nobody in this user namespace"
    without_leaks 'LeakSanitizer cannot do without /proc'
    mkdir -p "$TMPDIR/empty"
    echo 'hosts = ( "*.example.com" );' >"$TMPDIR/private.conf"
    chmod 600 "$TMPDIR/private.conf"
    ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/private.conf preloaded "$(compiled jail)" "$TMPDIR/empty" "$nobody"
    quiet
}

it_lets_a_program_without_libc_run() {
    not_under 'address|thread' 'it needs libc'
    not_under foreign 'only a program of the lab has a script that runs it under qemu'
    local said
    cc -nostdlib -nostartfiles -fPIE -pie -O1 -o "$TMPDIR/bare" "$top/tests/guest/bare.c"
    lacks NEEDED "$(readelf -d "$TMPDIR/bare")"
    contains INTERP "$(readelf -l "$TMPDIR/bare")"
    said=$(ORIGIN_BYPASS_HOSTS=$CDN with_library "$TMPDIR/bare" 2>"$messages")
    contains 'it runs' "$said"
    contains "${LAB_LIBRARY##*/}" "$said"
    quiet
}

it_makes_two_system_calls_at_most_beyond_its_mapping_where_nothing_is_configured() {
    not_under 'address|thread' 'it makes system calls of its own'
    not_under 'foreign|musl' 'the program is not ours'
    local mapped
    echo 'static char data[9] = "writable"; char *empty(void) { return data; }' >"$TMPDIR/empty.c"
    compile -shared -fPIC -Wl,-z,relro,-z,now -o "$TMPDIR/empty.so" "$TMPDIR/empty.c"
    mapped=$(calls_with "$TMPDIR/empty.so")
    (($(calls_with "$LAB_LIBRARY") <= mapped + 2)) || {
        tail -n 12 "$TMPDIR/calls"
        return 1
    }
}

# How many system calls /bin/true makes with a preloaded library.
calls_with() {
    strace -qq -o "$TMPDIR/calls" -E LD_PRELOAD="$1" /bin/true && wc -l <"$TMPDIR/calls"
}

make_constructor() {
    constructor=$TMPDIR/constructor.so
    [[ -e $constructor ]] || compile -shared -fPIC -o "$constructor" "$top/tests/guest/constructor.c"
}

order_traced() { LD_DEBUG=files LD_DEBUG_OUTPUT=$TMPDIR/order "$@"; }

# The loader has printed the order in which it called the constructors.
runs_before_ours() {
    local order
    [[ $checker != musl ]] || return 0 # whose loader does not print it
    order=$(grep -h 'calling init: ' "$TMPDIR"/order.* | grep -oE 'constructor[.]so|liboriginbypass[.]so')
    rm -f "$TMPDIR"/order.*
    equal $'constructor.so\nliboriginbypass.so' "$order"
}

check_all "$@"
