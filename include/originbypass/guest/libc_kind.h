#ifndef ORIGINBYPASS_GUEST_LIBC_KIND_H
#define ORIGINBYPASS_GUEST_LIBC_KIND_H

/**
 * Why this process' libc is not one that we serve, for a message; NULL: we serve it. The same object is loaded by
 * programs of glibc and of musl, so this is found out in the process. Static text. Thread-safe; takes no lock.
 */
const char *libc_kind_fault(void);

#endif
