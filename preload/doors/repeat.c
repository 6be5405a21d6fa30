#include "originbypass/doors/repeat.h"

#include <string.h>

#define ENTRIES_MAX (CACHE_LIST_WORDS_MAX / REPEAT_ENTRY_WORDS)

bool repeat_take(struct cache_list *list, const struct addrinfo *answer) {
    struct addrinfo_entry entries[ENTRIES_MAX];
    size_t count = addrinfo_entries(answer, entries, ENTRIES_MAX);
    memcpy(list->words, entries, count * sizeof(entries[0]));
    list->word_count = (uint32_t)(count * REPEAT_ENTRY_WORDS);
    return count > 0;
}
