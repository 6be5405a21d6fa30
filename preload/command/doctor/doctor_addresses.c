/* Whether each address of a host takes connections: a program that takes the first, or each in turn, needs them all. */
#include "originbypass/command/doctor/doctor_addresses.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/guest/clock.h"

/* The second SYN leaves after a second, so that one lost packet does not matter. */
enum { LIMIT_MS = 2500, TICK_MS = 50, TRIED_MAX = 16 };

/* Begin to connect. The error is EINPROGRESS while it is not known whether the connection is taken. */
static struct pollfd begin_connection(const struct address *address, uint16_t port, int *error) {
    union doctor_socket_address to;
    socklen_t size = doctor_socket_address(address, port, &to);
    struct pollfd connection = {.fd = socket(address->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                                .events = POLLOUT};
    *error = connection.fd >= 0 && connect(connection.fd, &to.any, size) == 0 ? 0 : errno;
    return connection;
}

/* Until all are taken or refused, or the time is over. */
static void wait_for_connections(struct pollfd *connections, int *errors, size_t count) {
    uint64_t end_ms = clock_now_ms() + LIMIT_MS;
    for (size_t waiting = count; waiting > 0 && clock_now_ms() < end_ms;) {
        poll(connections, count, TICK_MS);
        waiting = 0;
        for (size_t i = 0; i < count; i++) {
            socklen_t size = sizeof(errors[i]);
            if (errors[i] == EINPROGRESS && connections[i].revents != 0) {
                getsockopt(connections[i].fd, SOL_SOCKET, SO_ERROR, &errors[i], &size);
                connections[i].fd = ~connections[i].fd; /* which poll(2) passes over */
            }
            waiting += errors[i] == EINPROGRESS;
        }
    }
}

static void tell_dead(const struct address_set *dead, size_t tried, const char *port, const char *about) {
    char *addresses = address_set_text(dead);
    findings_tell(&(struct finding){FINDING_BAD, "url-addresses", about,
                                    "Mend the server there, or take the address out of DNS or of addresses in the "
                                    "configuration file"},
                  "%zu of %zu addresses do not take a connection to port %s (%s): a program that takes them in turn "
                  "fails or waits each time that it is their turn",
                  dead->count, tried, port, addresses);
    free(addresses);
}

/* No route is this host's fault and not the origin's, and is reported elsewhere. */
static struct address_set those_with_route(const struct address_set *set) {
    struct address_set routed = {0};
    for (size_t i = 0; i < set->count && routed.count < TRIED_MAX; i++) {
        struct address_set one = {1, &set->list[i]};
        if (doctor_has_route(&one))
            address_set_add(&routed, &set->list[i]);
    }
    return routed;
}

void doctor_addresses(const struct address_set *set, const char *port, const char *about) {
    struct pollfd connections[TRIED_MAX];
    int errors[TRIED_MAX];
    struct address_set tried = those_with_route(set), dead = {0};
    for (size_t i = 0; i < tried.count; i++)
        connections[i] = begin_connection(&tried.list[i], (uint16_t)strtoul(port, NULL, 10), &errors[i]);
    wait_for_connections(connections, errors, tried.count);
    for (size_t i = 0; i < tried.count; i++) {
        if (errors[i] != 0)
            address_set_add(&dead, &tried.list[i]);
        int descriptor = connections[i].fd;
        if (descriptor != -1)
            close(descriptor < 0 ? ~descriptor : descriptor);
    }
    if (dead.count > 0)
        tell_dead(&dead, tried.count, port, about);
    address_set_free(&tried);
    address_set_free(&dead);
}
