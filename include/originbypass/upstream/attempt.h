#ifndef ORIGINBYPASS_UPSTREAM_ATTEMPT_H
#define ORIGINBYPASS_UPSTREAM_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "originbypass/guest/process.h"
#include "originbypass/upstream/dns.h"
#include "originbypass/values/answer.h"

/** One query to one upstream, and what it shows about the upstream's health. Belongs to one thread. */
struct attempt {
    const struct server_address *server; /**< the caller's, until attempt_end() */
    struct dns_query *query;             /**< NULL: no memory for it */
    uint64_t asked_ms;                   /**< on clock_now_ms() */
    uint32_t questions;                  /**< one for each type that was asked for */
    bool heard;                          /**< a reply came, whatever it said */
    bool failed;                         /**< one of the questions has failed: another upstream can be asked at once */
    enum record_types ended;             /**< the questions whose ends have been counted */
    size_t polled;                       /**< how many of its descriptors are waited for */
};

/** Send the question. Signals must be blocked. */
struct attempt attempt_begin(const struct server_address *server, const char *name, enum record_types types,
                             uint32_t timeout_ms);

/** Take note of what has come. Call it after each dns_process(). */
void attempt_look(struct attempt *attempt);

/** Whether an answer for one of these types can still come. */
bool attempt_is_waiting(const struct attempt *attempt, enum record_types types);

/** Drop the query. Silence counts against the upstream if it lasted at least `patience_ms`. */
void attempt_end(struct attempt *attempt, uint32_t patience_ms);

/**
 * Begin to probe an upstream beside the traffic (beside_run()): ask it for `name`. False: it cannot be done now.
 * Thread-safe.
 */
bool attempt_probe(const struct server_address *server, const char *name, uint32_t timeout_ms);

#endif
