#include "originbypass/in_force.h"

#include <stdatomic.h>
#include <time.h>

enum { PLACES = 32, LINES = 8 };

/* Holds come and go on different lines: only the sums over all of them say how many there are. */
struct line {
    _Alignas(64) _Atomic uint64_t holds;
    _Atomic uint64_t releases;
};

static struct place {
    struct in_force content;
    struct config *config;
    struct rules *rules;
    _Atomic bool filled;
    struct line lines[LINES];
} places[PLACES];

/* The number of the place that is in force, plus one; 0: none is. */
static _Atomic uint32_t current;

/* Threads have their storage far apart: its place tells which line a thread writes. */
static struct line *line_of(struct place *place) {
    static __thread char here;
    return &place->lines[((uint64_t)(uintptr_t)&here * UINT64_C(0x9e3779b97f4a7c15)) >> 61];
}

static struct place *place_of(const struct in_force *held) {
    return (struct place *)(void *)held; /* the first member */
}

/*
 * The hold comes before the second look: who frees a place sees either the hold, or has replaced it before that look.
 * A place may be another configuration's by then, which is in force and as good.
 */
const struct in_force *in_force_hold(void) {
    for (;;) {
        uint32_t seen = atomic_load(&current);
        if (seen == 0)
            return NULL;
        struct place *place = &places[seen - 1];
        struct line *line = line_of(place);
        atomic_fetch_add(&line->holds, 1);
        if (atomic_load(&current) == seen)
            return &place->content;
        atomic_fetch_add(&line->releases, 1);
    }
}

void in_force_hold_again(const struct in_force *held) {
    atomic_fetch_add(&line_of(place_of(held))->holds, 1);
}

void in_force_release(const struct in_force *held) {
    if (held != NULL)
        atomic_fetch_add(&line_of(place_of(held))->releases, 1);
}

/*
 * Both only grow, and the releases are read first: where the sums are equal, nobody held the place at the moment
 * between.
 */
static bool is_held(struct place *place) {
    uint64_t holds = 0, releases = 0;
    for (size_t i = 0; i < LINES; i++)
        releases += atomic_load(&place->lines[i].releases);
    for (size_t i = 0; i < LINES; i++)
        holds += atomic_load(&place->lines[i].holds);
    return holds != releases;
}

static void empty(struct place *place) {
    rules_free(place->rules);
    config_free(place->config);
    atomic_store(&place->filled, false);
}

size_t in_force_reclaim(void) {
    uint32_t in_force = atomic_load(&current);
    size_t held = 0;
    for (uint32_t i = 0; i < PLACES; i++) {
        if (i + 1 == in_force || !atomic_load(&places[i].filled))
            continue;
        if (is_held(&places[i]))
            held++;
        else
            empty(&places[i]);
    }
    return held;
}

static void fill(struct place *place, struct config *config, struct rules *rules, uint32_t generation,
                 uint32_t cache_generation) {
    place->content = (struct in_force){rules, generation, cache_generation};
    place->config = config;
    place->rules = rules;
}

/* Another thread is just putting the first one in force, which takes it a few stores. */
static void wait_for_the_first(void) {
    const struct timespec moment = {.tv_nsec = 100000};
    while (atomic_load(&current) == 0)
        nanosleep(&moment, NULL);
}

bool in_force_begin(struct config *config, struct rules *rules) {
    bool filled = false;
    if (!atomic_compare_exchange_strong(&places[0].filled, &filled, true)) {
        wait_for_the_first();
        return false;
    }
    fill(&places[0], config, rules, 1, 0);
    atomic_store(&current, 1);
    return true;
}

bool in_force_replace(struct config *config, struct rules *rules, uint32_t cache_generation) {
    uint32_t generation = places[atomic_load(&current) - 1].content.generation + 1;
    for (uint32_t i = 0; i < PLACES; i++) {
        if (i + 1 == atomic_load(&current) || atomic_load(&places[i].filled) || is_held(&places[i]))
            continue;
        fill(&places[i], config, rules, generation, cache_generation);
        atomic_store(&places[i].filled, true);
        atomic_store(&current, i + 1);
        return true;
    }
    return false;
}

void in_force_adopt(void) {
    if (atomic_load(&current) == 0)
        atomic_store(&places[0].filled, false);
}
