#ifndef ORIGINBYPASS_COMMAND_DNS_GETENT_H
#define ORIGINBYPASS_COMMAND_DNS_GETENT_H

#include <stddef.h>

#include "originbypass/values/address.h"

/*
 * getent(1), a program of the system's libc that says what this libc answers. For the static command, which has another
 * libc inside.
 */

enum getent_result {
    GETENT_FOUND,     /**< there are addresses */
    GETENT_NOT_FOUND, /**< libc has none, for whatever reason */
    GETENT_FAILED,    /**< it cannot be run, or does not do its work */
};

struct getent_addresses {
    struct address *list; /**< in libc's order; on the heap */
    size_t count;
};

/**
 * Where the system's getent is. It is one of a few paths, never searched for in PATH, and belongs to root alone,
 * because it is run. NULL: there is none. Static text.
 */
const char *getent_path(void);

/**
 * Ask it (getent_path()) for a name's addresses of both families. It gets an environment of its own, in which neither
 * LD_PRELOAD nor /etc/ld.so.preload lets the library answer. `addresses` is only written for GETENT_FOUND. Waits as
 * long as libc does; the program ends when the calling process does.
 */
enum getent_result getent_ask(const char *path, const char *name, struct getent_addresses *addresses);

#endif
