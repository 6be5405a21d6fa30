#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_SPLIT_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_SPLIT_H

#include <stdbool.h>

#include "originbypass/command/dns/address_set.h"
#include "originbypass/config/config.h"

/* Upstreams of one host that do not give it the same: one leads to an origin, and another elsewhere. */

/** Lists such as `8.8.8.8: 203.0.113.7`; NULL: no server. doctor_split_free() frees them. */
struct doctor_split {
    char *leading;     /**< the servers whose addresses may all be an origin's */
    char *misleading;  /**< those that give an edge, an address of this host itself, or one that the host rejects */
    char *to_take_out; /**< the addresses of the latter alone */
};

/** Ask each upstream of the host, which has no pinned addresses. */
struct doctor_split doctor_split_of(const struct host_settings *settings, const char *host);

void doctor_split_free(struct doctor_split *split);

/** Whether one of the addresses is this host's own, whichever host it is: 0.0.0.0, :: and loopback (RFC 6890). */
bool doctor_is_this_host(const struct address_set *set);

/** Whether all of the addresses, and at least one, are of private networks (RFC 1918, RFC 4193). */
bool doctor_is_private(const struct address_set *set);

#endif
