/*
 * Implementation notes
 *
 * One query for a name and type is in flight at a time. The first caller leads: it asks external DNS. The others join:
 * they wait on a futex for the word of the flight's place, and then share what the leader found.
 *
 * The values of a place:
 *   serial       counts the flights of this place, and is the word that the others wait for. A caller that joined
 *                flight N sees N + 1 when it has ended
 *   deadline_ms  the leader's deadline; 0 if the place is vacant. Past it the place is free, whatever the leader does
 *   leader       the address of a thread's own variable, so that what a thread has left behind is found; NULL if a
 *                thread of ours leads, in which no signal handler runs
 *   failed, failure   how the last flight ended, for those that still have to read it
 *
 * A flight ends in one of four ways: the leader lands, with an answer in the cache or with a failure; its deadline
 * passes; the leader was jumped out of, and its thread comes back or ends (flights_abandon()); or the process was
 * copied, and the leader is not in the copy (flights_adopt()). After the last three the others board again.
 *
 * A waiter reads how the flight ended from the place, which remembers it until the next flight there has ended. If it
 * comes later than that, it boards again.
 *
 * Left out: there is no list of waiters, and no count of them. A signal handler may jump out of the wait, and leaves
 * nothing behind. The table has 256 places and is searched from its beginning: it is as long as the most flights that
 * were ever in the air together.
 */
#include "originbypass/lookup/flights.h"

#include <stdatomic.h>
#include <string.h>

#include "originbypass/guest/clock.h"
#include "originbypass/guest/lock.h"

/* A place is free once its deadline is over. Its word changes at each landing, and the waiting threads see it. */
struct flight_place {
    _Atomic uint32_t serial;
    uint64_t deadline_ms; /* 0: no flight */
    const void *leader;   /* the leading thread's `self`; NULL: a thread that no handler jumps out of */
    enum record_types type;
    bool failed; /* how the flight before this serial ended */
    struct failure failure;
    struct name name;
};

/* If there are more lookups than this at the same time, each for a different name, the others ask for themselves. */
#define PLACE_COUNT 256

static struct flight_place places[PLACE_COUNT];
static __thread char self;    /* its address */
static uint32_t places_begun; /* the places after these were never used, and their memory is not resident */
static struct lock lock = {PTHREAD_MUTEX_INITIALIZER};

static bool is_flight_of(const struct flight_place *place, const struct name *name, enum record_types type) {
    return place->type == type && place->name.hash == name->hash && place->name.length == name->length &&
           memcmp(place->name.words, name->words, name_words(name->length) * sizeof(uint64_t)) == 0;
}

/* The leader will not land, or not for us. */
static void lose_flight(struct flight_place *place) {
    place->failed = true;
    place->failure = (struct failure){0};
    place->deadline_ms = 0;
    place->serial++;
}

/* The place of the name's flight, or a vacant one; PLACE_COUNT: there is neither. */
static uint32_t find_flight_place(const struct name *name, enum record_types type, uint64_t now_ms, bool *in_the_air) {
    uint32_t vacant = places_begun;
    for (uint32_t i = 0; i < places_begun; i++) {
        *in_the_air = places[i].deadline_ms > now_ms && is_flight_of(&places[i], name, type);
        if (*in_the_air)
            return i;
        if (places[i].deadline_ms <= now_ms)
            vacant = i;
    }
    *in_the_air = false;
    return vacant;
}

static void begin_flight(uint32_t vacant, const struct name *name, enum record_types type, uint64_t deadline_ms) {
    struct flight_place *place = &places[vacant];
    if (vacant == places_begun)
        places_begun++;
    if (place->deadline_ms != 0)
        lose_flight(place);
    place->deadline_ms = deadline_ms;
    place->leader = &self;
    place->type = type;
    place->name.hash = name->hash;
    place->name.length = name->length;
    memcpy(place->name.words, name->words, name_words(name->length) * sizeof(uint64_t));
}

