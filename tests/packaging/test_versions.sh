#!/usr/bin/env bash
# Which glibc the binaries need: none later than 2.17 of 2012, with any compiler.
# shellcheck source-path=SCRIPTDIR source=packaging.sh
source "$(dirname "${BASH_SOURCE[0]}")/packaging.sh"

latest_allowed=2.17

it_needs_no_glibc_later_than_2_17() {
    not_later "$LAB_LIBRARY"
}

it_needs_none_when_clang_made_it() {
    local elsewhere=$TMPDIR/clang
    make -s -j2 -C "$top" CC=clang BUILD="$elsewhere" "$elsewhere/liboriginbypass.so"
    not_later "$elsewhere/liboriginbypass.so"
}

it_has_a_command_that_needs_none_either() {
    [[ -e $build/originbypass ]] || skip 'the command is not built'
    not_later "$build/originbypass"
}

it_would_tell_a_later_one() {
    local later=$TMPDIR/later.so
    printf 'int pthread_create(void); int call(void) { return pthread_create(); }\n' |
        "${CC:-cc}" -shared -fPIC -x c -w -o "$later" -
    [[ -n $(later_than_allowed "$later") ]] || skip 'this glibc has pthread_create only in its oldest version'
}

not_later() {
    contains 'GLIBC_' "$(objdump -T "$1")"
    equal '' "$(later_than_allowed "$1")"
}

# later_than_allowed BINARY: the imported functions, with their versions, that need a later glibc than allowed.
later_than_allowed() {
    objdump -T "$1" | sed -n 's/.*\*UND\*.*GLIBC_\([0-9.]*\))\? \+\(.*\)/\1 \2/p' | while read -r version name; do
        [[ $(printf '%s\n' "$version" "$latest_allowed" | sort -V | tail -n 1) == "$latest_allowed" ]] ||
            echo "$name GLIBC_$version: give it an older version in old_glibc.c, or do without it"
    done
}

check_all "$@"
