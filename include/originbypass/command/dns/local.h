#ifndef ORIGINBYPASS_COMMAND_DNS_LOCAL_H
#define ORIGINBYPASS_COMMAND_DNS_LOCAL_H

#include <stdint.h>
#include <sys/types.h>

#include "originbypass/command/dns/address_set.h"

/* What libc answers for a name, without the library, even if this command has it preloaded. A lookup of libc has no
 * time limit of its own (10 s for each dead name server is usual), so it runs in a child process. */

/** A result besides the errors of getaddrinfo(3), which are negative: the time limit has passed. */
#define LOCAL_SILENT 1

/** How long to wait for libc. */
#define LOCAL_LIMIT_MS 4000

/** A lookup under way. */
struct local_lookup {
    pid_t child;
    int pipe;
    uint64_t began_ms;
};

/** Begin a lookup. Several can run at the same time. */
struct local_lookup local_begin(const char *host);

/**
 * Wait for the end of the lookup, at most until LOCAL_LIMIT_MS after it began, and add the addresses to the set.
 * Returns what getaddrinfo(3) returns, or LOCAL_SILENT. Must be called once for each lookup.
 */
int local_end(struct local_lookup *lookup, struct address_set *set);

/** local_begin() and local_end() in one call. */
int local_resolve(const char *host, struct address_set *set);

/** A text for a report about a result of local_end() that is not 0. */
const char *local_problem_text(int problem);

#endif
