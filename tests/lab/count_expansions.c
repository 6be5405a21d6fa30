/* A library that comes after ours, in libc's place. Counts how often it is asked what a service means, without a name,
 * and prints the count at the end of the process. */
#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static atomic_uint asked;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list) {
    __typeof__(&getaddrinfo) next;
    void *address = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&next, &address, sizeof(next));
    if (node == NULL)
        atomic_fetch_add(&asked, 1);
    return next(node, service, hints, list);
}

__attribute__((destructor)) static void tell(void) {
    fprintf(stderr, "libc was asked %u times\n", atomic_load(&asked));
}
