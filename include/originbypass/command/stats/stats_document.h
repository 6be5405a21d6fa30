#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_DOCUMENT_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_DOCUMENT_H

#include "originbypass/command/stats/stats_figures.h"

/** Write one JSON document to standard output. */
void stats_write_document(const struct stats *stats);

#endif
