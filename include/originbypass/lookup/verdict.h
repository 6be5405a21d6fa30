#ifndef ORIGINBYPASS_LOOKUP_VERDICT_H
#define ORIGINBYPASS_LOOKUP_VERDICT_H

#include <stdbool.h>

#include "originbypass/lookup/miss.h"

/*
 * Who answers: the table of outcomes in liboriginbypass(7). The caller is inside (process_enter()), or signals are
 * blocked. Thread-safe.
 */

/** After miss_find(). If libc must answer, a warning says why. */
enum lookup_verdict verdict_of(const struct miss *miss);

/** The same if external DNS cannot be asked, for this reason. */
enum lookup_verdict verdict_of_failure(const struct lookup *lookup, const struct host_settings *settings,
                                       const char *reason);

/**
 * There is nothing better than the rejected addresses: use them as the answers, unless the settings are strict. False:
 * they may not be used, or there are none. Either way a warning says so. The caller is inside (process_enter()).
 */
bool verdict_use_rejected(struct lookup *lookup);

#endif