static enum flight_part board(const struct name *name, enum record_types type, uint64_t deadline_ms, uint64_t now_ms,
                              struct flight *flight) {
    bool in_the_air;
    uint32_t i = find_flight_place(name, type, now_ms, &in_the_air);
    if (i == PLACE_COUNT)
        return FLIGHT_ALONE;
    if (!in_the_air)
        begin_flight(i, name, type, deadline_ms);
    *flight = (struct flight){i, places[i].serial};
    return in_the_air ? FLIGHT_JOINS : FLIGHT_LEADS;
}

enum flight_part flight_board(const struct name *name, enum record_types type, uint64_t deadline_ms, uint64_t now_ms,
                              struct flight *flight) {
    lock_acquire(&lock);
    enum flight_part part = board(name, type, deadline_ms, now_ms, flight);
    lock_release(&lock);
    return part;
}

bool flight_board_as_guest(const struct name *name, enum record_types type, uint64_t now_ms, struct flight *flight) {
    bool in_the_air;
    lock_acquire(&lock);
    uint32_t i = find_flight_place(name, type, now_ms, &in_the_air);
    if (in_the_air)
        *flight = (struct flight){i, places[i].serial};
    lock_release(&lock);
    return in_the_air;
}

void flight_land(const struct flight *flight, const struct failure *failure) {
    struct flight_place *place = &places[flight->place];
    lock_acquire(&lock);
    bool ours = place->serial == flight->serial && place->deadline_ms != 0;
    if (ours) {
        place->failed = failure != NULL;
        place->failure = failure != NULL ? *failure : (struct failure){0};
        place->deadline_ms = 0;
        place->serial++;
    }
    lock_release(&lock);
    if (ours)
        process_wake(&place->serial);
}

void flight_hand_over(const struct flight *flight) {
    struct flight_place *place = &places[flight->place];
    lock_acquire(&lock);
    if (place->serial == flight->serial)
        place->leader = NULL;
    lock_release(&lock);
}

void flights_abandon(void) {
    for (uint32_t i = 0; i < PLACE_COUNT; i++) {
        lock_acquire(&lock);
        bool ours = places[i].deadline_ms != 0 && places[i].leader == &self;
        if (ours)
            lose_flight(&places[i]);
        lock_release(&lock);
        if (ours)
            process_wake(&places[i].serial);
    }
}

/* How the flight ended. Its place remembers this until the next flight there has ended too. */
static enum flight_end ended(const struct flight_place *place, uint32_t serial, struct failure *failure) {
    if (place->serial != serial + 1)
        return FLIGHT_EXPIRED;
    *failure = place->failure;
    if (!place->failed)
        return FLIGHT_LANDED;
    return failure->reason[0] == '\0' ? FLIGHT_EXPIRED : FLIGHT_FAILED;
}

enum flight_end flight_wait(const struct process_section *section, const struct flight *flight, uint64_t until_ms,
                            struct failure *failure) {
    struct flight_place *place = &places[flight->place];
    for (;;) {
        lock_acquire(&lock);
        bool over = place->serial != flight->serial || place->deadline_ms == 0;
        uint64_t end_ms = place->deadline_ms < until_ms ? place->deadline_ms : until_ms;
        enum flight_end end = over ? ended(place, flight->serial, failure) : FLIGHT_EXPIRED;
        lock_release(&lock);
        if (over || clock_now_ms() >= end_ms)
            return end;
        process_wait(section, &place->serial, flight->serial, end_ms);
        if (process_is_copy()) /* a handler made the copy, and the lock cannot be trusted yet */
            return FLIGHT_EXPIRED;
    }
}

void flights_adopt(void) {
    lock_adopt(&lock);
    for (uint32_t i = 0; i < places_begun; i++)
        if (places[i].deadline_ms != 0)
            lose_flight(&places[i]);
}
