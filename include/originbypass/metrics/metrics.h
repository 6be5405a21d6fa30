#ifndef ORIGINBYPASS_METRICS_METRICS_H
#define ORIGINBYPASS_METRICS_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "originbypass/metrics/counters_file.h"

/*
 * This process's counters' file (counters_file.h), where the configuration wants one (`metrics.directory`). Whatever is
 * in its way turns metrics off, with one message. Nobody waits for another thread. errno may change but where said.
 */

/** Remember who we are, at load: later a child of vfork(2) might ask, which has our memory and a PID of its own. */
void metrics_load(void);

/**
 * Keep a file in `directory` from now on. NULL: nothing. Where there is one already, it stays, wherever it is. For one
 * thread at a time, with signals blocked.
 */
void metrics_begin(const char *directory);

/** Say what is to be known of the configuration; remembered for children too. As metrics_begin(). */
void metrics_tell(const struct counters_load *load);

/** Only for metrics_write_if_due(): when the file may be written again; UINT64_MAX: there is no file. */
extern _Atomic uint64_t metrics_due_ms;
void metrics_write_now(uint64_t now_ms);

/**
 * Something was counted: write the file, unless that was done but just now. `now_ms` is the time (clock_recent_ms()).
 * Thread-safe; errno is kept.
 */
static inline void metrics_write_if_due(uint64_t now_ms) {
    if (atomic_load_explicit(&metrics_due_ms, memory_order_relaxed) <= now_ms)
        metrics_write_now(now_ms);
}

/** Count, and write the file if it is due. */
static inline void metrics_count(enum counter counter, uint64_t now_ms) {
    counters_add(counter);
    metrics_write_if_due(now_ms);
}

/** Write what is not yet written: the process ends. */
void metrics_end(void);

/**
 * In a new copy of the process, after counters_reset_in_child(): a file of its own, which begins at zero. In another
 * root directory than at load there is none, and no message.
 */
void metrics_adopt(void);

#endif
