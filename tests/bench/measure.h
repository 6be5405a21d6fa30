#ifndef ORIGINBYPASS_BENCH_MEASURE_H
#define ORIGINBYPASS_BENCH_MEASURE_H

#include <stdint.h>

/** One of several things that are measured side by side: `run` does it once, the `round`th time. */
struct subject {
    const char *name;
    void (*run)(uint64_t round);
};

/**
 * Measure the subjects in turns, so that whatever else the machine does hits all of them alike: `samples` times each,
 * `batch` rounds a sample. Writes a line of CSV for each to standard output: group, case, subject, threads, and
 * nanoseconds a round as least, median and ninth decile of the samples. With several threads all do the same at once,
 * and a sample is the longest that one took. Ends the process when something cannot be had.
 */
void measure(const char *group, const char *what, const struct subject *subjects, uint32_t count, uint32_t threads,
             uint32_t samples, uint32_t batch);

/** End the process with a message, as perror(3) has it. */
_Noreturn void give_up(const char *what);

#endif
