#ifndef ORIGINBYPASS_IN_FORCE_CONFIGURATION_H
#define ORIGINBYPASS_IN_FORCE_CONFIGURATION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "originbypass/in_force/in_force.h"

/*
 * The configuration: parsed and told of at the first lookup, and replaced when its files have changed. Nobody waits
 * for a change: one of the callers that come sees to it, and the others go on with what is there.
 */

/**
 * Acquire the configuration in force, to be given back with in_force_release(). The first call parses what was read at
 * load, and tells its errors; a refused one has no rules. A caller that comes meanwhile waits for it, but no longer
 * than a lookup takes (2 s). NULL: no memory, or not yet, or the thread is inside already. Thread-safe, takes no lock.
 */
const struct in_force *configuration_acquire(void);

/** When the files are to be looked at next, on clock_recent_ms(). */
extern _Atomic uint64_t configuration_look_ms;

/** Look at the files, if it is time, and put a new configuration in force. Thread-safe, takes no lock. */
void configuration_look(uint64_t now_ms);

/** The same, for every lookup: most of the time it costs next to nothing. */
static inline void configuration_keep_up(uint64_t now_ms) {
    if (now_ms >= atomic_load_explicit(&configuration_look_ms, memory_order_relaxed))
        configuration_look(now_ms);
}

/** In a new copy of the process: who was reading the files is gone. */
void configuration_adopt(void);

#endif
