#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_FIGURES_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

#include "originbypass/command/stats/stats_reading.h"

/** What `originbypass stats` shows. Texts and figures are what other processes say: texts are escaped where shown. */
struct stats {
    const char *directory;
    bool is_whole; /**< all processes are in `reading`, and the dead ones count; else a few were asked for */
    struct stats_reading reading;
};

/** How the configuration of the processes stands, taken together. All zeros: none of them has read one. */
struct stats_configuration {
    bool successful;     /**< what each has read last took effect */
    uint32_t generation; /**< the least: that of the process which has taken the fewest */
    int64_t loaded_s;    /**< the least: since then each has what it has now (time(2)) */
};
struct stats_configuration stats_configuration_of(const struct stats_reading *reading);

/** Whether the process has read a configuration at all. */
bool stats_has_configuration(const struct stats_process *process);

/** What the living and the dead have counted together. */
void stats_sum(const struct stats_reading *reading, uint64_t sums[static COUNTER_COUNT]);

#endif
