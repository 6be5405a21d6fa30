#ifndef ORIGINBYPASS_CONFIG_KEYS_H
#define ORIGINBYPASS_CONFIG_KEYS_H

#include "originbypass/config/value.h"

/** Read the file's outermost group into `reader->config`; its `hosts` are only noted. */
void config_keys_read_general(struct config_reader *reader, const struct config_node *root);

/**
 * Read a host's group into `reader->settings`, which begin as a copy of the general ones.
 * Its `name` is the caller's to read.
 */
void config_keys_read_host(struct config_reader *reader, const struct config_node *group);

/** The setting of a group with this name, or NULL. */
const struct config_node *config_keys_find(const struct config_node *group, const char *name);

#endif
