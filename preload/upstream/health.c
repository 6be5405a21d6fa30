#include "originbypass/upstream/health.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#include "originbypass/guest/lock.h"
#include "originbypass/guest/log.h"
#include "originbypass/metrics/counters.h"

enum { DOWN_AFTER = 3, DELAY_FIRST_MS = 1000, DELAY_MAX_MS = 60000 };

/* A place is filled once and never emptied; `filled` is set after the address is there. */
struct place {
    _Atomic uint64_t probe_at_ms;
    _Atomic uint64_t heard_ms; /* when the last reply came; 0: none has */
    _Atomic uint64_t news_ms;  /* when anything was learned */
    _Atomic uint64_t queries, failures, replies, round_trips_ms;
    _Atomic int state;
    _Atomic uint32_t delay_ms;
    uint32_t unanswered; /* in a row; under the lock */
    struct server_address server;
    _Atomic bool filled;
};

static struct place places[HEALTH_PLACES];
static struct lock lock = {PTHREAD_MUTEX_INITIALIZER};

/* ---- the table ---- */

static bool is_same(const struct server_address *a, const struct server_address *b) {
    return a->port == b->port && a->address.family == b->address.family &&
           memcmp(a->address.octets, b->address.octets, address_size(a->address.family)) == 0;
}

static size_t first_place(const struct server_address *server) {
    uint32_t hash = server->port;
    for (size_t i = 0; i < address_size(server->address.family); i++)
        hash = hash * 31 + server->address.octets[i];
    return hash % HEALTH_PLACES;
}

/* The server's place, or the empty place where it would be; NULL: it has none, and all places are taken. */
static struct place *find(const struct server_address *server) {
    size_t first = first_place(server);
    for (size_t i = 0; i < HEALTH_PLACES; i++) {
        struct place *place = &places[(first + i) % HEALTH_PLACES];
        if (!atomic_load_explicit(&place->filled, memory_order_acquire) || is_same(&place->server, server))
            return place;
    }
    return NULL;
}

static struct place *known(const struct server_address *server) {
    struct place *place = find(server);
    return place != NULL && atomic_load_explicit(&place->filled, memory_order_acquire) ? place : NULL;
}

/* Call it under the lock. */
static struct place *take(const struct server_address *server) {
    struct place *place = find(server);
    if (place != NULL && !atomic_load_explicit(&place->filled, memory_order_relaxed)) {
        place->server = *server;
        atomic_store_explicit(&place->filled, true, memory_order_release);
    }
    return place;
}

static struct place *made_known(const struct server_address *server) {
    struct place *place = known(server);
    if (place == NULL) {
        lock_acquire(&lock);
        place = take(server);
        lock_release(&lock);
    }
    return place;
}

/* ---- messages: none of them is written under the lock ---- */

static void tell(enum log_level level, const char *message, const struct server_address *server, const char *reason) {
    char text[SERVER_ADDRESS_TEXT_SIZE];
    server_address_text(server, text);
    log_write(level, message, FIELDS(log_text("upstream", text), log_text("reason", reason)));
}

/* ---- the state ---- */

enum health_state health_state(const struct server_address *server) {
    struct place *place = known(server);
    return place == NULL ? HEALTH_GOOD : (enum health_state)atomic_load_explicit(&place->state, memory_order_acquire);
}

void health_answered(const struct server_address *server, uint32_t round_trip_ms, uint64_t now_ms) {
    struct place *place = made_known(server);
    counters_add(COUNTER_REPLIES);
    counters_add_many(COUNTER_REPLY_MS, round_trip_ms);
    if (place == NULL)
        return;
    atomic_fetch_add_explicit(&place->replies, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&place->round_trips_ms, round_trip_ms, memory_order_relaxed);
    lock_acquire(&lock);
    bool was_down = atomic_load(&place->state) == HEALTH_DOWN;
    place->unanswered = 0;
    atomic_store(&place->heard_ms, now_ms);
    atomic_store(&place->news_ms, now_ms);
    atomic_store(&place->state, HEALTH_GOOD);
    lock_release(&lock);
    if (was_down) {
        counters_add(COUNTER_UPSTREAM_BACKS);
        tell(LOG_LEVEL_INFO, "upstream is back", server, "it has answered a query");
    }
}

