#ifndef ORIGINBYPASS_CONFIG_HOSTS_H
#define ORIGINBYPASS_CONFIG_HOSTS_H

#include "originbypass/config/value.h"

/**
 * Read a list of hosts, strings and groups, into the rules of `reader->config`, instead of those that are
 * there. A group without settings of its own shares the general ones, as a string does.
 */
void config_hosts_read(struct config_reader *reader, const struct config_node *hosts);

#endif
