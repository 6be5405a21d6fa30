/*
 * Takes the place of guest/libc_kind.c in the static command. This has musl inside, and tells what the library does in
 * the system's programs: in glibc's way, or in musl's.
 */
#include "originbypass/guest/libc_kind.h"

#include <stddef.h>

#include "originbypass/command/programs/static_loaders.h"
#include "originbypass/guest/musl.h"

/* A constant for everybody else, though it is found out here, before anything of the library runs. */
static const char *found_mark;
extern const char *const libc_kind_mark __attribute__((alias("found_mark")));

__attribute__((constructor(101))) static void find_mark(void) {
    static const char of_musl[] = "";
    found_mark = static_loaders_are_of_musl() ? of_musl : NULL;
}

bool libc_kind_find(const char **fault) {
    *fault = NULL;
    return !libc_is_musl() || musl_probe(fault);
}
