#ifndef ORIGINBYPASS_LOOKUP_TELL_H
#define ORIGINBYPASS_LOOKUP_TELL_H

#include <stdbool.h>

#include "originbypass/lookup/lookup_state.h"

/*
 * The messages of a lookup (liboriginbypass(7), DIAGNOSTICS). The caller is inside (process_enter()), or signals are
 * blocked. Thread-safe.
 */

/** The addresses that external DNS has answered with; nothing if there are none. */
void tell_resolved(const char *host, struct answer *const answers[static RECORD_TYPE_COUNT]);

/**
 * At debug, what the program gets from the cache, or has got without a message: the first address, or that the name
 * exists without a record that was asked for. Nothing of failures.
 */
void tell_hit(const struct lookup *lookup);

/** At debug, that no host rule matches: libc answers. */
void tell_not_listed(const char *host);

/** That external DNS has not answered, and why; `final`: libc is not asked either. */
void tell_failed(const struct lookup *lookup, const char *reason, bool final);

#endif
