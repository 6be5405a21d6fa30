#ifndef ORIGINBYPASS_UPSTREAM_HEALTH_H
#define ORIGINBYPASS_UPSTREAM_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/values/address.h"

/*
 * What is known about each upstream, for all threads: whether it answers, and how much. Times are on clock_now_ms().
 * The table has a fixed size: upstreams for which it has no room always count as good. All of this is thread-safe, and
 * only health_answered() and health_unanswered() take a lock.
 */

enum health_state {
    HEALTH_GOOD,
    HEALTH_SKIPPED, /**< it left a query unanswered: asked only when no good one has answered */
    HEALTH_DOWN,    /**< it left three queries in a row unanswered: asked only by probes */
};

enum health_state health_state(const struct server_address *server);

/** A reply came after `round_trip_ms`. The server is there, whatever the reply says. Signals must be blocked. */
void health_answered(const struct server_address *server, uint32_t round_trip_ms, uint64_t now_ms);

/**
 * This many queries, asked at `asked_ms`, have not been answered until now; `why` is for the message. They do not count
 * if the server has answered others since. Signals must be blocked.
 */
void health_unanswered(const struct server_address *server, uint32_t queries, const char *why, uint64_t asked_ms,
                       uint64_t now_ms);

/** A query was sent to the server, or one has failed there. Only for the statistics. */
void health_count_query(const struct server_address *server);
void health_count_failure(const struct server_address *server);

/**
 * Whether the caller must probe the server: the server is not good, and the delay since the last probe is over. The
 * delay doubles from 1 s to 60 s, with jitter. One caller gets true; others get false until the next delay is over.
 */
bool health_claim_probe(const struct server_address *server, uint64_t now_ms);

/**
 * Whether nothing was learned about a server that is not good for twice the delay between its probes. Then nobody has
 * asked it for so long, or the process is a copy of one in which nobody has. While lookups come often, they probe the
 * server, and what is known never gets that old.
 */
bool health_is_outdated(const struct server_address *server, uint64_t now_ms);

/** The statistics of one upstream since load or fork(2). */
struct health_figures {
    struct server_address server;
    enum health_state state;
    uint64_t queries, failures, replies;
    uint64_t round_trips_ms; /**< the sum over all replies */
};

/** Get the statistics of the upstream in a place of the table; false: the place is empty. Begin with place 0. */
bool health_read(size_t place, struct health_figures *figures);
#define HEALTH_PLACES 256

/**
 * To be called in a new copy of the process: the thread that held the lock is gone, and the statistics begin at zero.
 */
void health_adopt(void);

#endif
