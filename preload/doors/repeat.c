#include "originbypass/doors/repeat.h"

#include <string.h>

#include "originbypass/guest/log.h"
#include "originbypass/guest/process.h"

#define ENTRIES_MAX (CACHE_LIST_WORDS_MAX / REPEAT_ENTRY_WORDS)

bool repeat_store(struct cache_list *list, const struct addrinfo *answer) {
    struct addrinfo_entry entries[ENTRIES_MAX];
    size_t count = addrinfo_entries(answer, entries, ENTRIES_MAX);
    memcpy(list->words, entries, count * sizeof(entries[0]));
    list->word_count = (uint32_t)(count * REPEAT_ENTRY_WORDS);
    return count > 0;
}

static uint64_t sooner(uint64_t one_ms, uint64_t other_ms) {
    return one_ms < other_ms ? one_ms : other_ms;
}

/* As long as an order is kept, which has just been found, and for which the host's addresses have been looked at. */
#define TRANSLATED_KEPT_MS 1000

/* IPv6 addresses that were made of those in the cache. */
static uint64_t translated_until_ms(const struct lookup *lookup) {
    const struct cache_copy *copy = &lookup->copy;
    if (lookup->fetched[0] != NULL || copy->answers[0] == NULL || copy->answers[1] == NULL)
        return 0;
    return sooner(lookup->now_ms + TRANSLATED_KEPT_MS, sooner(copy->expires_ms[0], copy->expires_ms[1]));
}

/* What did not come from the cache is valid only for this call. */
static uint64_t holds_until_ms(const struct lookup *lookup) {
    const struct cache_copy *copy = &lookup->copy;
    uint64_t until_ms = UINT64_MAX;
    if (lookup->translated)
        return translated_until_ms(lookup);
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (lookup->answers[type] != NULL)
            until_ms = lookup->answers[type] == copy->answers[type] ? sooner(until_ms, copy->expires_ms[type]) : 0;
    if (lookup_address_count(lookup) > 1)
        until_ms = copy->order != NULL && lookup->sorted == NULL ? sooner(until_ms, copy->order_until_ms) : 0;
    return until_ms;
}

void repeat_keep(const struct lookup *lookup, struct cache_list *list) {
    struct process_section section;
    /* At level debug a message names an address for each hit. Only the longer path writes it, so no list is kept. */
    if (log_enabled(LOG_LEVEL_DEBUG))
        return;
    list->until_ms = sooner(list->until_ms, holds_until_ms(lookup));
    if (list->until_ms <= lookup->now_ms || lookup->copy.list_until_ms > lookup->now_ms)
        return;
    process_section_begin(&section);
    process_adopt_copy();
    cache_put_list(&lookup->name, lookup->copy.version, list);
    process_section_end(&section);
}
