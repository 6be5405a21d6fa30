#ifndef ORIGINBYPASS_CONFIG_PREFIX_H
#define ORIGINBYPASS_CONFIG_PREFIX_H

#include "originbypass/config/value.h"

/** Read a list of prefixes and named sets, ready for prefixes_match(). NULL: empty, or refused. */
const struct prefix_list *config_prefix_list(const struct config_reader *reader, const struct config_node *node);

/** The prefixes of a set that is compiled in. NULL: no memory. */
const struct prefix_list *config_prefix_set(const struct config_reader *reader, const char *set);

/** Read the first `length` octets of a text. Returns NULL, or what is wrong, in words that go on behind the text. */
const char *config_prefix_parse(const struct config_reader *reader, const char *text, size_t length,
                                struct prefix_entry *entry);

/**
 * Tell of a prefix that stands in both lists of the settings, itself in both or in sets in both: neither is longer than
 * the other.
 */
void config_prefix_compare(const struct config_reader *reader);

#endif
