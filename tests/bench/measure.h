#ifndef ORIGINBYPASS_BENCH_MEASURE_H
#define ORIGINBYPASS_BENCH_MEASURE_H

#include <stdint.h>

/** One of several things whose speed is compared: `run` does it once, for the `round`th time. */
struct subject {
    const char *name;
    void (*run)(uint64_t round);
};

/**
 * Measure the subjects in turns, so that other work of the machine affects all of them equally: `samples` times each,
 * `batch` rounds per sample. Writes a line of CSV for each to standard output: group, case, subject, threads, and
 * nanoseconds per round as minimum, median and 90th percentile of the samples. With several threads all do the same at
 * once, and a sample is the time of the slowest. Ends the process if it cannot get the memory or threads that it needs.
 */
void measure(const char *group, const char *what, const struct subject *subjects, uint32_t count, uint32_t threads,
             uint32_t samples, uint32_t batch);

/** End the process with a message, like that of perror(3). */
_Noreturn void give_up(const char *what);

#endif
