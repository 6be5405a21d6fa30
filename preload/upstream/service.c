#include "originbypass/upstream/service.h"

#include <stddef.h>

/* Google Public DNS and Cloudflare's 1.1.1.1, as in the default of `upstreams` (config/parse.c). */
static const struct {
    const char *ipv4, *ipv6;
} services[] = {
    {"8.8.8.8", "2001:4860:4860::8888"},
    {"1.1.1.1", "2606:4700:4700::1111"},
};

static bool is_one_of(const struct address *address, const char *ipv4, const char *ipv6) {
    struct address known;
    return (address_parse(ipv4, &known) && address_equal(address, &known)) ||
           (address_parse(ipv6, &known) && address_equal(address, &known));
}

bool service_is_same(const struct server_address *a, const struct server_address *b) {
    if (a->port != b->port)
        return false;
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
        if (is_one_of(&a->address, services[i].ipv4, services[i].ipv6) &&
            is_one_of(&b->address, services[i].ipv4, services[i].ipv6))
            return true;
    return address_equal(&a->address, &b->address);
}
