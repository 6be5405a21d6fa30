/*
 * Implementation notes
 *
 * What a slot holds. One name: an answer for A and one for AAAA, the order of their addresses, and one list in the
 * words of getaddrinfo()'s door, ready to be copied. Each answer has three times on clock_now_ms(), which the lookup
 * floor computes (lookup/fetch.c): `expires_ms`, the end of its TTL within the configured bounds; `stale_until_ms`,
 * until when it is served without a wait; `retry_ms`, before which nobody asks for it again. `used` is the second of
 * the last hit, and decides who is evicted.
 *
 * A read:
 *  1. the name's hash leads to a bucket, and that to a chain of slots;
 *  2. the slot's sequence number is read: odd means that a writer is at work, so start again;
 *  3. the name is compared, and the words of all parts are copied out;
 *  4. the sequence number is read again: if it has changed, start again. From the eighth try on the reader yields its
 *     processor, since the writer may have lost its own. After 64 tries it is a miss.
 *
 * A write takes the lock, makes the sequence number odd, stores, and makes it even. It allocates nothing: all slots
 * and cells are mapped at once, and pages that were never touched are not resident.
 *
 * Why a reader needs no lock. Every word that it reads is atomic, so a torn read is no undefined behaviour, and the
 * second look at the sequence number throws it away. Writers store with release and readers load with acquire: a
 * reader that sees any store of a change also sees the odd number that came before it. The memory is never unmapped,
 * so a reader that follows an old link into another chain reads words of ours; chains are followed for a bounded
 * number of steps. A hit stores nothing that another core reads, except `used`, once a second.
 *
 * Eviction looks at 4096 slots from where it stopped the last time, and drops the one used longest ago. A list in the
 * order of use would have to be changed by each hit.
 *
 * A copy of the process takes no lock of its parent's. If the lock was taken at that moment, the one slot with an odd
 * number is given up, and buckets, free lists and counts are made again from the slots (guest/lock.h says why the rest
 * is whole).
 *
 * Tried and rejected, on two cores: a mutex, a mutex for each shard and a rwlock let two threads do 1.4 times the hits
 * of one; this does 1.95 times.
 */
#include "originbypass/cache/cache.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "originbypass/guest/atomics.h"
#include "originbypass/guest/lock.h"
#include "originbypass/metrics/counters.h"

/*
 * What a slot holds (the name, an answer for each record type, the order, the list) are its parts. The slot itself has
 * room for the first words of each, enough for an address of either family; the rest of what is longer is a chain of
 * cells. Slots and cells are known by their numbers; 0 is none.
 */
enum part { PART_A, PART_AAAA, PART_NAME, PART_ORDER, PART_LIST, PART_COUNT };

/* Room for a name of 31 octets. */
#define NAME_WORDS 4
/* Where the words of a part are in its slot, and for how many there is room. */
static const struct span {
    uint8_t first, count;
} inside[PART_COUNT] = {[PART_A] = {0, 3},
                        [PART_AAAA] = {3, 4},
                        [PART_NAME] = {7, NAME_WORDS},
                        [PART_ORDER] = {11, 1},
                        [PART_LIST] = {12, 6}};
#define SLOT_WORDS 18
/* About a second, and cheap to divide by. */
#define USED_UNIT_MS 1024
#define CELL_WORDS 7

struct cache_cell {
    _Atomic uint64_t word[CELL_WORDS];
    _Atomic uint32_t next;
};

struct cache_slot {
    _Atomic uint32_t sequence; /* odd while a writer is at it */
    _Atomic uint32_t hash;
    _Atomic uint32_t next;             /* in its bucket, or in the list of free slots */
    _Atomic uint32_t used;             /* when, in USED_UNIT_MS */
    _Atomic uint32_t rest[PART_COUNT]; /* what does not fit into `word` */
    _Atomic uint16_t words[PART_COUNT];
    uint8_t doubts[RECORD_TYPE_COUNT]; /* the outcome that was said last in an answer's place; the writers' */
    _Atomic uint64_t expires_ms[RECORD_TYPE_COUNT];
    _Atomic uint64_t stale_until_ms[RECORD_TYPE_COUNT];
    _Atomic uint64_t retry_ms[RECORD_TYPE_COUNT];
    _Atomic uint64_t order_until_ms;
    _Atomic uint64_t list_until_ms;
    _Atomic uint64_t list_key[CACHE_KEY_WORDS];
    _Atomic uint64_t word[SLOT_WORDS];
};

