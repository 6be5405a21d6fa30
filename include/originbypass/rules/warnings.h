#ifndef ORIGINBYPASS_RULES_WARNINGS_H
#define ORIGINBYPASS_RULES_WARNINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "originbypass/values/name.h"

enum warning {
    WARNING_FAILED,   /**< external DNS did not answer */
    WARNING_REJECTED, /**< all it answered with is rejected */
    WARNING_EDGE,     /**< it answered with a CDN's edge */
};

/**
 * Whether a warning of this kind about this host is to be written: once a minute a host, and of an edge once a host.
 * `left_out` gets the number of those that were not since the last one. The hosts warned of last are known, a bounded
 * number of them; of a thousand hosts that fail in the same minute some may be warned of again. Signals must be blocked
 * (process_enter()) or all of them be harmless. Thread-safe.
 */
bool warnings_due(enum warning warning, const struct name *host, uint64_t now_ms, uint32_t *left_out);

/** In a new copy of the process: the thread that held the lock is gone. */
void warnings_adopt(void);

#endif
