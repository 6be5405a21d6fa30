#ifndef ORIGINBYPASS_LOOKUP_TELL_H
#define ORIGINBYPASS_LOOKUP_TELL_H

#include <stdbool.h>

#include "originbypass/lookup/lookup_state.h"
#include "originbypass/values/nat64_prefix.h"

/*
 * The messages of a lookup (liboriginbypass(7), DIAGNOSTICS). The caller is inside (process_enter()), or signals are
 * blocked. Thread-safe.
 */

/**
 * Reports the addresses that external DNS has answered with; nothing if there are none. `instead_of`: libc's edge,
 * which they replace; NULL: libc was not asked.
 */
void tell_resolved(const char *host, const struct address *instead_of,
                   struct answer *const answers[static RECORD_TYPE_COUNT]);

/** Reports at level debug that external DNS has no address of the host but edges, so that libc's edge stays. */
void tell_no_origin(const struct lookup *lookup);

/**
 * Reports at level debug what the program gets from the cache, or got without a message: the first address, or that the
 * name exists but lacks a record that was asked for. Reports no failures.
 */
void tell_hit(const struct lookup *lookup);

/** Reports at level debug the first AAAA address, which has been made of an A address with one of the prefixes. */
void tell_translated(const struct lookup *lookup, const struct nat64_prefixes *prefixes);

/** Reports at level debug that no host rule matches and libc answers. */
void tell_not_listed(const char *host);

/** Reports that external DNS has not answered, and why. `final`: libc is not asked either. */
void tell_failed(const struct lookup *lookup, const char *reason, bool final);

#endif