struct store {
    uint32_t slot_count, cell_count, bucket_mask;
    struct cache_slot *slots;
    struct cache_cell *cells;
    _Atomic uint32_t *buckets;
    /* The rest is the writers'. */
    uint32_t slots_begun, cells_begun; /* those beyond were never used: their memory is not resident */
    uint32_t free_slot, free_cell;
    uint32_t slots_live, cells_free;
    uint32_t hand; /* where the search for the slot used longest ago goes on */
};

static _Atomic(struct store *) the_store;
static _Atomic uint32_t generation;
static struct lock lock = {PTHREAD_MUTEX_INITIALIZER};

/* A name with an A and an AAAA record takes none; large answers borrow from those that take less. */
#define CELLS_A_SLOT 2
/* Room for the largest answer that DNS can carry, beside whatever else is cached. */
#define CELLS_AT_LEAST 8192

/* A reader that meets longer chains has strayed into another one while a writer changed it. */
#define STEPS_MAX 64
#define TRIES_MAX 64
/* A writer that is in the way for longer has lost its processor. */
#define TRIES_AT_ONCE 8

/* For the writers, who hold the lock. */
#define OWN(place) atomic_load_explicit(&(place), memory_order_relaxed)

static struct store *store_map(uint32_t max_entries) {
    uint32_t buckets = 1;
    while (buckets < max_entries)
        buckets *= 2;
    size_t slot_count = (size_t)max_entries + 1;
    size_t cell_count = (size_t)max_entries * CELLS_A_SLOT + CELLS_AT_LEAST + 1;
    size_t size = sizeof(struct store) + slot_count * sizeof(struct cache_slot) +
                  cell_count * sizeof(struct cache_cell) + buckets * sizeof(uint32_t);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    struct store *store = memory;
    store->slots = (struct cache_slot *)(store + 1);
    store->cells = (struct cache_cell *)(store->slots + slot_count);
    store->buckets = (_Atomic uint32_t *)(store->cells + cell_count);
    store->slot_count = (uint32_t)slot_count;
    store->cell_count = (uint32_t)cell_count;
    store->bucket_mask = buckets - 1;
    store->slots_begun = store->cells_begun = 1;
    store->cells_free = store->cell_count - 1;
    store->hand = 1;
    return store;
}

void cache_open(uint32_t max_entries) {
    if (LOAD(the_store) != NULL)
        return;
    struct store *store = store_map(max_entries);
    struct store *none = NULL;
    if (store != NULL && !atomic_compare_exchange_strong(&the_store, &none, store)) {
        size_t size = (size_t)((char *)(store->buckets + store->bucket_mask + 1) - (char *)store);
        munmap(store, size);
    }
}

/* ---- readers ---- */

/* Inlined for a part that the compiler knows, most of this code folds away: a hit is a few hundred instructions. */
#define INLINE static inline __attribute__((always_inline))
/* And what is rarely needed keeps its registers to itself. */
#define APART static __attribute__((noinline))

APART bool rest_equals(const struct store *store, uint32_t cell, const uint64_t *words, size_t count) {
    for (size_t i = 0; i < count; i += CELL_WORDS) {
        if (cell == 0 || cell >= store->cell_count)
            return false;
        for (size_t j = 0; j < CELL_WORDS && i + j < count; j++)
            if (LOAD(store->cells[cell].word[j]) != words[i + j])
                return false;
        cell = LOAD(store->cells[cell].next);
    }
    return true;
}

INLINE size_t count_inside(enum part part, size_t count) {
    return count < inside[part].count ? count : inside[part].count;
}

/* Whether the slot holds this name, of `count` words; most fit into it. */
INLINE bool is_slot_named(const struct store *store, const struct cache_slot *slot, const uint64_t *words,
                          size_t count) {
    const _Atomic uint64_t *here = &slot->word[inside[PART_NAME].first];
    if (LOAD(here[0]) != words[0])
        return false;
    if (count > 1 && LOAD(here[1]) != words[1])
        return false;
    if (count > 2 && LOAD(here[2]) != words[2])
        return false;
    if (count > 3 && LOAD(here[3]) != words[3])
        return false;
    return count <= NAME_WORDS ||
           rest_equals(store, LOAD(slot->rest[PART_NAME]), words + NAME_WORDS, count - NAME_WORDS);
}

