#ifndef ORIGINBYPASS_COMMAND_WATCH_ASIDE_H
#define ORIGINBYPASS_COMMAND_WATCH_ASIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/command/dns/resolution.h"

/** At most this many addresses of a host are compared. */
#define ASIDE_ADDRESSES_MAX 1024

/** What a child process has found. */
struct aside {
    bool done;
    bool is_whole; /**< external DNS has answered for each record type that was asked for */
    enum resolution_source source;
    uint32_t kept_s;
    char error[128]; /**< empty: there are addresses */
    size_t count;
    struct address addresses[ASIDE_ADDRESSES_MAX];
};

/**
 * Call resolution_find() in a child process (child.h). Its cache ends with it, so the result is what DNS says now, not
 * what this process has heard before. Valid until the next call. `done` is false if the child could not do it. Not
 * thread-safe.
 */
const struct aside *aside_find(const struct host_case *host, int family);

#endif
