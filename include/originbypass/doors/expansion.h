#ifndef ORIGINBYPASS_DOORS_EXPANSION_H
#define ORIGINBYPASS_DOORS_EXPANSION_H

#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What a service and hints mean before there is an address, as libc itself reports it. A table of fixed size remembers
 * this, because libc reads /etc/services for a service name and asks the kernel for AI_ADDRCONFIG. Writers take a lock;
 * a reader takes none and writes to no memory that another reader reads (a sequence lock, as in the cache).
 */

/** One node of libc's list. */
struct expansion_node {
    int32_t protocol;
    in_port_t port;   /**< in network byte order */
    uint8_t family;   /**< AF_INET or AF_INET6 */
    uint8_t socktype; /**< SOCK_STREAM and similar values are small numbers everywhere */
};

/**
 * For each family this is more than glibc's whole table of socket types and protocols. Without hints, glibc makes 6
 * nodes.
 */
#define EXPANSION_NODES_MAX 32

/** The ai_flags that glibc uses if no hints are given. */
#define EXPANSION_FLAGS_WITHOUT_HINTS (AI_V4MAPPED | AI_ADDRCONFIG)

/** libc's list, in its order within a family. */
struct expansion {
    int32_t flags;     /**< what counts as the caller's ai_flags: if there are no hints, libc's own */
    uint32_t count;    /**< nodes */
    uint64_t until_ms; /**< how long it is valid, on clock_recent_ms() */
    struct expansion_node nodes[EXPANSION_NODES_MAX];
};

/**
 * Ask libc for the list for the service (NULL, only on musl: none) and the hints (NULL: none). Returns 0 and at least
 * one node, or libc's own error, with its errno. Another preloaded library may answer instead of libc: nodes that do
 * not fit what was asked for are left out, and if no node is left, the error is EAI_FAMILY. Holds no lock, and takes no
 * lock of libc that would hang in the child of a fork(2). Thread-safe; not a cancellation point.
 */
int expansion_ask(const char *service, const struct addrinfo *hints, struct expansion *expansion);

/**
 * Copy what is remembered for the service and the hints. False: nothing is valid at `now_ms`, or (rarely) a writer was
 * active; `expansion` is then undefined. Takes no lock. Thread-safe.
 */
bool expansion_recall(const char *service, const struct addrinfo *hints, uint64_t now_ms, struct expansion *expansion);

/**
 * Remember what libc said at `now_ms` (clock_recent_ms()), and set when it expires: after a minute, because
 * /etc/services may change, or after a second if AI_ADDRCONFIG made libc look at the host's addresses (also without
 * hints). A service with a long name is not remembered, and neither is a long list. If there is no room, the entry that
 * expires first is replaced. Signals must be blocked (process_section_begin()). Thread-safe.
 */
void expansion_remember(const char *service, const struct addrinfo *hints, uint64_t now_ms,
                        struct expansion *expansion);

/**
 * To be called in a new copy of the process: the thread that held the lock is gone, and what it was writing is lost.
 */
void expansions_adopt(void);

#endif