APART bool rest_copy(const struct store *store, uint32_t cell, uint64_t *words, size_t count) {
    for (size_t i = 0; i < count; i += CELL_WORDS) {
        if (cell == 0 || cell >= store->cell_count)
            return false;
        for (size_t j = 0; j < CELL_WORDS && i + j < count; j++)
            words[i + j] = LOAD(store->cells[cell].word[j]);
        cell = LOAD(store->cells[cell].next);
    }
    return true;
}

INLINE bool part_copy(const struct store *store, const struct cache_slot *slot, enum part part, uint64_t *words,
                      size_t count) {
    size_t here = count_inside(part, count);
    for (size_t i = 0; i < here; i++)
        words[i] = LOAD(slot->word[inside[part].first + i]);
    return count == here || rest_copy(store, LOAD(slot->rest[part]), words + here, count - here);
}

/* The slot of a name, if no writer was in the way; the caller compares the sequence number again after its copy. */
INLINE struct cache_slot *find_cached(const struct store *store, const struct name *name, uint32_t *sequence) {
    uint32_t number = LOAD(store->buckets[name->hash & store->bucket_mask]);
    for (int steps = 0; number != 0 && number < store->slot_count && steps < STEPS_MAX; steps++) {
        struct cache_slot *slot = &store->slots[number];
        *sequence = LOAD(slot->sequence);
        if (LOAD(slot->hash) == name->hash && LOAD(slot->words[PART_NAME]) == name_words(name->length) &&
            is_slot_named(store, slot, name->words, name_words(name->length)))
            return slot;
        number = LOAD(slot->next);
    }
    return NULL;
}

enum copied { COPIED, CHANGED, TOO_SMALL };

/* In the order that they have in the copy. */
static enum copied copy_slot(const struct store *store, struct cache_slot *slot, uint32_t sequence,
                             struct cache_copy *copy, size_t *room) {
    static const enum part parts[] = {PART_A, PART_AAAA, PART_ORDER};
    enum { COUNT = sizeof(parts) / sizeof(parts[0]) };
    uint64_t *place = copy->heap != NULL ? copy->heap : copy->storage;
    size_t words[COUNT], all = 0;
    const uint64_t *copies[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        all += words[i] = LOAD(slot->words[parts[i]]);
    if (all > *room) {
        if (LOAD(slot->sequence) != sequence)
            return CHANGED;
        *room = all;
        return TOO_SMALL;
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (!part_copy(store, slot, parts[i], place, words[i]))
            return CHANGED;
        copies[i] = words[i] > 0 ? place : NULL;
        place += words[i];
    }
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        copy->answers[type] = (const struct answer *)copies[type];
        copy->expires_ms[type] = LOAD(slot->expires_ms[type]);
        copy->stale_until_ms[type] = LOAD(slot->stale_until_ms[type]);
        copy->retry_ms[type] = LOAD(slot->retry_ms[type]);
    }
    copy->order = (const uint16_t *)copies[2];
    copy->order_until_ms = LOAD(slot->order_until_ms);
    copy->list_until_ms = LOAD(slot->list_until_ms);
    copy->version = sequence;
    return LOAD(slot->sequence) == sequence ? COPIED : CHANGED;
}

/* Stored at most once a second, so that readers on other cores keep the line. */
static void mark_used(struct cache_slot *slot, uint64_t now_ms) {
    uint32_t now = (uint32_t)(now_ms / USED_UNIT_MS);
    if (OWN(slot->used) != now)
        atomic_store_explicit(&slot->used, now, memory_order_relaxed);
}

void cache_copy_release(struct cache_copy *copy) {
    if (copy->heap == NULL)
        return;
    free(copy->heap);
    copy->heap = NULL;
}

static bool get_copy(const struct store *store, const struct name *name, uint64_t now_ms, struct cache_copy *copy) {
    size_t room = sizeof(copy->storage) / sizeof(copy->storage[0]);
    cache_copy_release(copy);
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        uint32_t sequence;
        if (tries >= TRIES_AT_ONCE)
            sched_yield();
        struct cache_slot *slot = find_cached(store, name, &sequence);
        if (slot == NULL)
            return false;
        if (sequence & 1)
            continue;
        switch (copy_slot(store, slot, sequence, copy, &room)) {
        case COPIED:
            mark_used(slot, now_ms);
            return copy->answers[0] != NULL || copy->answers[1] != NULL;
        case CHANGED:
            break;
        case TOO_SMALL:
            free(copy->heap);
            copy->heap = malloc(room * sizeof(uint64_t));
            if (copy->heap == NULL)
                return false;
        }
    }
    return false;
}

