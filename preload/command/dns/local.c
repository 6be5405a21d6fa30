#include "originbypass/command/dns/local.h"

#include "originbypass/command/dns/native.h"

int local_resolve(const char *host, struct address_set *set) {
    struct addrinfo *list = NULL;
    int problem = native_getaddrinfo(host, NULL, &(struct addrinfo){.ai_socktype = SOCK_STREAM}, &list);
    if (problem != 0)
        return problem;
    for (const struct addrinfo *entry = list; entry != NULL; entry = entry->ai_next) {
        struct address address;
        if (address_of_socket(entry->ai_addr, &address))
            address_set_add(set, &address);
    }
    freeaddrinfo(list);
    return 0;
}
