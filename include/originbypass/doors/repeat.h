#ifndef ORIGINBYPASS_DOORS_REPEAT_H
#define ORIGINBYPASS_DOORS_REPEAT_H

#include <netdb.h>
#include <stdbool.h>

#include "originbypass/cache/cache.h"
#include "originbypass/doors/addrinfo.h"
#include "originbypass/lookup/lookup.h"

/*
 * A program that asks for a name mostly asks for it in the same way. So the cache has beside the answers for a name the
 * list with which a call for it was answered, ready to be copied: in libc's order, with socket types and ports.
 */

/* What every hit runs through stands here, to be compiled into its caller. */

#define REPEAT_ENTRY_WORDS (sizeof(struct addrinfo_entry) / sizeof(uint64_t))
_Static_assert(sizeof(struct addrinfo_entry) == REPEAT_ENTRY_WORDS * sizeof(uint64_t), "an entry is a number of words");

/** Up to eight octets, filled up with zeros. */
static inline uint64_t repeat_pack(const char **text) {
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

/** Whether the hints fit into a key. */
static inline bool repeat_fit(const struct addrinfo *hints) {
    return (hints->ai_family & ~0xff) == 0 && (hints->ai_socktype & ~0xff) == 0 && (hints->ai_protocol & ~0xffff) == 0;
}

/** Make the key of a call. False: no list is kept of calls like this one. `service` is not NULL. Thread-safe. */
static inline bool repeat_make_key(struct cache_list *list, const char *service, const struct addrinfo *hints) {
    static const struct addrinfo none = {.ai_flags = EXPANSION_FLAGS_WITHOUT_HINTS};
    if (hints == NULL)
        hints = &none;
    /* The canonical name may be the caller's spelling. */
    if (!repeat_fit(hints) || hints->ai_flags & AI_CANONNAME)
        return false;
    list->key[2] = (uint64_t)(uint32_t)hints->ai_flags << 32 | (uint64_t)(uint32_t)hints->ai_family << 24 |
                   (uint64_t)(uint32_t)hints->ai_socktype << 16 | (uint32_t)hints->ai_protocol;
    /* Names of services have at most 15 octets (RFC 6335, section 5.1). */
    list->key[0] = repeat_pack(&service);
    list->key[1] = 0;
    if (*service != '\0')
        list->key[1] = repeat_pack(&service);
    return *service == '\0';
}

/** Take the list over from an answer, which addrinfo_build() made. False: it is too long. Thread-safe. */
bool repeat_store(struct cache_list *list, const struct addrinfo *answer);

/** Make an answer of the list. Returns 0 or EAI_MEMORY. Thread-safe. */
static inline int repeat_build(const struct cache_list *list, struct addrinfo **answer) {
    return addrinfo_rebuild((const struct addrinfo_entry *)(const void *)list->words,
                            list->word_count / REPEAT_ENTRY_WORDS, (int)(uint32_t)(list->key[2] >> 32), answer);
}

/**
 * Remember with the name, which lookup_finish() has answered, the key and the words of a list for as long as every part
 * of it holds, `list->until_ms` at most. A name has room for one list: another call's is not driven out before its
 * time. Thread-safe.
 */
void repeat_keep(const struct lookup *lookup, struct cache_list *list);

#endif
