# shellcheck shell=bash
# For the tests of programs of musl: compiles them, for this CPU or another one. Sourced after check.sh.
# shellcheck disable=SC2154 # check.sh has these variables

needs_musl() {
    not_under 'address|thread|valgrind|jemalloc' 'it is not made for programs of musl'
    if [[ $checker == foreign ]]; then
        sed "s|/usr/|$FOREIGN_ROOT/usr/|g" "$FOREIGN_ROOT/usr/lib/$FOREIGN-linux-musl/musl-gcc.specs" >"$TMPDIR/musl.specs"
        musl_cc=("$CC" -specs "$TMPDIR/musl.specs")
    else
        command -v musl-gcc >/dev/null || skip 'musl-gcc is not installed'
        musl_cc=(env -u LD_PRELOAD musl-gcc)
    fi
}

# compiled_for_musl NAME: the path of the program made from NAME.c, which is beside the test or in the lab's directory.
compiled_for_musl() {
    local program=$TMPDIR/musl-$1 source
    source=$(dirname "$0")/$1.c
    [[ -e $source ]] || source=$lab/$1.c
    if [[ ! -x $program ]]; then
        "${musl_cc[@]}" -std=gnu11 -D_GNU_SOURCE -pthread -o "$program" "$source" || return
        [[ $checker != foreign ]] || make_runnable "$program" || return
    fi
    echo "$program"
}