bool cache_get(const struct name *name, uint64_t now_ms, struct cache_copy *copy) {
    const struct store *store = LOAD(the_store);
    if (store != NULL && get_copy(store, name, now_ms, copy))
        return true;
    copy->answers[0] = copy->answers[1] = NULL;
    copy->expires_ms[0] = copy->expires_ms[1] = 0;
    copy->stale_until_ms[0] = copy->stale_until_ms[1] = 0;
    copy->retry_ms[0] = copy->retry_ms[1] = copy->list_until_ms = 0;
    copy->version = 0;
    copy->order = NULL;
    return false;
}

/* What a hit runs through is written out: for so few words a loop costs more than its body. */
static bool has_key(const struct cache_slot *slot, const uint64_t *key) {
    uint64_t difference = LOAD(slot->list_key[0]) ^ key[0];
    difference |= LOAD(slot->list_key[1]) ^ key[1];
    difference |= LOAD(slot->list_key[2]) ^ key[2];
    return difference == 0;
}

static void copy_three(const _Atomic uint64_t *from, uint64_t *to) {
    to[0] = LOAD(from[0]);
    to[1] = LOAD(from[1]);
    to[2] = LOAD(from[2]);
}

/* All that is in the slot itself is copied, wanted or not. */
static bool copy_list(const struct store *store, const struct cache_slot *slot, struct cache_list *list) {
    enum { HERE = 6 };
    const _Atomic uint64_t *here = &slot->word[inside[PART_LIST].first];
    copy_three(here, list->words);
    copy_three(here + 3, list->words + 3);
    return list->word_count <= HERE ||
           rest_copy(store, LOAD(slot->rest[PART_LIST]), list->words + HERE, list->word_count - HERE);
}

bool cache_get_list(const struct name *name, uint64_t now_ms, struct cache_list *list) {
    const struct store *store = LOAD(the_store);
    uint32_t sequence;
    struct cache_slot *slot = store == NULL ? NULL : find_cached(store, name, &sequence);
    if (slot == NULL || sequence & 1 || LOAD(slot->list_until_ms) <= now_ms || !has_key(slot, list->key))
        return false;
    list->word_count = LOAD(slot->words[PART_LIST]);
    if (list->word_count > CACHE_LIST_WORDS_MAX || !copy_list(store, slot, list) || LOAD(slot->sequence) != sequence)
        return false;
    mark_used(slot, now_ms);
    return true;
}

/* ---- writers, under the lock ---- */

static void release_part(struct store *store, struct cache_slot *slot, enum part part) {
    uint32_t cell = OWN(slot->rest[part]);
    while (cell != 0) {
        uint32_t next = OWN(store->cells[cell].next);
        STORE(store->cells[cell].next, store->free_cell);
        store->free_cell = cell;
        store->cells_free++;
        cell = next;
    }
    STORE(slot->rest[part], 0);
    STORE(slot->words[part], 0);
}

static uint32_t claim_cell(struct store *store) {
    uint32_t cell = store->free_cell;
    if (cell != 0)
        store->free_cell = OWN(store->cells[cell].next);
    else
        cell = store->cells_begun++;
    store->cells_free--;
    return cell;
}

static size_t cells_for(enum part part, size_t words) {
    return (words - count_inside(part, words) + CELL_WORDS - 1) / CELL_WORDS;
}

/* The caller has seen to it that there are enough free cells. */
static void store_part(struct store *store, struct cache_slot *slot, enum part part, const uint64_t *words,
                       size_t count) {
    release_part(store, slot, part);
    size_t here = count_inside(part, count);
    for (size_t i = 0; i < here; i++)
        STORE(slot->word[inside[part].first + i], words[i]);
    _Atomic uint32_t *link = &slot->rest[part];
    for (size_t i = here; i < count; i += CELL_WORDS) {
        uint32_t cell = claim_cell(store);
        STORE(*link, cell);
        for (size_t j = 0; j < CELL_WORDS && i + j < count; j++)
            STORE(store->cells[cell].word[j], words[i + j]);
        link = &store->cells[cell].next;
    }
    STORE(*link, 0);
    STORE(slot->words[part], (uint16_t)count);
}

