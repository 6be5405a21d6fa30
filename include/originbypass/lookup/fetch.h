#ifndef ORIGINBYPASS_LOOKUP_FETCH_H
#define ORIGINBYPASS_LOOKUP_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "originbypass/config/config.h"
#include "originbypass/guest/process.h"
#include "originbypass/in_force/in_force.h"
#include "originbypass/lookup/flights.h"
#include "originbypass/upstream/upstream.h"
#include "originbypass/values/answer.h"
#include "originbypass/values/name.h"

/**
 * Asks external DNS for a name's records, with one query in flight for each name and type. The cache has the answers
 * afterwards. A fetch belongs to one thread at a time, which is inside (process_enter()).
 */
struct fetch {
    const struct name *name;
    const char *host;                     /**< the name for messages, as the program wrote it */
    const struct address *instead_of;     /**< libc's edge, with `when = "edge"`; NULL: libc was not asked */
    const struct in_force *configuration; /**< the caller's, which holds it as long as the fetch lasts */
    const struct host_settings *settings;
    uint64_t began_ms, deadline_ms;       /**< on clock_now_ms() */
    uint64_t retry_ms[RECORD_TYPE_COUNT]; /**< the cache's; after fetch_board(), until when others are kept away */
    uint32_t generation;                  /**< cache_generation() under the configuration */
    enum record_types leads, joins;       /**< of the last boarding: what we ask for, and what others ask for */
    enum record_types landed, failed;     /**< what others asked for: the cache has it, or it failed */
    enum record_types alone;              /**< to be asked for without a flight, because the cache does not keep it */
    bool lands[RECORD_TYPE_COUNT];        /**< for what we lead: whether there is a flight for us to land */
    struct flight flights[RECORD_TYPE_COUNT];
    struct upstream_plan plan;                 /**< for what we lead */
    struct answer *answers[RECORD_TYPE_COUNT]; /**< what we got; freed by fetch_end() */
    struct failure failure;                    /**< why there is no answer */
    bool in_doubt;                             /**< an answer is believed only when it comes again */
    enum record_types asks;                    /**< the part of what we lead that the upstreams are asked for */
    struct race *race;                         /**< the race that is under way; NULL: none */
    struct upstream_result result;             /**< what the upstreams have said so far */
    enum record_types follows;                 /**< the types whose alias targets the race asks for; 0: none */
    struct host_settings general;              /**< the settings for asking for these targets */
};

/** `retry_ms` is what the cache says about the name. `name` and `host` stay the caller's. */
struct fetch fetch_begin(const struct name *name, const char *host, const struct in_force *configuration,
                         const struct host_settings *settings, const uint64_t retry_ms[static RECORD_TYPE_COUNT]);
void fetch_end(struct fetch *fetch);

/**
 * Lead the flights of these types, or join those that are in the air. If `plan.count` is 0, no upstream is worth
 * asking, and leading takes no time. Until the fetch is over, other callers that have an old answer do not ask for what
 * we lead.
 */
void fetch_board(struct fetch *fetch, enum record_types types);

/** Join the flights of these types that are in the air, and lead nothing. */
void fetch_board_as_guest(struct fetch *fetch, enum record_types types);

/**
 * Ask for what we lead, unless it has come meanwhile; remember it, and land. Types that a signal handler interrupted
 * are in neither `landed` nor `failed`: board again.
 */
void fetch_lead(const struct process_section *section, struct fetch *fetch);

/**
 * The same in steps, none of which waits. fetch_begin_to_lead() returns false if the fetch is over at once. Otherwise
 * call fetch_go_on() whenever the race is due or has something to read (upstream_due_ms(), upstream_descriptors()),
 * until it returns true: then the fetch is over.
 */
bool fetch_begin_to_lead(struct fetch *fetch);
bool fetch_go_on(struct fetch *fetch);

/** Land what we lead without having asked. */
void fetch_give_up(struct fetch *fetch, const char *reason);

/**
 * Wait for what others ask for, at most until `until_ms`. What was lost meanwhile is in neither `landed` nor `failed`.
 */
void fetch_join(const struct process_section *section, struct fetch *fetch, uint64_t until_ms);

#endif
