#include "originbypass/command/stats/stats_figures.h"

#include <string.h>

bool stats_has_configuration(const struct stats_process *process) {
    return process->load.generation > 0;
}

struct stats_configuration stats_configuration_of(const struct stats_reading *reading) {
    struct stats_configuration all = {0};
    for (size_t i = 0; i < reading->process_count; i++) {
        const struct counters_load *load = &reading->processes[i].load;
        if (!stats_has_configuration(&reading->processes[i]))
            continue;
        bool first = all.generation == 0;
        all.successful = (first || all.successful) && load->successful;
        all.generation = first || load->generation < all.generation ? load->generation : all.generation;
        all.loaded_s = first || load->loaded_s < all.loaded_s ? load->loaded_s : all.loaded_s;
    }
    return all;
}

void stats_sum(const struct stats_reading *reading, uint64_t sums[static COUNTER_COUNT]) {
    memcpy(sums, reading->dead, sizeof(reading->dead));
    for (size_t i = 0; i < reading->process_count; i++)
        for (size_t counter = 0; counter < COUNTER_COUNT; counter++)
            sums[counter] += reading->processes[i].figures[counter];
}