static void begin_change(struct cache_slot *slot) {
    STORE(slot->sequence, OWN(slot->sequence) + 1);
}

static void end_change(struct cache_slot *slot) {
    STORE(slot->sequence, OWN(slot->sequence) + 1);
}

static void drop_list(struct store *store, struct cache_slot *slot) {
    release_part(store, slot, PART_LIST);
    STORE(slot->list_until_ms, 0);
}

static void unlink_slot(struct store *store, uint32_t number) {
    struct cache_slot *slot = &store->slots[number];
    _Atomic uint32_t *link = &store->buckets[OWN(slot->hash) & store->bucket_mask];
    while (OWN(*link) != number)
        link = &store->slots[OWN(*link)].next;
    STORE(*link, OWN(slot->next));
}

static void remove_slot(struct store *store, uint32_t number) {
    struct cache_slot *slot = &store->slots[number];
    unlink_slot(store, number);
    begin_change(slot);
    for (enum part part = 0; part < PART_COUNT; part++)
        release_part(store, slot, part);
    STORE(slot->list_until_ms, 0);
    end_change(slot);
    STORE(slot->next, store->free_slot);
    store->free_slot = number;
    store->slots_live--;
}

/* Only so many are looked at, so that a cache of a million names does not stop the world for each new one. */
#define EVICTION_WINDOW 4096

static bool evict(struct store *store, uint32_t keep) {
    uint32_t oldest = 0;
    for (uint32_t looked = 0; looked < store->slots_begun && (looked < EVICTION_WINDOW || oldest == 0); looked++) {
        store->hand = store->hand + 1 < store->slots_begun ? store->hand + 1 : 1;
        if (store->hand == keep || OWN(store->slots[store->hand].words[PART_NAME]) == 0)
            continue;
        if (oldest == 0 || OWN(store->slots[store->hand].used) < OWN(store->slots[oldest].used))
            oldest = store->hand;
    }
    if (oldest == 0)
        return false;
    remove_slot(store, oldest);
    counters_add(COUNTER_EVICTIONS);
    return true;
}

static uint32_t number_of(const struct store *store, const struct name *name) {
    uint32_t sequence;
    const struct cache_slot *slot = find_cached(store, name, &sequence);
    return slot == NULL ? 0 : (uint32_t)(slot - store->slots);
}

static uint32_t add_slot(struct store *store, const struct name *name, uint64_t now_ms) {
    if (store->slots_live + 1 >= store->slot_count && !evict(store, 0))
        return 0;
    uint32_t number = store->free_slot;
    if (number != 0)
        store->free_slot = OWN(store->slots[number].next);
    else
        number = store->slots_begun++;
    struct cache_slot *slot = &store->slots[number];
    begin_change(slot);
    STORE(slot->hash, name->hash);
    STORE(slot->used, (uint32_t)(now_ms / USED_UNIT_MS));
    STORE(slot->retry_ms[PART_A], 0);
    STORE(slot->retry_ms[PART_AAAA], 0);
    slot->doubts[PART_A] = slot->doubts[PART_AAAA] = OUTCOME_FAILURE;
    store_part(store, slot, PART_NAME, name->words, name_words(name->length));
    end_change(slot);
    STORE(slot->next, OWN(store->buckets[name->hash & store->bucket_mask]));
    STORE(store->buckets[name->hash & store->bucket_mask], number);
    store->slots_live++;
    return number;
}

static bool make_room(struct store *store, uint32_t keep, size_t cells) {
    if (cells >= store->cell_count)
        return false;
    while (store->cells_free < cells)
        if (!evict(store, keep))
            return false;
    return true;
}

static void put_answer(struct store *store, const struct name *name, const struct answer *answer,
                       const struct cache_term *term, uint64_t now_ms) {
    size_t words = answer->size / sizeof(uint64_t);
    enum part part = answer->family == AF_INET ? PART_A : PART_AAAA;
    uint32_t number = number_of(store, name);
    if (words > UINT16_MAX ||
        !make_room(store, number, cells_for(part, words) + cells_for(PART_NAME, name_words(name->length))))
        return;
    if (number == 0)
        number = add_slot(store, name, now_ms);
    if (number == 0)
        return;
    struct cache_slot *slot = &store->slots[number];
    begin_change(slot);
    store_part(store, slot, part, (const uint64_t *)(const void *)answer, words);
    release_part(store, slot, PART_ORDER);
    drop_list(store, slot);
    STORE(slot->expires_ms[part], term->expires_ms);
    STORE(slot->stale_until_ms[part], term->stale_until_ms);
    STORE(slot->retry_ms[part], 0);
    slot->doubts[part] = OUTCOME_FAILURE;
    end_change(slot);
}

