#ifndef ORIGINBYPASS_CONFIG_PREFIX_LISTS_H
#define ORIGINBYPASS_CONFIG_PREFIX_LISTS_H

#include "originbypass/config/value.h"

/** Read a list of prefixes and named sets, ready for prefixes_match(). NULL: empty, or refused. */
const struct prefix_list *config_prefix_lists_read(const struct config_reader *reader, const struct config_node *node);

/** The prefixes of a set that is compiled in. NULL: no memory. */
const struct prefix_list *config_prefix_lists_of_set(const struct config_reader *reader, const char *set);

/**
 * Tell of a prefix that is in both lists of the settings, itself in both or in sets in both: neither is longer than
 * the other.
 */
void config_prefix_lists_compare(const struct config_reader *reader);

#endif
