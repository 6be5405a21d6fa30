#ifndef ORIGINBYPASS_UPSTREAM_ROUTE_H
#define ORIGINBYPASS_UPSTREAM_ROUTE_H

#include <stdbool.h>

#include "originbypass/config/config.h"

/**
 * Find out which of these servers this host has no route to, by their places in the list: a server of a family that the
 * host does not have, for example. No packet is sent (connect(2) of a UDP socket, as in getaddrinfo(3)'s order). If
 * there is no descriptor to find out with, the server counts as one with a route. Thread-safe; errno may change.
 */
void route_find(const struct server_list *servers, bool without_route[static CONFIG_UPSTREAMS_MAX]);

#endif
