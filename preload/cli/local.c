#include "originbypass/cli/local.h"

#include <dlfcn.h>
#include <gnu/lib-names.h>
#include <string.h>

#include "originbypass/libc.h"

typedef int resolver(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list);

/*
 * Where the command is started with the library in LD_PRELOAD, or in /etc/ld.so.preload, the next definition behind
 * this program's is the library's and not libc's.
 */
static resolver *find_libcs(void) {
    void *libc = dlopen(LIBC_SO, RTLD_LAZY | RTLD_NOLOAD);
    resolver *found = NULL;
    if (libc != NULL)
        *(void **)&found = dlsym(libc, "getaddrinfo"); /* as dlopen(3) has it: C knows no such cast */
    return found == NULL ? libc_getaddrinfo : found;
}

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
    int problem = find_libcs()(host, NULL, &(struct addrinfo){.ai_socktype = SOCK_STREAM}, &list);
    if (problem != 0)
        return problem;
    for (const struct addrinfo *entry = list; entry != NULL; entry = entry->ai_next)
        add(set, entry->ai_addr);
    freeaddrinfo(list);
    return 0;
}
