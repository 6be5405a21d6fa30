/*
 * Lookups of names that nobody has asked for before, at the same server: cold SAMPLES. Compares the library, libc, and
 * plain c-ares with a channel for each lookup. Runs under the library, in the lab that tests/bench/run makes.
 */
#include <ares.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"
#include "subjects.h"

static const struct addrinfo stream = {.ai_socktype = SOCK_STREAM};
static getaddrinfo_function *libc;
static const char *server;

static void look_up_new(getaddrinfo_function *function, char prefix, uint64_t round) {
    char name[64];
    snprintf(name, sizeof(name), "%c-%u.cold.example.net", prefix, (unsigned)round);
    look_up(function, name, "443", &stream);
}

static void with_library(uint64_t round) {
    look_up_new(getaddrinfo, 'o', round);
}
static void with_libc(uint64_t round) {
    look_up_new(libc, 'l', round);
}

static void take(void *given, int status, int timeouts, struct ares_addrinfo *result) {
    int *left = given;
    (void)timeouts;
    if (status != ARES_SUCCESS) {
        fprintf(stderr, "bench: c-ares: %s\n", ares_strerror(status));
        exit(1);
    }
    ares_freeaddrinfo(result);
    --*left;
}

static void wait_for(ares_channel channel) {
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    struct pollfd descriptors[ARES_GETSOCK_MAXNUM];
    int bits = ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
    nfds_t count = 0;
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++)
        if (ARES_GETSOCK_READABLE(bits, i) || ARES_GETSOCK_WRITABLE(bits, i))
            descriptors[count++] = (struct pollfd){
                .fd = sockets[i], .events = (short)(ARES_GETSOCK_WRITABLE(bits, i) ? POLLIN | POLLOUT : POLLIN)};
    poll(descriptors, count, 1000);
    for (nfds_t i = 0; i < count; i++)
        ares_process_fd(channel, (descriptors[i].revents & (POLLIN | POLLERR)) ? descriptors[i].fd : ARES_SOCKET_BAD,
                        (descriptors[i].revents & POLLOUT) ? descriptors[i].fd : ARES_SOCKET_BAD);
}

static void with_ares(uint64_t round) {
    static const struct ares_addrinfo_hints hints = {.ai_socktype = SOCK_STREAM};
    struct ares_options options = {.lookups = (char *)"b"};
    ares_channel channel;
    char name[64];
    int left = 1;
    snprintf(name, sizeof(name), "a-%u.cold.example.net", (unsigned)round);
    if (ares_init_options(&channel, &options, ARES_OPT_LOOKUPS) != ARES_SUCCESS ||
        ares_set_servers_csv(channel, server) != ARES_SUCCESS)
        give_up("c-ares");
    ares_getaddrinfo(channel, name, "443", &hints, take, &left);
    while (left > 0)
        wait_for(channel);
    ares_destroy(channel);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fputs("usage: cold SERVER SAMPLES\n", stderr);
        return 2;
    }
    server = argv[1];
    libc = libc_getaddrinfo();
    ares_library_init(ARES_LIB_INIT_ALL);
    measure("cold", "2 addresses",
            (const struct subject[]){{"library", with_library}, {"libc", with_libc}, {"c-ares alone", with_ares}}, 3, 1,
            (uint32_t)atoi(argv[2]), 10);
    return 0;
}
