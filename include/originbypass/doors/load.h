#ifndef ORIGINBYPASS_DOORS_LOAD_H
#define ORIGINBYPASS_DOORS_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "originbypass/guest/process.h"

/** How far we are. Only this room changes it. */
enum load_state { LOAD_NEW, LOAD_UNDER_WAY, LOAD_IDLE, LOAD_ACTIVE };
extern _Atomic uint32_t load_state;

/** What load_ensure() does where it has not been done. */
bool load_now(void);

/**
 * See to it that we are loaded: by our constructor, or by the first call through a door where another library's
 * constructor resolves before ours has run. True: there is something to do. False: every call is libc's, because
 * nothing is configured, the library is disabled, or loading is under way in this very moment. Thread-safe, takes no
 * lock.
 */
static inline bool load_ensure(void) {
    return (atomic_load_explicit(&load_state, memory_order_acquire) == LOAD_ACTIVE && !process_is_copy()) || load_now();
}

#endif
