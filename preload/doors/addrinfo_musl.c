#include "originbypass/doors/addrinfo_musl.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/guest/musl.h"

/* A block in which no node is set. NULL: no memory. */
static struct musl_node *make_block(size_t count, const char *canonical_name) {
    size_t name_size = canonical_name == NULL ? 0 : strlen(canonical_name) + 1;
    struct musl_node *nodes = calloc(1, count * sizeof(*nodes) + name_size);
    if (nodes == NULL || name_size == 0)
        return nodes;
    memcpy(&nodes[count], canonical_name, name_size);
    return nodes;
}

/* Make a list of the nodes, whose addresses and kinds are set. */
static struct addrinfo *link_block(struct musl_node *nodes, size_t count, bool has_name) {
    for (size_t i = 0; i < count; i++) {
        struct addrinfo *info = &nodes[i].info;
        info->ai_addr = (struct sockaddr *)(void *)&nodes[i].address;
        info->ai_canonname = has_name ? (char *)&nodes[count] : NULL;
        info->ai_next = i + 1 < count ? &nodes[i + 1].info : NULL;
        nodes[i].slot = (short)i;
    }
    nodes[0].ref = (short)count;
    return &nodes[0].info;
}

static void fill_node(struct musl_node *node, const struct address *address, const struct expansion_node *model) {
    node->info.ai_family = model->family;
    node->info.ai_socktype = model->socktype;
    node->info.ai_protocol = model->protocol;
    if (model->family == AF_INET) {
        node->info.ai_addrlen = sizeof(node->address.ipv4);
        node->address.ipv4.sin_family = AF_INET;
        node->address.ipv4.sin_port = model->port;
        node->address.ipv4.sin_addr = address->ipv4;
    } else {
        node->info.ai_addrlen = sizeof(node->address.ipv6);
        node->address.ipv6.sin6_family = AF_INET6;
        node->address.ipv6.sin6_port = model->port;
        node->address.ipv6.sin6_addr = address->ipv6;
    }
}

/* Count the nodes of the list, and fill them in if there are any to fill. */
static size_t list_nodes(const struct address *addresses, size_t count, const struct expansion *expansion,
                         struct musl_node *nodes) {
    size_t filled = 0;
    for (size_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < expansion->count && filled < MUSL_NODES_MAX; j++) {
            if (expansion->nodes[j].family != addresses[i].family)
                continue;
            if (nodes != NULL)
                fill_node(&nodes[filled], &addresses[i], &expansion->nodes[j]);
            filled++;
        }
    return filled;
}

int addrinfo_musl_build(const struct address *addresses, size_t count, const struct expansion *expansion,
                        const char *canonical_name, struct addrinfo **list) {
    size_t node_count = list_nodes(addresses, count, expansion, NULL);
    if (node_count == 0)
        return EAI_NONAME;
    struct musl_node *nodes = make_block(node_count, canonical_name);
    if (nodes == NULL)
        return EAI_MEMORY;
    list_nodes(addresses, count, expansion, nodes);
    *list = link_block(nodes, node_count, true);
    return 0;
}

static void take_node(struct musl_node *node, const struct addrinfo *info) {
    node->info = *info;
    size_t size = info->ai_addrlen < sizeof(node->address) ? info->ai_addrlen : sizeof(node->address);
    if (info->ai_addr != NULL)
        memcpy(&node->address, info->ai_addr, size);
}

int addrinfo_musl_keep(struct addrinfo **list, bool (*keep)(const struct addrinfo *info, const void *context),
                       const void *context) {
    struct addrinfo *given = *list;
    struct musl_node *nodes = NULL;
    size_t count = 0, all = 0, copied = 0;
    for (const struct addrinfo *info = given; info != NULL && all < MUSL_NODES_MAX; info = info->ai_next, all++)
        count += keep(info, context);
    if (count == all)
        return 0;
    if (count > 0)
        nodes = make_block(count, given->ai_canonname);
    for (const struct addrinfo *info = given; nodes != NULL && copied < count; info = info->ai_next)
        if (keep(info, context))
            take_node(&nodes[copied++], info);
    *list = nodes == NULL ? NULL : link_block(nodes, count, given->ai_canonname != NULL);
    freeaddrinfo(given);
    return count > 0 && nodes == NULL ? EAI_MEMORY : 0;
}
