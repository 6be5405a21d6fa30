#include "originbypass/command/dns/server_lists.h"

#include <string.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/upstream/route.h"
#include "originbypass/upstream/service.h"

struct server_list *server_list_asked(const struct server_list *upstreams) {
    bool without_route[CONFIG_UPSTREAMS_MAX];
    size_t size = sizeof(*upstreams) + upstreams->count * sizeof(upstreams->servers[0]);
    struct server_list *asked = memory_zeroed(1, size);
    route_find(upstreams, without_route);
    for (size_t i = 0; i < upstreams->count; i++)
        if (!without_route[i])
            asked->servers[asked->count++] = upstreams->servers[i];
    if (asked->count == 0)
        memcpy(asked, upstreams, size);
    return asked;
}

bool server_list_has(const struct server_list *list, const struct server_address *server) {
    for (size_t i = 0; i < list->count; i++)
        if (server_address_equal(&list->servers[i], server))
            return true;
    return false;
}

bool server_is_same_service(const struct server_address *a, const struct server_address *b) {
    return service_is_same(a, b);
}

bool server_list_has_service(const struct server_list *asked, const struct server_address *server) {
    for (size_t i = 0; i < asked->count; i++)
        if (service_is_same(&asked->servers[i], server))
            return true;
    return false;
}
