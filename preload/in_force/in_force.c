/*
 * Implementation notes
 *
 * A configuration is immutable. A reload puts a new one in force, and the old one is freed when nobody uses it. A
 * lookup that uses one says so by adding to a count, and so again when it is done. Two questions decide the design.
 *
 * Why nothing is freed too early. The memory of a place, with its counts, is never given back. So a lookup may add to
 * the count of a place whatever has become of its content meanwhile. It reads `current`, adds to the count, and reads
 * `current` again; only if that is the same does it touch the content. The thread that reclaims a place first replaces
 * `current` and then reads the counts. So either it sees the count, or the second look sees the replacement.
 *
 * Why the memory is bounded. A place is used again as soon as nobody uses its content. So there are two, and one more
 * for each old configuration that is still in use. A lookup that never ends, because a signal handler jumped out of it
 * or because the process is a copy without that thread, keeps one configuration for each reload at most.
 *
 * The counts of a place are on eight cache lines, so that threads on different cores do not write the same one. One
 * thread may begin on one line and another may end on another: only the sums say how many uses there are. Both sums
 * only grow, and the releases are read first: if they are equal, nobody used the place at the moment between.
 */
#include "originbypass/in_force/in_force.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "originbypass/config/parse.h"

enum { LINES = 8 };

/* Uses begin and end on different lines: only the sums over all of them say how many there are. */
struct count_line {
    _Atomic uint64_t acquisitions;
    _Atomic uint64_t releases;
    // cppcheck-suppress unusedStructMember
    char apart[112]; /* wherever the memory begins */
};

struct in_force_place {
    struct in_force content;
    struct config *config; /* NULL: vacant */
    struct rules *rules;
    struct in_force_place *next;
    struct count_line lines[LINES];
};

/* All places. The thread that replaces a configuration, or has begun with the first one, changes them. */
static struct in_force_place *places;

/* NULL: nothing yet. */
static _Atomic(struct in_force_place *) current;

/* Each thread has a `here` of its own. Its address is hashed, so different threads mostly write different lines. */
static struct count_line *line_of(struct in_force_place *place) {
    static __thread char here;
    return &place->lines[((uint64_t)(uintptr_t)&here * UINT64_C(0x9e3779b97f4a7c15)) >> 61];
}

static struct in_force_place *place_of_content(const struct in_force *acquired) {
    return (struct in_force_place *)(void *)acquired; /* the first member */
}

bool in_force_is_none(void) {
    return atomic_load(&current) == NULL;
}

/* A place may be another configuration's by the second look, which is in force and as good. */
const struct in_force *in_force_acquire(void) {
    for (struct in_force_place *place; (place = atomic_load(&current)) != NULL;) {
        struct count_line *line = line_of(place);
        atomic_fetch_add(&line->acquisitions, 1);
        if (atomic_load(&current) == place)
            return &place->content;
        atomic_fetch_add(&line->releases, 1);
    }
    return NULL;
}

void in_force_acquire_again(const struct in_force *acquired) {
    atomic_fetch_add(&line_of(place_of_content(acquired))->acquisitions, 1);
}

void in_force_release(const struct in_force *acquired) {
    if (acquired != NULL)
        atomic_fetch_add(&line_of(place_of_content(acquired))->releases, 1);
}

static bool is_in_use(struct in_force_place *place) {
    uint64_t acquisitions = 0, releases = 0;
    for (size_t i = 0; i < LINES; i++)
        releases += atomic_load(&place->lines[i].releases);
    for (size_t i = 0; i < LINES; i++)
        acquisitions += atomic_load(&place->lines[i].acquisitions);
    return acquisitions != releases;
}

/* In this order: a copy of the process that is made meanwhile frees nothing twice. */
static void empty(struct in_force_place *place) {
    struct rules *rules = place->rules;
    struct config *config = place->config;
    place->rules = NULL;
    place->config = NULL;
    rules_free(rules);
    config_free(config);
}

size_t in_force_reclaim(void) {
    size_t in_use = 0;
    for (struct in_force_place *place = places; place != NULL; place = place->next) {
        if (place == atomic_load(&current) || place->config == NULL)
            continue;
        if (is_in_use(place))
            in_use++;
        else
            empty(place);
    }
    return in_use;
}

static struct in_force_place *find_vacant(void) {
    struct in_force_place *place = places;
    while (place != NULL && (place->config != NULL || is_in_use(place)))
        place = place->next;
    return place;
}

static void fill_place(struct in_force_place *place, struct config *config, struct rules *rules, uint32_t generation,
                       uint32_t cache_generation) {
    place->content = (struct in_force){rules, generation, cache_generation};
    place->config = config;
    place->rules = rules;
}

bool in_force_begin(struct config *config, struct rules *rules) {
    struct in_force_place *none = NULL, *place = calloc(1, sizeof(*place));
    if (place == NULL)
        return false;
    fill_place(place, config, rules, 1, 0);
    if (!atomic_compare_exchange_strong(&current, &none, place)) {
        free(place);
        return false;
    }
    places = place;
    return true;
}

bool in_force_replace(struct config *config, struct rules *rules, uint32_t cache_generation) {
    struct in_force_place *place = find_vacant();
    if (place == NULL) {
        place = calloc(1, sizeof(*place));
        if (place == NULL)
            return false;
        place->next = places;
        places = place;
    }
    fill_place(place, config, rules, atomic_load(&current)->content.generation + 1, cache_generation);
    atomic_store(&current, place);
    return true;
}
