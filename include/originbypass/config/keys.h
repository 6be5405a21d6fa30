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

/** Tell that no address can be an edge, where `when = "edge"` in these settings, which were read in `place`. */
void config_keys_check_when(const struct config_reader *reader, const struct host_settings *settings,
                            const struct config_node *place);

/** The setting of a group with this name, or NULL. */
const struct config_node *config_keys_find(const struct config_node *group, const char *name);

#endif
