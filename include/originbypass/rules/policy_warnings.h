#ifndef ORIGINBYPASS_RULES_POLICY_WARNINGS_H
#define ORIGINBYPASS_RULES_POLICY_WARNINGS_H

#include <stdbool.h>

#include "originbypass/config/config.h"
#include "originbypass/values/address.h"
#include "originbypass/values/answer.h"
#include "originbypass/values/name.h"

/** The host that a warning is about. */
struct warned_host {
    const struct host_settings *settings;
    const struct name *name;
    const char *host; /**< the name as the program wrote it */
    bool unanswered;  /**< external DNS has failed, and the addresses are libc's */
};

/*
 * They are written no more often than warnings_due() says, and by a caller that is inside (process_enter()).
 * Thread-safe.
 */

/** Tell, where it is so, that an address of the host is a CDN's edge. Returns whether it is. */
bool policy_warn_of_edge(struct warned_host host, const struct address *address);

/** The same of the first address in an answer that is one. Returns whether there is one. */
bool policy_warn_of_edges(struct warned_host host, const struct answer *answer);

/** Tell that the host only has rejected addresses, such as this one, and whether they are used nevertheless. */
void policy_warn_of_rejection(struct warned_host host, const struct address *address, bool used);

#endif
