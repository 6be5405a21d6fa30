#ifndef ORIGINBYPASS_CONFIG_PREFIX_H
#define ORIGINBYPASS_CONFIG_PREFIX_H

#include "originbypass/config/value.h"

/** Read the first `length` octets of a text. Returns NULL, or what is wrong, in words that continue after the text. */
const char *config_prefix_parse(const struct config_reader *reader, const char *text, size_t length,
                                struct prefix_entry *entry);

#endif
