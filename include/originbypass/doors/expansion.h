#ifndef ORIGINBYPASS_DOORS_EXPANSION_H
#define ORIGINBYPASS_DOORS_EXPANSION_H

#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What a service and hints mean before there is an address, in libc's own words; and a table of fixed size that
 * remembers it, because libc reads /etc/services for a name and asks the kernel for AI_ADDRCONFIG. Writers take a lock;
 * a reader takes none and writes to no memory that another reader reads (a sequence lock, as in the cache).
 */

/** One node of libc's list. */
struct expansion_node {
    int32_t protocol;
    in_port_t port;   /**< in network byte order */
    uint8_t family;   /**< AF_INET or AF_INET6 */
    uint8_t socktype; /**< SOCK_STREAM and its kin are small numbers everywhere */
};

/** For each family more than glibc's whole table of socket types and protocols; without hints it makes 6 nodes. */
#define EXPANSION_NODES_MAX 32

/** ai_flags that libc puts in place of hints that are not given. */
#ifdef __GLIBC__
#define EXPANSION_FLAGS_WITHOUT_HINTS (AI_V4MAPPED | AI_ADDRCONFIG)
#else
#define EXPANSION_FLAGS_WITHOUT_HINTS 0
#endif

/** libc's list, in its order within a family. */
struct expansion {
    int32_t flags;     /**< ai_flags of the nodes: the caller's, or without hints libc's own */
    uint32_t count;    /**< nodes */
    uint64_t until_ms; /**< how long it is good, on clock_recent_ms() */
    struct expansion_node nodes[EXPANSION_NODES_MAX];
};

/**
 * Ask libc for the list of the service, which is not NULL, and the hints, NULL for none. Returns 0 and one node at
 * least, or libc's own error, with its errno. Another preloaded library may answer in libc's place: nodes that do not
 * fit what was asked for are left out, and where no other is there it is EAI_FAMILY. Holds no lock, and takes none of
 * libc's that would hang in the child of a fork(2). Thread-safe; no cancellation point.
 */
int expansion_ask(const char *service, const struct addrinfo *hints, struct expansion *expansion);

/**
 * Copy out what is remembered for the service and the hints. False: nothing that is good at `now_ms`, or (rarely) a
 * writer was in the way; `expansion` is then undefined. Takes no lock. Thread-safe.
 */
bool expansion_recall(const char *service, const struct addrinfo *hints, uint64_t now_ms, struct expansion *expansion);

/**
 * Remember what libc said at `now_ms` (clock_recent_ms()), and set its end: for a minute, because /etc/services may
 * change, or for a second where AI_ADDRCONFIG made libc look at the host's addresses (without hints, too). A service
 * with a long name and a long list are not remembered; where room is short, what is good for the least time leaves.
 * Signals must be blocked (process_section_begin()). Thread-safe.
 */
void expansion_remember(const char *service, const struct addrinfo *hints, uint64_t now_ms,
                        struct expansion *expansion);

/** In a new copy of the process: the thread that held the lock is gone, and what it was writing with it. */
void expansions_adopt(void);

#endif