void cache_put(const struct name *name, const struct answer *answer, const struct cache_term *term, uint64_t now_ms) {
    struct store *store = LOAD(the_store);
    if (store == NULL)
        return;
    lock_acquire(&lock);
    if (term->generation == OWN(generation))
        put_answer(store, name, answer, term, now_ms);
    lock_release(&lock);
}

bool cache_doubt(const struct name *name, size_t type, enum outcome said) {
    struct store *store = LOAD(the_store);
    if (store == NULL)
        return false;
    lock_acquire(&lock);
    uint32_t number = number_of(store, name);
    bool again = number != 0 && store->slots[number].doubts[type] == said;
    if (number != 0)
        store->slots[number].doubts[type] = (uint8_t)said;
    lock_release(&lock);
    return again;
}

bool cache_postpone(const struct name *name, size_t type, uint64_t retry_ms, uint64_t until_ms) {
    struct store *store = LOAD(the_store);
    uint32_t sequence;
    struct cache_slot *slot = store == NULL ? NULL : find_cached(store, name, &sequence);
    return slot != NULL && atomic_compare_exchange_strong(&slot->retry_ms[type], &retry_ms, until_ms);
}

uint32_t cache_generation(void) {
    return LOAD(generation);
}

static size_t addresses_in(const struct store *store, const struct cache_slot *slot, enum part part) {
    if (OWN(slot->words[part]) == 0)
        return 0;
    struct answer header = {0};
    part_copy(store, slot, part, (uint64_t *)(void *)&header, sizeof(header) / sizeof(uint64_t));
    return header.address_count;
}

void cache_put_order(const struct name *name, const uint16_t *order, const size_t counts[static RECORD_TYPE_COUNT],
                     uint64_t until_ms) {
    struct store *store = LOAD(the_store);
    size_t count = counts[0] + counts[1];
    size_t words = (count * sizeof(*order) + sizeof(uint64_t) - 1) / sizeof(uint64_t);
    if (store == NULL || words == 0)
        return;
    lock_acquire(&lock);
    uint32_t number = number_of(store, name);
    struct cache_slot *slot = &store->slots[number];
    if (number != 0 && addresses_in(store, slot, PART_A) == counts[0] &&
        addresses_in(store, slot, PART_AAAA) == counts[1] && make_room(store, number, cells_for(PART_ORDER, words))) {
        begin_change(slot);
        store_part(store, slot, PART_ORDER, (const uint64_t *)(const void *)order, words);
        STORE(slot->order_until_ms, until_ms);
        drop_list(store, slot);
        end_change(slot);
    }
    lock_release(&lock);
}

static void put_list(struct store *store, uint32_t number, const struct cache_list *list) {
    struct cache_slot *slot = &store->slots[number];
    begin_change(slot);
    store_part(store, slot, PART_LIST, list->words, list->word_count);
    for (size_t i = 0; i < CACHE_KEY_WORDS; i++)
        STORE(slot->list_key[i], list->key[i]);
    STORE(slot->list_until_ms, list->until_ms);
    end_change(slot);
}

void cache_put_list(const struct name *name, uint32_t version, const struct cache_list *list) {
    struct store *store = LOAD(the_store);
    if (store == NULL)
        return;
    lock_acquire(&lock);
    uint32_t number = number_of(store, name);
    if (number != 0 && OWN(store->slots[number].sequence) == version &&
        make_room(store, number, cells_for(PART_LIST, list->word_count)))
        put_list(store, number, list);
    lock_release(&lock);
}

static void clear(struct store *store) {
    for (uint32_t number = 1; number < store->slots_begun; number++)
        if (OWN(store->slots[number].words[PART_NAME]) != 0)
            remove_slot(store, number);
}

void cache_clear(void) {
    struct store *store = LOAD(the_store);
    lock_acquire(&lock);
    STORE(generation, OWN(generation) + 1);
    if (store != NULL)
        clear(store);
    lock_release(&lock);
}

