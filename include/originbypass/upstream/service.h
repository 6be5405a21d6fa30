#ifndef ORIGINBYPASS_UPSTREAM_SERVICE_H
#define ORIGINBYPASS_UPSTREAM_SERVICE_H

#include <stdbool.h>

#include "originbypass/values/address.h"

/**
 * Whether two addresses are one service: the same address and port, or both addresses of one of the default upstreams,
 * which have one for each family. Pure.
 */
bool service_is_same(const struct server_address *a, const struct server_address *b);

#endif
