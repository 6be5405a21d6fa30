#ifndef ORIGINBYPASS_GUEST_LIBC_KIND_H
#define ORIGINBYPASS_GUEST_LIBC_KIND_H

#include <stdbool.h>

/* The same object is loaded by programs of glibc and of musl, so the libc is found out in the process. */

/** For libc_is_musl(): NULL, except on musl. */
extern const char *const libc_kind_mark;

/** Whether the process' libc is musl. It costs a load. Thread-safe, from the first instruction on. */
static inline bool libc_is_musl(void) {
    return libc_kind_mark != (const char *)0;
}

/**
 * Find out why this process' libc is not one that we serve, for a message (static text); NULL: we serve it. False:
 * there was no memory to find out. Before the first lookup. Thread-safe; takes no lock.
 */
bool libc_kind_find(const char **fault);

#endif