static struct name name_in(const struct store *store, const struct cache_slot *slot) {
    struct name name = {.hash = OWN(slot->hash)};
    part_copy(store, slot, PART_NAME, name.words, OWN(slot->words[PART_NAME]));
    name.length = (uint32_t)strlen(name.text);
    return name;
}

/* So many slots are looked at under one lock: the other writers have their turn in between. */
#define FORGET_AT_ONCE 256

/* Returns the slot to go on with; 0: those were all. */
static uint32_t forget_some(struct store *store, uint32_t number,
                            bool (*is_outdated)(const struct name *name, void *context), void *context) {
    for (uint32_t looked = 0; number < store->slots_begun; number++, looked++) {
        if (looked == FORGET_AT_ONCE)
            return number;
        if (OWN(store->slots[number].words[PART_NAME]) == 0)
            continue;
        struct name name = name_in(store, &store->slots[number]);
        if (is_outdated(&name, context))
            remove_slot(store, number);
    }
    return 0;
}

void cache_forget(bool (*is_outdated)(const struct name *name, void *context), void *context) {
    struct store *store = LOAD(the_store);
    uint32_t number = 1;
    lock_acquire(&lock);
    STORE(generation, OWN(generation) + 1);
    lock_release(&lock);
    while (store != NULL && number != 0) {
        lock_acquire(&lock);
        number = forget_some(store, number, is_outdated, context);
        lock_release(&lock);
    }
}

size_t cache_entries(void) {
    const struct store *store = LOAD(the_store);
    if (store == NULL)
        return 0;
    lock_acquire(&lock);
    size_t live = store->slots_live;
    lock_release(&lock);
    return live;
}

/* ---- copies of the process ---- */

/* No cell has such a number. */
#define IN_USE UINT32_C(0x80000000)

static void claim_cells(struct store *store, const struct cache_slot *slot) {
    for (enum part part = 0; part < PART_COUNT; part++)
        for (uint32_t cell = OWN(slot->rest[part]), next; cell != 0; cell = next) {
            next = OWN(store->cells[cell].next);
            STORE(store->cells[cell].next, next | IN_USE);
        }
}

static void collect_free_cells(struct store *store) {
    store->free_cell = 0;
    store->cells_free = store->cell_count - store->cells_begun;
    for (uint32_t cell = 1; cell < store->cells_begun; cell++) {
        uint32_t next = OWN(store->cells[cell].next);
        if (next & IN_USE) {
            STORE(store->cells[cell].next, next & ~IN_USE);
            continue;
        }
        STORE(store->cells[cell].next, store->free_cell);
        store->free_cell = cell;
        store->cells_free++;
    }
}

static void keep_slot(struct store *store, uint32_t number) {
    struct cache_slot *slot = &store->slots[number];
    _Atomic uint32_t *bucket = &store->buckets[OWN(slot->hash) & store->bucket_mask];
    claim_cells(store, slot);
    STORE(slot->next, OWN(*bucket));
    STORE(*bucket, number);
    store->slots_live++;
}

static void give_up_slot(struct store *store, uint32_t number) {
    struct cache_slot *slot = &store->slots[number];
    for (enum part part = 0; part < PART_COUNT; part++) {
        STORE(slot->rest[part], 0);
        STORE(slot->words[part], 0);
    }
    STORE(slot->list_until_ms, 0);
    STORE(slot->sequence, (OWN(slot->sequence) | 1) + 1);
    STORE(slot->next, store->free_slot);
    store->free_slot = number;
}

/* A writer was at work on one slot, which its sequence number tells, and on the links. All others are whole. */
static void repair(struct store *store) {
    for (uint32_t i = 0; i <= store->bucket_mask; i++)
        STORE(store->buckets[i], 0);
    store->free_slot = store->slots_live = 0;
    for (uint32_t number = 1; number < store->slots_begun; number++) {
        const struct cache_slot *slot = &store->slots[number];
        if (OWN(slot->sequence) & 1 || OWN(slot->words[PART_NAME]) == 0)
            give_up_slot(store, number);
        else
            keep_slot(store, number);
    }
    collect_free_cells(store);
}

void cache_adopt(void) {
    struct store *store = LOAD(the_store);
    if (lock_adopt(&lock) && store != NULL)
        repair(store);
}
