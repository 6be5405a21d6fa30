#ifndef ORIGINBYPASS_COMMAND_WATCH_ASIDE_H
#define ORIGINBYPASS_COMMAND_WATCH_ASIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/command/dns/resolution.h"

/** So many addresses of a host are looked at. */
#define ASIDE_ADDRESSES_MAX 1024

/** What a child has found. */
struct aside {
    bool done;
    bool is_whole; /**< external DNS has answered for both record types, where both were asked for */
    enum resolution_source source;
    uint32_t kept_s;
    char error[128]; /**< empty: there are addresses */
    size_t count;
    struct address addresses[ASIDE_ADDRESSES_MAX];
};

/**
 * resolution_find() in a child of its own (child.h), whose cache ends with it: what DNS says now, and not what this
 * process has heard before. Valid until the next call. `done` is false where the child could not do it.
 */
const struct aside *aside_find(const struct host_case *host, int family);

#endif