/*
 * Between three and five quarters of the delay, so that processes that lost an upstream at the same moment do not probe
 * it at the same time.
 */
static uint64_t with_jitter(uint32_t delay_ms) {
    uint16_t random = UINT16_MAX / 2;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
        random = UINT16_MAX / 2;
    return delay_ms - delay_ms / 4 + (uint64_t)delay_ms * random / (2 * (uint64_t)UINT16_MAX);
}

void health_unanswered(const struct server_address *server, uint32_t queries, const char *why, uint64_t asked_ms,
                       uint64_t now_ms) {
    lock_acquire(&lock);
    struct place *place = take(server);
    bool goes_down = false;
    /*
     * An upstream that has answered others meanwhile is there. Then the problem is this name, for which nobody has an
     * answer.
     */
    if (place != NULL && (atomic_load(&place->heard_ms) == 0 || atomic_load(&place->heard_ms) < asked_ms)) {
        atomic_store(&place->news_ms, now_ms);
        int state = atomic_load(&place->state);
        place->unanswered += queries;
        if (state == HEALTH_GOOD) {
            atomic_store(&place->delay_ms, DELAY_FIRST_MS);
            atomic_store(&place->probe_at_ms, now_ms + with_jitter(DELAY_FIRST_MS));
        }
        goes_down = state != HEALTH_DOWN && place->unanswered >= DOWN_AFTER;
        if (state != HEALTH_DOWN)
            atomic_store(&place->state, goes_down ? HEALTH_DOWN : HEALTH_SKIPPED);
    }
    lock_release(&lock);
    if (goes_down) {
        counters_add(COUNTER_UPSTREAM_DOWNS);
        tell(LOG_LEVEL_WARN, "upstream is down", server, why);
    }
}

bool health_is_outdated(const struct server_address *server, uint64_t now_ms) {
    struct place *place = known(server);
    return place != NULL && now_ms > atomic_load(&place->news_ms) + 2 * (uint64_t)atomic_load(&place->delay_ms);
}

bool health_claim_probe(const struct server_address *server, uint64_t now_ms) {
    struct place *place = known(server);
    if (place == NULL || atomic_load(&place->state) == HEALTH_GOOD)
        return false;
    uint64_t probe_at_ms = atomic_load(&place->probe_at_ms);
    uint32_t delay_ms = atomic_load(&place->delay_ms);
    uint32_t next_ms = delay_ms < DELAY_MAX_MS / 2 ? delay_ms * 2 : DELAY_MAX_MS;
    if (probe_at_ms > now_ms ||
        !atomic_compare_exchange_strong(&place->probe_at_ms, &probe_at_ms, now_ms + with_jitter(next_ms)))
        return false;
    atomic_store(&place->delay_ms, next_ms);
    return true;
}

/* ---- figures ---- */

void health_count_query(const struct server_address *server) {
    struct place *place = made_known(server);
    if (place != NULL)
        atomic_fetch_add_explicit(&place->queries, 1, memory_order_relaxed);
}

void health_count_failure(const struct server_address *server) {
    struct place *place = made_known(server);
    if (place != NULL)
        atomic_fetch_add_explicit(&place->failures, 1, memory_order_relaxed);
}

bool health_read(size_t number, struct health_figures *figures) {
    struct place *place = &places[number];
    if (!atomic_load_explicit(&place->filled, memory_order_acquire))
        return false;
    *figures = (struct health_figures){
        .server = place->server,
        .state = (enum health_state)atomic_load(&place->state),
        .queries = atomic_load(&place->queries),
        .failures = atomic_load(&place->failures),
        .replies = atomic_load(&place->replies),
        .round_trips_ms = atomic_load(&place->round_trips_ms),
    };
    return true;
}

/* ---- fork ---- */

void health_adopt(void) {
    lock_adopt(&lock);
    for (size_t i = 0; i < HEALTH_PLACES; i++) {
        atomic_store(&places[i].queries, 0);
        atomic_store(&places[i].failures, 0);
        atomic_store(&places[i].replies, 0);
        atomic_store(&places[i].round_trips_ms, 0);
    }
}
