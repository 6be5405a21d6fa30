#ifndef ORIGINBYPASS_DOORS_LOAD_H
#define ORIGINBYPASS_DOORS_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "originbypass/guest/process.h"

/** How far loading has come. Only load.c and load.h change it. */
enum load_state { LOAD_NEW, LOAD_UNDER_WAY, LOAD_IDLE, LOAD_ACTIVE };
extern _Atomic uint32_t load_state;

/** What load_ensure() does if it has not been done yet. */
bool load_now(void);

/**
 * Make sure that we are loaded: by our constructor, or by the first interposed call if another library's constructor
 * resolves a name before ours has run. True: there is something to do. False: libc answers every call, because nothing
 * is configured, the library is disabled, or loading is under way at this moment. Thread-safe; takes no lock.
 */
static inline bool load_ensure(void) {
    return (atomic_load_explicit(&load_state, memory_order_acquire) == LOAD_ACTIVE && !process_is_copy()) || load_now();
}

#endif
