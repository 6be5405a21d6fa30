#include "originbypass/cli/local.h"

#include "originbypass/cli/native.h"

static void add(struct address_set *set, const struct sockaddr *socket_address) {
    struct address address = {.family = socket_address->sa_family};
    if (address.family == AF_INET)
        address.ipv4 = ((const struct sockaddr_in *)(const void *)socket_address)->sin_addr;
    else
        address.ipv6 = ((const struct sockaddr_in6 *)(const void *)socket_address)->sin6_addr;
    address_set_add(set, &address);
}

int local_resolve(const char *host, struct address_set *set) {
    struct addrinfo *list = NULL;
    int problem = native_getaddrinfo(host, NULL, &(struct addrinfo){.ai_socktype = SOCK_STREAM}, &list);
    if (problem != 0)
        return problem;
    for (const struct addrinfo *entry = list; entry != NULL; entry = entry->ai_next)
        add(set, entry->ai_addr);
    freeaddrinfo(list);
    return 0;
}
