#include "originbypass/guest/clock.h"

/* The name belongs to the linker, which gives it to c-ares and to us instead of libc's. */
int __wrap_clock_gettime(clockid_t id, struct timespec *time);
int __real_clock_gettime(clockid_t id, struct timespec *time);

/* c-ares times its questions, and getaddrinfo_a(3)'s callers wait, by the clock that our deadlines are on. */
int __wrap_clock_gettime(clockid_t id, struct timespec *time) {
    return id == CLOCK_MONOTONIC ? clock_kernel(id, time) : __real_clock_gettime(id, time);
}
