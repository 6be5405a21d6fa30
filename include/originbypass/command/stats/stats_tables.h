#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_TABLES_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_TABLES_H

#include "originbypass/command/stats/stats_figures.h"

/** Write tables for people to standard output. */
void stats_print_tables(const struct stats *stats);

#endif
