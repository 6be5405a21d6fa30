/*
 * Sleeps for 5 ms again and again, and writes one line to standard output each time it wakes 50 ms or more too late.
 * The machine then had no time for it, or for a test's programs. The line says how late it was, in milliseconds.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { SLEEP_MS = 5, LATE_MS = 50 };

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(void) {
    for (int64_t before_ms = now_ms();;) {
        nanosleep(&(struct timespec){.tv_nsec = SLEEP_MS * 1000000}, NULL);
        int64_t after_ms = now_ms(), late_ms = after_ms - before_ms - SLEEP_MS;
        if (late_ms >= LATE_MS) {
            printf("%lld\n", (long long)late_ms);
            fflush(stdout);
        }
        before_ms = after_ms;
    }
}
