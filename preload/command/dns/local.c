#include "originbypass/command/dns/local.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "originbypass/command/dns/native.h"

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- in the child ------------------------------------------------------------------------------------------------- */

static void send_piece(int pipe, const void *data, size_t size) {
    if (write(pipe, data, size) != (ssize_t)size)
        _exit(1);
}

static void look_up(const char *host, int pipe) {
    struct addrinfo *list = NULL;
    int problem = native_getaddrinfo(host, NULL, &(struct addrinfo){.ai_socktype = SOCK_STREAM}, &list);
    send_piece(pipe, &problem, sizeof(problem));
    for (const struct addrinfo *entry = problem == 0 ? list : NULL; entry != NULL; entry = entry->ai_next) {
        struct address address;
        if (address_of_socket(entry->ai_addr, &address))
            send_piece(pipe, &address, sizeof(address));
    }
    _exit(0);
}

/* --- in the parent ------------------------------------------------------------------------------------------------ */

struct local_lookup local_begin(const char *host) {
    struct local_lookup lookup = {.child = -1, .pipe = -1, .began_ms = now_ms()};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return lookup;
    fflush(NULL);
    lookup.child = fork();
    if (lookup.child == 0) {
        close(ends[0]);
        look_up(host, ends[1]);
    }
    close(ends[1]);
    lookup.pipe = ends[0];
    return lookup;
}

/*
 * False: the other end is closed, or the time is over. Each piece was written by one write(2), so one read(2) gets it.
 */
static bool receive_piece(const struct local_lookup *lookup, void *data, size_t size) {
    for (;;) {
        uint64_t passed_ms = now_ms() - lookup->began_ms;
        struct pollfd ready = {.fd = lookup->pipe, .events = POLLIN};
        int count = poll(&ready, 1, passed_ms < LOCAL_LIMIT_MS ? (int)(LOCAL_LIMIT_MS - passed_ms) : 0);
        if (count > 0)
            return read(lookup->pipe, data, size) == (ssize_t)size;
        if (count == 0 || errno != EINTR)
            return false;
    }
}

int local_end(struct local_lookup *lookup, struct address_set *set) {
    int problem = lookup->pipe < 0 || lookup->child < 0 ? EAI_MEMORY : LOCAL_SILENT;
    struct address address;
    if (problem == LOCAL_SILENT && receive_piece(lookup, &problem, sizeof(problem)) && problem == 0)
        while (receive_piece(lookup, &address, sizeof(address)))
            address_set_add(set, &address);
    if (lookup->pipe >= 0)
        close(lookup->pipe);
    if (lookup->child > 0 && kill(lookup->child, SIGKILL) == 0)
        waitpid(lookup->child, NULL, 0);
    return problem;
}

int local_resolve(const char *host, struct address_set *set) {
    struct local_lookup lookup = local_begin(host);
    return local_end(&lookup, set);
}

const char *local_problem_text(int problem) {
    return problem == LOCAL_SILENT ? "it has not answered within 4 s" : gai_strerror(problem);
}
