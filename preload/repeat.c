#include "originbypass/repeat.h"

#include <string.h>

#include "originbypass/addrinfo.h"

#define ENTRY_WORDS (sizeof(struct addrinfo_entry) / sizeof(uint64_t))
#define ENTRIES_MAX (CACHE_LIST_WORDS_MAX / ENTRY_WORDS)
_Static_assert(sizeof(struct addrinfo_entry) == ENTRY_WORDS * sizeof(uint64_t), "an entry is a number of words");

/* Names of services have at most 15 octets (RFC 6335, section 5.1). */
static bool pack_service(uint64_t words[static 2], const char *service) {
    uint64_t word = 0;
    unsigned shift = 0;
    words[0] = words[1] = 0;
    for (; *service != '\0'; service++) {
        word |= (uint64_t)(uint8_t)*service << shift % 64;
        shift += 8;
        if (shift == 64) {
            words[0] = word;
            word = 0;
        } else if (shift == 128) {
            return false;
        }
    }
    words[shift / 64] = word;
    return true;
}

static bool fit(const struct addrinfo *hints) {
    return (hints->ai_family & ~0xff) == 0 && (hints->ai_socktype & ~0xff) == 0 && (hints->ai_protocol & ~0xffff) == 0;
}

bool repeat_make_key(struct cache_list *list, const char *service, const struct addrinfo *hints) {
    static const struct addrinfo none = {.ai_flags = EXPANSION_FLAGS_WITHOUT_HINTS};
    if (hints == NULL)
        hints = &none;
    /* The canonical name may be the caller's spelling. */
    if (!fit(hints) || hints->ai_flags & AI_CANONNAME)
        return false;
    list->key[2] = (uint64_t)(uint32_t)hints->ai_flags << 32 | (uint64_t)(uint32_t)hints->ai_family << 24 |
                   (uint64_t)(uint32_t)hints->ai_socktype << 16 | (uint32_t)hints->ai_protocol;
    return pack_service(list->key, service);
}

static int flags_of(const struct cache_list *list) {
    return (int)(uint32_t)(list->key[2] >> 32);
}

bool repeat_take(struct cache_list *list, const struct addrinfo *answer) {
    struct addrinfo_entry entries[ENTRIES_MAX];
    size_t count = addrinfo_entries(answer, entries, ENTRIES_MAX);
    memcpy(list->words, entries, count * sizeof(entries[0]));
    list->word_count = (uint32_t)(count * ENTRY_WORDS);
    return count > 0;
}

int repeat_build(const struct cache_list *list, struct addrinfo **answer) {
    return addrinfo_rebuild((const struct addrinfo_entry *)(const void *)list->words, list->word_count / ENTRY_WORDS,
                            flags_of(list), answer);
}
