#include "originbypass/rules/warnings.h"
#include "originbypass/guest/lock.h"

#include <string.h>

/* A host is known by its hash and length: two that share both are one host here. */
struct warning_place {
    uint32_t hash, length;
    enum warning warning;
    uint64_t told_ms; /* 0: the place is empty */
    uint32_t left_out;
};

enum { SETS = 256, PLACES_A_SET = 4, PAUSE_MS = 60000 };

static struct warning_place sets[SETS][PLACES_A_SET];
static struct lock lock = {PTHREAD_MUTEX_INITIALIZER};

/* The place of the host's warnings of this kind, or the one that was used longest ago. */
static struct warning_place *find_warning_place(enum warning warning, const struct name *host) {
    struct warning_place *set = sets[host->hash % SETS], *oldest = set;
    for (size_t i = 0; i < PLACES_A_SET; i++) {
        if (set[i].told_ms != 0 && set[i].hash == host->hash && set[i].length == host->length &&
            set[i].warning == warning)
            return &set[i];
        if (set[i].told_ms < oldest->told_ms)
            oldest = &set[i];
    }
    *oldest = (struct warning_place){.hash = host->hash, .length = host->length, .warning = warning};
    return oldest;
}

bool warnings_due(enum warning warning, const struct name *host, uint64_t now_ms, uint32_t *left_out) {
    lock_acquire(&lock);
    struct warning_place *place = find_warning_place(warning, host);
    bool due = place->told_ms == 0 || (warning != WARNING_EDGE && now_ms >= place->told_ms + PAUSE_MS);
    *left_out = place->left_out;
    place->left_out = due ? 0 : place->left_out + 1;
    if (due)
        place->told_ms = now_ms;
    lock_release(&lock);
    return due;
}

void warnings_adopt(void) {
    if (lock_adopt(&lock)) /* rather told twice than never */
        memset(sets, 0, sizeof(sets));
}
