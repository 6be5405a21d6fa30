#!/usr/bin/env bash
# The shared object as a guest: what it exports to the program, what it imports from it, and whose functions it calls.
# shellcheck source-path=SCRIPTDIR source=../lab/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lab/check.sh"

it_shows_the_interposed_functions_and_nothing_else() {
    not_under 'address|thread' 'the object is linked differently'
    local expected='gai_cancel gai_error gai_suspend getaddrinfo getaddrinfo_a gethostbyname gethostbyname2 gethostbyname2_r gethostbyname_r'
    equal "$expected" "$("$nm" -D --defined-only "$LAB_LIBRARY" | awk '{ print $3 }' | sort | paste -sd' ')"
    equal "$expected" "$(sed -n 's/^ *\([a-z0-9_]*\);$/\1/p' "$top/preload/exports.map" | sort | paste -sd' ')"
}

it_gives_its_functions_no_version() {
    equal '' "$(readelf --version-info --wide "$LAB_LIBRARY" | grep 'Version definition')"
}

it_needs_libc_and_nothing_else() {
    not_under 'address|thread' 'the object is linked in another way'
    equal 'libc.so.6' "$(readelf -d "$LAB_LIBRARY" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')"
}

it_imports_nothing_that_does_not_suit_a_guest() {
    not_under 'address|thread' 'the object is linked in another way'
    contains getauxval "$(imports)"
    equal '' "$(imports | grep -vxFf <(sed '/^#/d' "$top/tests/guest/imports" | tr ' ' '\n'))"
}

# The same object is loaded by programs of musl, which ends a program if a function is missing.
it_imports_nothing_that_musl_does_not_have() {
    not_under 'address|thread' 'the object is linked in another way'
    local loader
    loader=${FOREIGN_ROOT-}/lib/ld-musl-${FOREIGN:-$(uname -m)}.so.1
    [[ -e $loader ]] || skip "there is no musl on this machine ($loader)"
    equal '' "$("$nm" -D --undefined-only "$LAB_LIBRARY" | awk '$1 != "w" && $1 != "v" { print $2 }' | sed 's/@.*//' |
        grep -vxFf <("$nm" -D --defined-only "$loader" | awk '{ print $3 }'))"
}

it_is_hardened() {
    not_under 'address|thread' 'the object is linked in another way'
    local headers
    headers=$(readelf --program-headers --dynamic --wide "$LAB_LIBRARY")
    contains GNU_RELRO "$headers"
    contains BIND_NOW "$headers"
    contains 'RW ' "$(grep GNU_STACK <<<"$headers")"
    lacks RWE "$(grep GNU_STACK <<<"$headers")"
    contains __stack_chk_fail "$(imports)"
}

# A program can export its own c-ares or libconfig, of another version, as Node does.
it_calls_its_own_c_ares_and_libconfig_in_a_program_that_exports_others() {
    not_under foreign 'the program is made of the archives of this machine'
    hostile_program
    printf 'hosts = ( "%s" );\n' "$CDN" >"$TMPDIR/hostile.conf"
    equal "$ORIGIN_V4" "$(ORIGIN_BYPASS_CONFIG_FILE=$TMPDIR/hostile.conf preloaded "$TMPDIR/hostile" getaddrinfo "$CDN" inet)"
    quiet
}

it_would_die_in_that_program_if_it_called_the_others() {
    not_under 'address|thread|foreign' 'the test does not use our library'
    hostile_program
    cat >"$TMPDIR/naive.c" <<'END'
int ares_library_init(int flags);
__attribute__((constructor)) static void load(void) { ares_library_init(0); }
END
    cc -shared -fPIC -o "$TMPDIR/naive.so" "$TMPDIR/naive.c"
    contains 'hostile: ares_library_init' \
        "$(LD_PRELOAD=$TMPDIR/naive.so "$TMPDIR/hostile" getaddrinfo "$CDN" inet 2>&1 || :)"
}

nm="nm"
[[ $checker != foreign ]] || nm=${CC%gcc}nm

imports() { "$nm" -D --undefined-only "$LAB_LIBRARY" | awk '{ print $2 }' | sed 's/@.*//'; }

# The lab's caller, which also exports a hostile definition of every function in the two archives.
hostile_program() {
    local archive
    {
        echo '#include <stdio.h>'
        echo '#include <stdlib.h>'
        for archive in libcares.a libconfig.a; do
            nm -g --defined-only "$(cc -print-file-name=$archive)" 2>/dev/null
        done | awk '$2 == "T" { print $3 }' | sort -u | while read -r name; do
            printf 'void %s(void); void %s(void) { fputs("hostile: %s\\n", stderr); abort(); }\n' "$name" "$name" "$name"
        done
    } >"$TMPDIR/hostile.c"
    (($(grep -c '^void ares_' "$TMPDIR/hostile.c") > 50)) && (($(grep -c '^void config_' "$TMPDIR/hostile.c") > 50))
    compile -rdynamic -pthread -o "$TMPDIR/hostile" "$TMPDIR/hostile.c" "$lab/caller.c"
}

check_all "$@"
