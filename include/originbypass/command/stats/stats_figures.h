#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_FIGURES_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "originbypass/command/stats/stats_reading.h"

/**
 * What `originbypass stats` shows. Texts and figures come from other processes, so texts are escaped when they are
 * shown.
 */
struct stats {
    const char *directory;
    bool is_whole; /**< all processes are in `reading`, and the ended ones count too; false: only selected processes */
    struct stats_reading reading;
};

/** The state of all processes' configurations together. All zeros: no process has read one. */
struct stats_configuration {
    bool successful;     /**< what each process has read last took effect */
    uint32_t generation; /**< the lowest: of the process that has taken the fewest configurations */
    int64_t loaded_s;    /**< the earliest: the time (time(2)) of the process whose configuration is the oldest */
};
struct stats_configuration stats_configuration_of(const struct stats_reading *reading);

/** Whether the process has read a configuration at all. */
bool stats_has_configuration(const struct stats_process *process);

/** Add up what processes that are alive and processes that have ended have counted. */
void stats_sum(const struct stats_reading *reading, uint64_t sums[static COUNTER_COUNT]);

#endif
