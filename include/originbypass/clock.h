#ifndef ORIGINBYPASS_CLOCK_H
#define ORIGINBYPASS_CLOCK_H

#include <stdint.h>
#include <time.h>

/**
 * Milliseconds on the monotonic clock: deadlines and lifetimes never follow a wall clock that is set
 * (clock_gettime(2)). Both are thread-safe and safe in signal handlers.
 */
static inline uint64_t clock_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/** The same clock as of the last tick of the kernel: a few milliseconds old, and a third of the cost. */
static inline uint64_t clock_recent_ms(void) {
#ifdef CLOCK_MONOTONIC_COARSE
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
#else
    return clock_now_ms();
#endif
}

#endif
