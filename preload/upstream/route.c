#include "originbypass/upstream/route.h"

#include "originbypass/order/source_address.h"

void route_find(const struct server_list *servers, bool without_route[static CONFIG_UPSTREAMS_MAX]) {
    struct source_probe probe = SOURCE_PROBE_NEW;
    struct address source;
    for (size_t i = 0; i < servers->count; i++)
        without_route[i] = !source_find(&probe, &servers->servers[i].address, &source) && !probe.exhausted;
    source_end(&probe);
}
