#ifndef ORIGINBYPASS_LOOKUP_FLIGHTS_H
#define ORIGINBYPASS_LOOKUP_FLIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "originbypass/guest/process.h"
#include "originbypass/values/answer.h"
#include "originbypass/values/failure.h"
#include "originbypass/values/name.h"

/*
 * One query is in flight for each name and record type. The first caller that asks leads; the others wait for it and
 * then share what it found. A flight ends at its deadline even if its leader never lands, for example because a signal
 * handler jumped out of it (flights_abandon()).
 */

/** A caller's part in a flight. */
struct flight {
    uint32_t place;  /**< in the table */
    uint32_t serial; /**< of the flight in that place */
};

enum flight_part {
    FLIGHT_LEADS, /**< the caller asks, and calls flight_land() */
    FLIGHT_JOINS, /**< another caller asks; this one calls flight_wait() */
    FLIGHT_ALONE, /**< the table is full: the caller asks for itself, and has nothing to land */
};

/** Lead or join the flight of a name and type. Signals must be blocked (process_enter()). Thread-safe. */
enum flight_part flight_board(const struct name *name, enum record_types type, uint64_t deadline_ms, uint64_t now_ms,
                              struct flight *flight);

/** Join the flight of a name and type, if it is in the air. Signals must be blocked. Thread-safe. */
bool flight_board_as_guest(const struct name *name, enum record_types type, uint64_t now_ms, struct flight *flight);

/** The leader is done: the answer is in the cache (NULL), or `failure` says why there is none. Signals blocked. */
void flight_land(const struct flight *flight, const struct failure *failure);

/** Another thread leads from now on, one in which no signal handler runs. Signals must be blocked. Thread-safe. */
void flight_hand_over(const struct flight *flight);

/**
 * The calling thread has abandoned the flights that it leads: those that wait must board again. Signals must be
 * blocked.
 */
void flights_abandon(void);

enum flight_end {
    FLIGHT_LANDED,  /**< the answer is in the cache, fresh or not */
    FLIGHT_FAILED,  /**< the leader got no answer: `failure` says why */
    FLIGHT_EXPIRED, /**< the deadline has passed, or the leader is lost: board again while there is time */
};

/** Wait for the flight that was joined, at most until `until_ms`. Signals are let in. Thread-safe. */
enum flight_end flight_wait(const struct process_section *section, const struct flight *flight, uint64_t until_ms,
                            struct failure *failure);

/** To be called in a new copy of the process: the flights are the parent's, and nobody waits for them here. */
void flights_adopt(void);

#endif
