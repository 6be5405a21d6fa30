#include "originbypass/addrinfo.h"

#include <stdlib.h>
#include <string.h>

/* glibc's freeaddrinfo(3) frees a node and its canonical name, and nothing else. */
struct node {
    struct addrinfo info;
    union {
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } address;
};

static void set_address(struct node *node, const struct address *address, in_port_t port) {
    if (address->family == AF_INET) {
        node->address.ipv4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port, .sin_addr = address->ipv4};
        node->info.ai_addrlen = sizeof(node->address.ipv4);
    } else {
        node->address.ipv6 =
            (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port, .sin6_addr = address->ipv6};
        node->info.ai_addrlen = sizeof(node->address.ipv6);
    }
    node->info.ai_addr = (struct sockaddr *)(void *)&node->address;
}

static struct node *make_node(const struct address *address, const struct expansion_node *model, int flags) {
    struct node *node = malloc(sizeof(*node));
    if (node == NULL)
        return NULL;
    node->info = (struct addrinfo){.ai_flags = flags,
                                   .ai_family = address->family,
                                   .ai_socktype = model->socktype,
                                   .ai_protocol = model->protocol};
    set_address(node, address, model->port);
    return node;
}

static int fail(struct addrinfo *list, int error) {
    if (list != NULL)
        freeaddrinfo(list);
    return error;
}

int addrinfo_build(const struct address *addresses, size_t count, const struct expansion *expansion, int flags,
                   const char *canonical_name, struct addrinfo **list) {
    struct addrinfo *first = NULL;
    struct addrinfo **link = &first;
    for (size_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < expansion->count; j++) {
            const struct expansion_node *model = &expansion->nodes[j];
            if (model->family != addresses[i].family)
                continue;
            struct node *node = make_node(&addresses[i], model, flags);
            if (node == NULL)
                return fail(first, EAI_MEMORY);
            *link = &node->info;
            link = &node->info.ai_next;
        }
    if (first == NULL)
        return EAI_NONAME;
    if (canonical_name != NULL) {
        first->ai_canonname = strdup(canonical_name);
        if (first->ai_canonname == NULL)
            return fail(first, EAI_MEMORY);
    }
    *list = first;
    return 0;
}
