# shellcheck shell=bash
# For check.sh: the checker that the library and our C programs run under, one of
#
#     SANITIZE=address     AddressSanitizer with its leak checker, and UndefinedBehaviorSanitizer, built in
#     SANITIZE=thread      ThreadSanitizer, built in
#     VALGRIND=1           valgrind's memcheck
#     ALLOCATOR=jemalloc   not a checker: another allocator between the program and libc
#     MUSL=1               nor is this: our C programs are compiled for musl
#     FOREIGN=aarch64      nor is this one: the library and our C programs are for another CPU, which qemu imitates
#
# or none. A report goes to a file, because a program may have closed its standard error or put its client's socket there.
# It makes the test fail, however the program ended. (When combined with AddressSanitizer, UndefinedBehaviorSanitizer
# writes only to standard error; it also ends the program.) Programs that are not ours are not checked.

# shellcheck disable=SC2034 # check.sh uses them
checker=${SANITIZE:-${VALGRIND:+valgrind}}
checker=${checker:-${ALLOCATOR:-${FOREIGN:+foreign}}}
checker=${checker:-${MUSL:+musl}}
reports=$TMPDIR/reports
checker_flags=() # for the compiler
checker_libraries=(-ldl -lanl) # where glibc before 2.34 has some of its functions
checker_before='' # the libraries that must come before ours in LD_PRELOAD
checker_runs=() # what our programs are run under
preload_variable=''
mkdir -p "$reports"

# What libc says of a name without a record of the type. musl tells it from a name that does not exist since 1.2.4.
no_data=EAI_NODATA no_data_in_h_errno=NO_DATA
tells_no_data() {
    local version
    version=$("${MUSL_LOADER:-/lib/ld-musl-$(uname -m).so.1}" 2>&1 | sed -n 's/^Version //p')
    [[ $(printf '%s\n' 1.2.4 "$version" | sort -V | head -n 1) == 1.2.4 ]]
}

# If the compiler links the sanitizer into the program (clang), there is nothing to preload.
runtime() {
    local path
    path=$("${CC:-cc}" -print-file-name="$1")
    [[ $path != /* ]] || echo "$path"
}

case $checker in
    '') ;;
    address)
        checker_flags=("-fsanitize=address,undefined" -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
        checker_before=$(runtime libasan.so)
        export ASAN_OPTIONS=log_path=$reports/address UBSAN_OPTIONS=print_stacktrace=1
        ;;
    thread)
        # A child of a program with threads must be able to start threads of its own.
        checker_flags=(-fsanitize=thread)
        checker_before=$(runtime libtsan.so)
        # libc guards its list of interfaces and its resolv.conf with locks that ThreadSanitizer does not see.
        printf 'race:%s\n' __check_pf __GI___libc_dynarray_emplace_enlarge >"$TMPDIR/suppressions.thread"
        export TSAN_OPTIONS=log_path=$reports/thread:die_after_fork=0:suppressions=$TMPDIR/suppressions.thread
        ;;
    valgrind)
        # Without --fair-sched, a thread that never rests keeps valgrind's own lock, and the others cannot run. The c-ares
        # memory of a thread that lives at the end is "possibly lost": c-ares' lists point into the middle of their members.
        checker_runs=(valgrind -q --vgdb=no --fair-sched=try --trace-children=yes "--log-file=$reports/valgrind.%p"
            --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite
            --num-callers=30)
        ;;
    jemalloc)
        checker_before=$(ldconfig -p | awk '$1 == "libjemalloc.so.2" && !found++ { print $NF }')
        [[ -n $checker_before ]] || { echo 'lab: there is no libjemalloc.so.2; scripts/install-deps check installs it' >&2 && exit 125; }
        ;;
    musl)
        command -v musl-gcc >/dev/null || { echo "skip - $(basename "$0" .sh), with musl # musl-gcc is not installed" && exit 0; }
        tells_no_data || no_data=EAI_NONAME no_data_in_h_errno=HOST_NOT_FOUND
        # The kernel's headers are not among musl's.
        CC=musl-gcc
        checker_libraries=()
        checker_flags=(-idirafter /usr/include -idirafter "/usr/include/$(cc -print-multiarch)"
            ${MUSL_LOADER:+"-Wl,--dynamic-linker=$MUSL_LOADER"})
        ;;
    foreign)
        # Each program of ours is a script that starts it under qemu (compile() in check.sh). qemu itself must not have the
        # library, so it takes LD_PRELOAD in another variable.
        export QEMU_LD_PREFIX=$FOREIGN_ROOT
        preload_variable=QEMU_SET_ENV
        ;;
    *)
        echo "lab: '$checker' is not a checker for SANITIZE, VALGRIND or ALLOCATOR" >&2
        exit 125
        ;;
esac

# Prints the reports and removes them; fails if there are any.
nothing_reported() {
    local status=0
    # shellcheck disable=SC2154 # check.sh sets it
    ! grep -s 'runtime error: ' "$messages" || status=1
    [[ -z $(cat "$reports"/* 2>/dev/null) ]] || { status=1 && head -n 60 "$reports"/*; }
    rm -f "$reports"/*
    return "$status"
}

# not_under CHECKERS REASON...: skips the test under these. CHECKERS is a pattern: 'address|thread'.
not_under() {
    # shellcheck disable=SC2053 # a pattern
    [[ -z $checker || $checker != @($1) ]] || skip "not under $checker: ${*:2}"
}

# without_leaks REASON...: LeakSanitizer does not look for leaks in the rest of the test.
without_leaks() {
    [[ $checker != address ]] || echo "leaks are not looked for: $*"
    export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
}

# The test's program is not ours: nothing in it is built for a checker.
not_checked() { not_under 'address|thread|valgrind|foreign' "$* is not ours"; }
