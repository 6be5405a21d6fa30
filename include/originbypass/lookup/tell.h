#ifndef ORIGINBYPASS_LOOKUP_TELL_H
#define ORIGINBYPASS_LOOKUP_TELL_H

#include <stdbool.h>

#include "originbypass/lookup/lookup_state.h"

/*
 * The messages of a lookup (README, Messages). The caller is inside (process_enter()), or signals are blocked.
 * Thread-safe.
 */

/** The addresses that external DNS has answered with; nothing if there are none. */
void tell_resolved(const char *host, struct answer *const answers[static RECORD_TYPE_COUNT]);

/** The first address that came from the cache; nothing if there is none. */
void tell_hit(const struct lookup *lookup);

/** That external DNS has not answered, and why; `final`: libc is not asked either. */
void tell_failed(const struct lookup *lookup, const char *reason, bool final);

#endif
