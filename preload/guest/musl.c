#include "originbypass/guest/musl.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "originbypass/guest/libc.h"

_Static_assert(sizeof(struct musl_node) == 88, "as musl has it");

static _Atomic bool tells_no_data;

bool musl_tells_no_data(void) {
    return atomic_load_explicit(&tells_no_data, memory_order_relaxed);
}

#define LOOPBACK "127.0.0.1"

/* A node before musl 1.1.21. */
struct old_node {
    struct addrinfo info;
    struct sockaddr_in6 address;
};

/* How far the second node is behind the first; 0: the list does not have exactly two nodes. */
static ptrdiff_t stride_of(const struct addrinfo *list) {
    const struct addrinfo *second = list->ai_next;
    return second == NULL || second->ai_next != NULL ? 0 : (const char *)second - (const char *)list;
}

static bool is_node(const struct addrinfo *info, const char *name) {
    return info->ai_family == AF_INET && info->ai_addr == (const void *)&((const struct musl_node *)info)->address &&
           info->ai_canonname == name;
}

/* The nodes' own addresses, and the name behind the second. */
static bool has_parts(const struct addrinfo *list, ptrdiff_t stride) {
    const char *name = (const char *)list + 2 * stride;
    return is_node(list, name) && is_node(list->ai_next, name) && strcmp(name, LOOPBACK) == 0;
}

static bool has_counts(const struct musl_node *nodes) {
    return nodes[0].lock == 0 && nodes[0].slot == 0 && nodes[0].ref == 2 && nodes[1].lock == 0 && nodes[1].slot == 1 &&
           nodes[1].ref == 0;
}

static bool is_laid_out_as_known(const struct addrinfo *list) {
    ptrdiff_t stride = stride_of(list);
    if (stride == sizeof(struct old_node))
        return has_parts(list, stride);
    return stride == sizeof(struct musl_node) && has_parts(list, stride) &&
           has_counts((const struct musl_node *)(const void *)list);
}

/* For a family that the address does not have: EAI_NODATA or EAI_NONAME. */
static int ask_for_ipv6(void) {
    const struct addrinfo ipv6 = {.ai_family = AF_INET6};
    struct addrinfo *list = NULL;
    int error = libc_getaddrinfo(LOOPBACK, NULL, &ipv6, &list);
    if (error == 0 && list != NULL)
        freeaddrinfo(list);
    return error;
}

bool musl_probe(const char **fault) {
    const struct addrinfo any = {.ai_family = AF_UNSPEC};
    struct addrinfo *list = NULL;
    int error = libc_getaddrinfo(LOOPBACK, NULL, &any, &list);
    if (error == EAI_MEMORY)
        return false;
    int no_ipv6 = ask_for_ipv6();
    bool known = error == 0 && list != NULL && is_laid_out_as_known(list);
    if (error == 0 && list != NULL)
        freeaddrinfo(list);
    atomic_store(&tells_no_data, no_ipv6 == EAI_NODATA);
    *fault = known && (no_ipv6 == EAI_NODATA || no_ipv6 == EAI_NONAME)
                 ? NULL
                 : "the program's libc is a musl that the library does not know";
    return true;
}
