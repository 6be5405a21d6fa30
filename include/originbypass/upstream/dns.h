#ifndef ORIGINBYPASS_UPSTREAM_DNS_H
#define ORIGINBYPASS_UPSTREAM_DNS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/values/answer.h"

/**
 * One question to one server: the A or AAAA records of a name, or both at once (RFC 1035, EDNS(0) of RFC 6891, cookies
 * of RFC 7873), each type over UDP from a socket and port of its own, and over TCP if its answer is truncated or lacks
 * the right cookie; what happens to one does not affect the other. /etc/resolv.conf, /etc/hosts and the environment
 * have no influence. A query belongs to one thread; different threads may have their own.
 */
struct dns_query;

/** What has become of one record type's question. */
enum dns_state {
    DNS_NOT_ASKED,
    DNS_WAITING,
    DNS_ANSWERED, /**< `answer` says what: addresses, no name, no record, a dangling chain */
    DNS_FAILED,   /**< `reason` says why */
};

/** What a failure says of the server. */
enum dns_failure {
    DNS_REFUSING,    /**< it is there, but its reply is of no use */
    DNS_TRUNCATED,   /**< it is there, but its answer is too long for UDP, and did not come over TCP */
    DNS_SILENT,      /**< it sent nothing */
    DNS_UNREACHABLE, /**< the network has no route to it, or nothing listens there */
    DNS_OUR_FAULT,   /**< nothing: there was no descriptor or no memory for the question */
};

struct dns_reply {
    enum dns_state state;
    enum dns_failure failure; /**< if it failed */
    bool no_recovery;         /**< DNS_FAILED: message_is_final_failure() */
    const char *reason;       /**< static text */
    struct answer *answer;    /**< on the heap; the query's until dns_take() */
};

/** Send the question. NULL: no memory. A network error is reported in the replies. Signals must be blocked. */
struct dns_query *dns_ask(const struct server_address *server, const char *name, enum record_types types,
                          uint32_t timeout_ms);

/** What carries the question. */
enum dns_transport {
    DNS_OVER_UDP, /**< and over TCP if the reply is truncated */
    DNS_OVER_TCP, /**< only over TCP (RFC 7766) */
};

/** Like dns_ask(), over this transport. */
struct dns_query *dns_ask_over(enum dns_transport transport, const struct server_address *server, const char *name,
                               enum record_types types, uint32_t timeout_ms);

/** The descriptors to wait for, as poll(2) takes them; returns how many of the `room` were filled. */
size_t dns_descriptors(const struct dns_query *query, struct pollfd *descriptors, size_t room);

/** The most descriptors to wait for: one for each type. */
#define DNS_DESCRIPTORS_MAX 2

/** Process what poll(2) reported, and the timeouts. */
void dns_process(struct dns_query *query, const struct pollfd *descriptors, size_t count);

/** What became of the question for one type, by its place (0: A, 1: AAAA). */
const struct dns_reply *dns_reply(const struct dns_query *query, size_t type);

/** Whether any reply came from the server. A truncated one also counts, while it is asked for again over TCP. */
bool dns_was_heard(const struct dns_query *query);

/** Whether the program has closed a socket of the query, or put another file at its number. */
bool dns_lost_socket(const struct dns_query *query);

/** Take the answer. The caller frees it with free(3). */
struct answer *dns_take(struct dns_query *query, size_t type);

/** Drop the query and all replies that are still to come. NULL is allowed. */
void dns_end(struct dns_query *query);

#endif
