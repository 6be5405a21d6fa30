#include "originbypass/doors/addrinfo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/doors/addrinfo_musl.h"
#include "originbypass/guest/libc_kind.h"

/* glibc's freeaddrinfo(3) frees a node and its canonical name, and nothing else. */
struct node {
    struct addrinfo info;
    union {
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } address;
};

#define INLINE static inline __attribute__((always_inline))

/* Every hit pays for this, so it writes each field and each octet only once. The caller sets `ai_next`. */
INLINE struct addrinfo *make_node(const struct addrinfo_entry *entry, int flags) {
    struct node *node = malloc(sizeof(*node));
    if (node == NULL)
        return NULL;
    struct addrinfo *info = &node->info;
    info->ai_flags = flags;
    info->ai_family = entry->model.family;
    info->ai_socktype = entry->model.socktype;
    info->ai_protocol = entry->model.protocol;
    info->ai_addr = (struct sockaddr *)(void *)&node->address;
    info->ai_canonname = NULL;
    if (entry->model.family == AF_INET) {
        struct sockaddr_in *ipv4 = &node->address.ipv4;
        info->ai_addrlen = sizeof(*ipv4);
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = entry->model.port;
        ipv4->sin_addr = entry->ipv4;
        memset(ipv4->sin_zero, 0, sizeof(ipv4->sin_zero));
    } else {
        struct sockaddr_in6 *ipv6 = &node->address.ipv6;
        info->ai_addrlen = sizeof(*ipv6);
        ipv6->sin6_family = AF_INET6;
        ipv6->sin6_port = entry->model.port;
        ipv6->sin6_flowinfo = 0;
        ipv6->sin6_addr = entry->ipv6;
        ipv6->sin6_scope_id = 0;
    }
    return info;
}

static int free_and_fail(struct addrinfo *list, int error) {
    if (list != NULL)
        freeaddrinfo(list);
    return error;
}

/* Returns the place for the link to the next node; NULL: no memory. */
INLINE struct addrinfo **append_node(struct addrinfo **link, const struct addrinfo_entry *entry, int flags) {
    struct addrinfo *info = make_node(entry, flags);
    if (info == NULL)
        return NULL;
    info->ai_next = NULL;
    *link = info;
    return &info->ai_next;
}

int addrinfo_build(const struct address *addresses, size_t count, const struct expansion *expansion, int flags,
                   const char *canonical_name, struct addrinfo **list) {
    struct addrinfo *first = NULL;
    struct addrinfo **link = &first;
    if (libc_is_musl())
        return addrinfo_musl_build(addresses, count, expansion, canonical_name, list);
    for (size_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < expansion->count; j++) {
            struct addrinfo_entry entry = {.model = expansion->nodes[j], .ipv6 = addresses[i].ipv6};
            if (entry.model.family != addresses[i].family)
                continue;
            link = append_node(link, &entry, flags);
            if (link == NULL)
                return free_and_fail(first, EAI_MEMORY);
        }
    if (first == NULL)
        return EAI_NONAME;
    if (canonical_name != NULL) {
        first->ai_canonname = strdup(canonical_name);
        if (first->ai_canonname == NULL)
            return free_and_fail(first, EAI_MEMORY);
    }
    *list = first;
    return 0;
}

int addrinfo_rebuild(const struct addrinfo_entry *entries, size_t count, int flags, struct addrinfo **list) {
    struct addrinfo *rest = NULL;
    while (count > 0) {
        struct addrinfo *info = make_node(&entries[--count], flags);
        if (info == NULL)
            return free_and_fail(rest, EAI_MEMORY);
        info->ai_next = rest;
        rest = info;
    }
    *list = rest;
    return 0;
}

size_t addrinfo_entries(const struct addrinfo *list, struct addrinfo_entry *entries, size_t most) {
    size_t count = 0;
    for (; list != NULL; list = list->ai_next) {
        if (count == most)
            return 0;
        struct addrinfo_entry *entry = &entries[count++];
        *entry = (struct addrinfo_entry){.model = {.protocol = list->ai_protocol,
                                                   .family = (uint8_t)list->ai_family,
                                                   .socktype = (uint8_t)list->ai_socktype}};
        const struct node *node = (const struct node *)(const void *)list;
        if (list->ai_family == AF_INET) {
            entry->model.port = node->address.ipv4.sin_port;
            entry->ipv4 = node->address.ipv4.sin_addr;
        } else {
            entry->model.port = node->address.ipv6.sin6_port;
            entry->ipv6 = node->address.ipv6.sin6_addr;
        }
    }
    return count;
}
