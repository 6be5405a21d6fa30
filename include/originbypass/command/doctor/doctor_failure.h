#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_FAILURE_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_FAILURE_H

#include <stdbool.h>

#include "originbypass/command/doctor/doctor_common.h"

/** A lookup of a listed host that has no address from external DNS. */
struct doctor_failed {
    const char *host;
    bool asks_libc;                  /**< the library leaves the name to libc; otherwise the program's call fails */
    int local_problem;               /**< what local_end() says of libc's own lookup */
    const struct address_set *local; /**< libc's addresses */
};

/**
 * Report why external DNS has no address that the library uses, and what a program gets instead. Asks each of the
 * host's upstreams, so that the cause comes from what each of them says. Not thread-safe.
 */
void doctor_failure(const struct doctor *doctor, const struct doctor_failed *failed);

/**
 * Report whether a listed host that has an address now may have none the next time, because its upstreams do not say
 * the same. Asks each of them.
 */
void doctor_difference(const struct doctor *doctor, const char *host);

/**
 * What a person can do about a reply that is a failure (`reply->answer` is NULL) to a question for `name`. The caller
 * must free(3) the text.
 */
char *doctor_remedy_for(const struct ask_reply *reply, const char *name);

#endif
