#ifndef ORIGINBYPASS_CONFIG_PINNED_H
#define ORIGINBYPASS_CONFIG_PINNED_H

#include "originbypass/config/value.h"

/** Read a host's `addresses` into its settings, as one answer a family; an address given twice is kept once. */
void config_pinned_addresses(struct config_reader *reader, const struct config_node *node);

#endif
