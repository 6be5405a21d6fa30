#ifndef ORIGINBYPASS_CONFIG_PREFIX_H
#define ORIGINBYPASS_CONFIG_PREFIX_H

#include "originbypass/config_value.h"

/** Read a list of prefixes and named sets, sorted; what is given twice is kept once. NULL: empty, or refused. */
const struct prefix_list *config_prefix_list(const struct config_reader *reader, const struct config_node *node);

/** Tell of each prefix or set that stands in both lists of the settings: neither is longer than the other. */
void config_prefix_compare(const struct config_reader *reader);

#endif
