#ifndef ORIGINBYPASS_CONFIG_PREFIX_SET_H
#define ORIGINBYPASS_CONFIG_PREFIX_SET_H

#include "originbypass/config/value.h"

/** Whether the text names a set: one that is compiled in, or `file:/PATH`. */
bool config_prefix_set_is_name(const char *text);

/** At most how many prefixes the set has that `node` names. What is wrong with its file is told by
 * config_prefix_set_read().
 */
size_t config_prefix_set_size(const struct config_reader *reader, const struct config_node *node);

/**
 * Write the prefixes of the set that `node` names to `entries`, which has room for config_prefix_set_size(). Returns
 * their number; where the set's file is not what it should be, its first error is told and the number is 0.
 */
size_t config_prefix_set_read(const struct config_reader *reader, const struct config_node *node,
                              struct prefix_entry *entries);

#endif
