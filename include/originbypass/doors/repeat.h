#ifndef ORIGINBYPASS_DOORS_REPEAT_H
#define ORIGINBYPASS_DOORS_REPEAT_H

#include <netdb.h>
#include <stdbool.h>

#include "originbypass/cache/cache.h"
#include "originbypass/doors/addrinfo.h"
#include "originbypass/lookup/lookup.h"

/*
 * A program usually asks for a name in the same way each time. So the cache has not only the answers for a name, but
 * also the list that answered a call for it. The list is ready to be copied: in libc's order, with socket types and
 * ports.
 */

/* The functions that every hit calls are here, so that they are compiled into their callers. */

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

/** Make the key of a call. False: no list is kept for calls like this one. `service` is not NULL. Thread-safe. */
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

/** Copy the list from an answer that addrinfo_build() made. False: it is too long. Thread-safe. */
bool repeat_store(struct cache_list *list, const struct addrinfo *answer);

/** Make an answer from the list. Returns 0 or EAI_MEMORY. Thread-safe. */
static inline int repeat_build(const struct cache_list *list, struct addrinfo **answer) {
    return addrinfo_rebuild((const struct addrinfo_entry *)(const void *)list->words,
                            list->word_count / REPEAT_ENTRY_WORDS, (int)(uint32_t)(list->key[2] >> 32), answer);
}

/**
 * For a name that lookup_finish() has answered, remember the key and the words of a list as long as every part of it is
 * valid, at most until `list->until_ms`. A name has room for one list: the list of another call is not replaced before
 * it expires. Thread-safe.
 */
void repeat_keep(const struct lookup *lookup, struct cache_list *list);

#endif
