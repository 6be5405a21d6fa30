#include "subjects.h"

#include <dlfcn.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *symbol_of(const char *library, int flags, const char *name) {
    void *handle = dlopen(library, flags);
    void *symbol = handle == NULL ? NULL : dlsym(handle, name);
    if (symbol == NULL) {
        fprintf(stderr, "bench: %s\n", dlerror());
        exit(1);
    }
    return symbol;
}

/* ISO C has no conversion between pointers to objects and to functions. */
getaddrinfo_function *libc_getaddrinfo(void) {
    getaddrinfo_function *function;
    void *found = symbol_of("libc.so.6", RTLD_NOW, "getaddrinfo");
    memcpy(&function, &found, sizeof(function));
    return function;
}

gethostbyname_r_function *libc_gethostbyname_r(void) {
    gethostbyname_r_function *function;
    void *found = symbol_of("libc.so.6", RTLD_NOW, "gethostbyname_r");
    memcpy(&function, &found, sizeof(function));
    return function;
}

getaddrinfo_function *nss_wrapper_getaddrinfo(void) {
    getaddrinfo_function *function;
    void *found = symbol_of("libnss_wrapper.so", RTLD_NOW | RTLD_LOCAL, "getaddrinfo");
    memcpy(&function, &found, sizeof(function));
    return function;
}

void look_up(getaddrinfo_function *function, const char *node, const char *service, const struct addrinfo *hints) {
    struct addrinfo *list;
    int error = function(node, service, hints, &list);
    if (error != 0) {
        fprintf(stderr, "bench: %s: %s\n", node, gai_strerror(error));
        exit(1);
    }
    freeaddrinfo(list);
}

/* A node that libc's freeaddrinfo(3) can free: each in one piece of memory. */
struct node {
    struct addrinfo info;
    union {
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } address;
};

static struct addrinfo *make(int family, struct addrinfo *next) {
    struct node *node = malloc(sizeof(*node));
    if (node == NULL)
        abort();
    node->info = (struct addrinfo){.ai_family = family,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_protocol = IPPROTO_TCP,
                                   .ai_addr = (struct sockaddr *)&node->address,
                                   .ai_next = next};
    if (family == AF_INET) {
        node->info.ai_addrlen = sizeof(node->address.ipv4);
        node->address.ipv4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = 443};
    } else {
        node->info.ai_addrlen = sizeof(node->address.ipv6);
        node->address.ipv6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = 443};
    }
    return &node->info;
}

void make_and_free(unsigned ipv4_nodes, unsigned ipv6_nodes) {
    struct addrinfo *list = NULL;
    while (ipv4_nodes-- > 0)
        list = make(AF_INET, list);
    while (ipv6_nodes-- > 0)
        list = make(AF_INET6, list);
    /* Hides from the compiler that the list is not used. */
    __asm__ volatile("" : : "r"(list) : "memory");
    freeaddrinfo(list);
}
