#ifndef ORIGINBYPASS_RULES_POLICY_H
#define ORIGINBYPASS_RULES_POLICY_H

#include <stdbool.h>

#include "originbypass/config/config.h"
#include "originbypass/values/answer.h"
#include "originbypass/values/prefixes.h"

/**
 * The prefix for whose sake a host may not use the address: of all in its lists that hold the address the longest one
 * decides. NULL: it may. Thread-safe.
 */
const struct prefix_entry *policy_rejection(const struct host_settings *settings, const struct address *address);

/** Whether the host's settings let it have addresses of this family at all. Thread-safe. */
bool policy_has_family(const struct host_settings *settings, sa_family_t family);

/**
 * The answer without its rejected addresses and, with `when = "edge"`, without edges: itself where there are none, or a
 * copy, and the answer is freed. Where all are rejected it is itself with OUTCOME_REJECTED; where what is left are
 * edges alone, OUTCOME_NO_ORIGIN. NULL: no memory. Thread-safe.
 */
struct answer *policy_apply(const struct host_settings *settings, struct answer *answer);

/**
 * The set that shows the address as a CDN's edge, or "edges" for a prefix that is written there itself. It is valid as
 * long as the settings. NULL: it is no edge. Thread-safe.
 */
const char *policy_edge(const struct host_settings *settings, const struct address *address);

#endif
