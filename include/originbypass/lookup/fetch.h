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
 * External DNS is asked for a name's records, one query in flight a name and type, and the cache has the answers
 * afterwards. A fetch belongs to one thread at a time, which is inside (process_enter()).
 */
struct fetch {
    const struct name *name;
    const char *host;                     /**< the name for messages, as the program wrote it */
    const struct in_force *configuration; /**< the caller's, who holds it as long as the fetch lasts */
    const struct host_settings *settings;
    uint64_t began_ms, deadline_ms;       /**< on clock_now_ms() */
    uint64_t retry_ms[RECORD_TYPE_COUNT]; /**< the cache's, or since fetch_board() till when others are kept away */
    uint32_t generation;                  /**< cache_generation() under the configuration */
    enum record_types leads, joins;       /**< of the last boarding: what is ours to ask, and what others ask */
    enum record_types landed, failed;     /**< what others asked for: the cache has it, or there is none */
    enum record_types alone;              /**< what is to be asked for without a flight: the cache does not keep it */
    bool lands[RECORD_TYPE_COUNT];        /**< of what we lead: whether others wait for us to land */
    struct flight flights[RECORD_TYPE_COUNT];
    struct upstream_plan plan;                 /**< for what we lead */
    struct answer *answers[RECORD_TYPE_COUNT]; /**< what we got; freed by fetch_end() */
    struct failure failure;                    /**< where there is none */
    bool in_doubt;                             /**< what was said is believed when it is said again */
    enum record_types asks;                    /**< what the upstreams are asked for, of what we lead */
    struct race *race;                         /**< under way; NULL: none is */
    struct upstream_result result;             /**< what the upstreams have said so far */
    enum record_types follows;                 /**< the aliases whose targets the race asks for; 0: none */
    struct host_settings general;              /**< the settings that these are asked for with */
};

/** `retry_ms` is what the cache says of the name. `name` and `host` stay the caller's. */
struct fetch fetch_begin(const struct name *name, const char *host, const struct in_force *configuration,
                         const struct host_settings *settings, const uint64_t retry_ms[static RECORD_TYPE_COUNT]);
void fetch_end(struct fetch *fetch);

/**
 * Lead the flights of these types, or join those that are in the air. With `plan.count` 0 no upstream is worth asking,
 * and to lead takes no time. Until the fetch is over, other callers that have an old answer do not ask for what is led.
 */
void fetch_board(struct fetch *fetch, enum record_types types);

/** Join what is in the air of these types, and lead nothing. */
void fetch_board_as_guest(struct fetch *fetch, enum record_types types);

/**
 * Ask for what we lead, unless it has come meanwhile; remember it, and land. What a signal handler came between is in
 * neither `landed` nor `failed`: board again.
 */
void fetch_lead(const struct process_section *section, struct fetch *fetch);

/**
 * The same in steps, none of which waits. Begin: false, where it is over at once. Then go on whenever the race is due
 * or has something to read (upstream_due_ms(), upstream_descriptors()), until it says true: it is over.
 */
bool fetch_begin_to_lead(struct fetch *fetch);
bool fetch_go_on(struct fetch *fetch);

/** Land what we lead without having asked. */
void fetch_give_up(struct fetch *fetch, const char *reason);

/** Wait for what others ask, at most until `until_ms`; what was lost meanwhile is in neither `landed` nor `failed`. */
void fetch_join(const struct process_section *section, struct fetch *fetch, uint64_t until_ms);

#endif
