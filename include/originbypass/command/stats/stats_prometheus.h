#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_PROMETHEUS_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_PROMETHEUS_H

#include "originbypass/command/stats/stats_reading.h"

/** Write a whole reading in Prometheus' text format to standard output. */
void stats_write_prometheus(const struct stats_reading *reading);

#endif
