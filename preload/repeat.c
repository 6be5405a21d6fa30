#include "originbypass/repeat.h"

#include <string.h>

#include "originbypass/addrinfo.h"

#define ENTRY_WORDS (sizeof(struct addrinfo_entry) / sizeof(uint64_t))
#define ENTRIES_MAX (CACHE_LIST_WORDS_MAX / ENTRY_WORDS)
_Static_assert(sizeof(struct addrinfo_entry) == ENTRY_WORDS * sizeof(uint64_t), "an entry is a number of words");

/* Up to eight octets, filled up with zeros. */
static uint64_t pack(const char **text) {
    uint64_t word = 0;
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        uint64_t octet = (uint8_t)(*text)[i];
        if (octet == 0) {
            *text += i;
            return word;
        }
        word |= octet << i * 8;
    }
    *text += 8;
    return word;
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
    /* Names of services have at most 15 octets (RFC 6335, section 5.1). */
    list->key[0] = pack(&service);
    list->key[1] = 0;
    if (*service != '\0')
        list->key[1] = pack(&service);
    return *service == '\0';
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
