#ifndef ORIGINBYPASS_GUEST_CLOCK_H
#define ORIGINBYPASS_GUEST_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

/** As clock_gettime(2), from the kernel itself, whatever the program's clock_gettime(3) is. Thread-safe. */
extern int (*clock_kernel)(clockid_t id, struct timespec *time);

/** Find the quick way to the kernel's clock. Called once, at load; without it each reading is a system call. */
void clock_load(void);

/** For how long the machine has been suspended since clock_notice_sleep() was called first. */
extern _Atomic uint64_t clock_slept_ms;

/** Notice that the machine has been suspended: lifetimes and deadlines go on meanwhile. Thread-safe. */
void clock_notice_sleep(void);

static inline uint64_t clock_read_ms(clockid_t id) {
    struct timespec now = {0};
    clock_kernel(id, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 +
           atomic_load_explicit(&clock_slept_ms, memory_order_relaxed);
}

/**
 * Milliseconds on the kernel's monotonic clock and in suspension: deadlines and lifetimes never follow a wall clock
 * that is set. Both are thread-safe and safe in signal handlers.
 */
static inline uint64_t clock_now_ms(void) {
    return clock_read_ms(CLOCK_MONOTONIC);
}

/** The same clock as of the last tick of the kernel: a few milliseconds old, and a third of the cost. */
static inline uint64_t clock_recent_ms(void) {
#ifdef CLOCK_MONOTONIC_COARSE
    return clock_read_ms(CLOCK_MONOTONIC_COARSE);
#else
    return clock_now_ms();
#endif
}

#endif
