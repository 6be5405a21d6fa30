#include "originbypass/doors/expansion.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/guest/atomics.h"
#include "originbypass/guest/libc.h"
#include "originbypass/guest/libc_kind.h"
#include "originbypass/guest/lock.h"
#include "originbypass/guest/process.h"
#include "originbypass/order/interfaces.h"
#include "originbypass/values/address.h"

/* Longer ones are numbers with many zeros, or are in nobody's /etc/services. */
#define SERVICE_SIZE 31

/* Everything that libc's answer depends on, except the host. It has no padding. */
struct key {
    char service[SERVICE_SIZE]; /* filled up with zeros */
    uint8_t given;              /* GIVEN_ bits */
    int32_t flags, family, socktype, protocol;
};

enum { GIVEN_HINTS = 1, GIVEN_SERVICE = 2 };

#define NODES_KEPT_MAX 8

#define WORD_SIZE sizeof(uint64_t)
#define KEY_WORDS (sizeof(struct key) / WORD_SIZE)
/* The words before the nodes; each node is one word. */
#define HEAD_WORDS (offsetof(struct expansion, nodes) / WORD_SIZE)
_Static_assert(sizeof(struct key) == KEY_WORDS * WORD_SIZE, "a key is a number of words");
_Static_assert(sizeof(struct expansion) == (HEAD_WORDS + EXPANSION_NODES_MAX) * WORD_SIZE, "a node is a word");

/*
 * A writer stores every word with release and a reader loads with acquire: a reader that sees anything of a change then
 * also sees the odd sequence number that came before it.
 */
struct expansion_slot {
    _Atomic uint32_t sequence;   /* odd while a writer changes the slot */
    _Atomic uint64_t expires_ms; /* 0: never used */
    _Atomic uint64_t key[KEY_WORDS];
    _Atomic uint64_t value[HEAD_WORDS + NODES_KEPT_MAX];
};

/* A program asks for a handful of services. */
#define SET_COUNT 16
#define SLOTS_A_SET 4

static struct expansion_slot sets[SET_COUNT][SLOTS_A_SET];
static struct lock lock = {PTHREAD_MUTEX_INITIALIZER};

static void copy_in(_Atomic uint64_t *words, const void *from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t word;
        memcpy(&word, (const char *)from + i * WORD_SIZE, WORD_SIZE);
        STORE(words[i], word);
    }
}

static void load_words(_Atomic uint64_t *words, void *to, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t word = LOAD(words[i]);
        memcpy((char *)to + i * WORD_SIZE, &word, WORD_SIZE);
    }
}

/* False: too long to be remembered. */
static bool make_key(struct key *key, const char *service, const struct addrinfo *hints) {
    size_t length = service == NULL ? 0 : strnlen(service, SERVICE_SIZE);
    if (length == SERVICE_SIZE)
        return false;
    memset(key, 0, sizeof(*key));
    if (service != NULL) {
        key->given = GIVEN_SERVICE;
        memcpy(key->service, service, length);
    }
    if (hints != NULL) {
        key->given |= GIVEN_HINTS;
        key->flags = hints->ai_flags;
        key->family = hints->ai_family;
        key->socktype = hints->ai_socktype;
        key->protocol = hints->ai_protocol;
    }
    return true;
}

static struct expansion_slot *set_of(const struct key *key) {
    uint64_t hash = 0;
    for (size_t i = 0; i < KEY_WORDS; i++) {
        uint64_t word;
        memcpy(&word, (const char *)key + i * WORD_SIZE, WORD_SIZE);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    return sets[hash % SET_COUNT];
}

static bool is_of_key(struct expansion_slot *slot, const struct key *key) {
    struct key found;
    load_words(slot->key, &found, KEY_WORDS);
    return memcmp(&found, key, sizeof(found)) == 0;
}

bool expansion_recall(const char *service, const struct addrinfo *hints, uint64_t now_ms, struct expansion *expansion) {
    struct key key;
    if (!make_key(&key, service, hints))
        return false;
    struct expansion_slot *set = set_of(&key);
    for (struct expansion_slot *slot = set; slot < set + SLOTS_A_SET; slot++) {
        uint32_t sequence = LOAD(slot->sequence);
        if (sequence & 1 || LOAD(slot->expires_ms) <= now_ms || !is_of_key(slot, &key))
            continue;
        load_words(slot->value, expansion, HEAD_WORDS);
        load_words(slot->value + HEAD_WORDS, expansion->nodes, expansion->count);
        return LOAD(slot->sequence) == sequence;
    }
    return false;
}

/* The key's own slot, or the slot that expires first. */
static struct expansion_slot *slot_for(const struct key *key) {
    struct expansion_slot *set = set_of(key), *first = set;
    for (struct expansion_slot *slot = set; slot < set + SLOTS_A_SET; slot++) {
        if (is_of_key(slot, key))
            return slot;
        if (LOAD(slot->expires_ms) < LOAD(first->expires_ms))
            first = slot;
    }
    return first;
}

#define KEPT_MS 60000
#define ADDRESSES_KEPT_MS 1000

static bool depends_on_addresses(const struct addrinfo *hints) {
    return hints == NULL || hints->ai_flags & AI_ADDRCONFIG;
}

void expansion_remember(const char *service, const struct addrinfo *hints, uint64_t now_ms,
                        struct expansion *expansion) {
    struct key key;
    expansion->until_ms = now_ms + (depends_on_addresses(hints) ? ADDRESSES_KEPT_MS : KEPT_MS);
    if (expansion->count > NODES_KEPT_MAX || !make_key(&key, service, hints))
        return;
    lock_acquire(&lock);
    struct expansion_slot *slot = slot_for(&key);
    uint32_t sequence = LOAD(slot->sequence);
    STORE(slot->sequence, sequence + 1);
    STORE(slot->expires_ms, expansion->until_ms);
    copy_in(slot->key, &key, KEY_WORDS);
    copy_in(slot->value, expansion, HEAD_WORDS + expansion->count);
    STORE(slot->sequence, sequence + 2);
    lock_release(&lock);
}

/* ---- libc's list: another library may answer instead of libc, so nothing that it gives is trusted ---- */

static in_port_t port_of(const struct addrinfo *info) {
    if (info->ai_family == AF_INET)
        return ((const struct sockaddr_in *)(const void *)info->ai_addr)->sin_port;
    return ((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_port;
}

/* Whether the port is right for a service that is a number. libc decides which port a name has, and what else it
 * accepts as a number. */
static bool is_port_of(const char *service, in_port_t port) {
    enum { DIGITS_MAX = 5 };
    size_t digits = strspn(service, "0123456789");
    return service[digits] != '\0' || digits > DIGITS_MAX || port == htons((uint16_t)strtoul(service, NULL, 10));
}

/* libc decides what the hints leave open. musl heeds a protocol that it knows, and only the last octet of others. */
static bool is_within(int asked, int given) {
    return asked == 0 || given == asked || libc_is_musl();
}

static bool is_sound(const struct addrinfo *info, int family, const char *service, const struct addrinfo *hints) {
    return info->ai_family == family && address_is_whole(info) && is_within(hints->ai_socktype, info->ai_socktype) &&
           is_within(hints->ai_protocol, info->ai_protocol) && info->ai_socktype >= 0 &&
           info->ai_socktype <= UINT8_MAX && (service == NULL || is_port_of(service, port_of(info)));
}

static bool has_node(const struct expansion *expansion, const struct expansion_node *node) {
    for (uint32_t i = 0; i < expansion->count; i++)
        if (memcmp(&expansion->nodes[i], node, sizeof(*node)) == 0)
            return true;
    return false;
}

static void add_nodes(struct expansion *expansion, const struct addrinfo *list, int family, const char *service,
                      const struct addrinfo *hints) {
    for (const struct addrinfo *info = list; info != NULL && expansion->count < EXPANSION_NODES_MAX;
         info = info->ai_next) {
        if (!is_sound(info, family, service, hints))
            continue;
        struct expansion_node node = {.family = (uint8_t)info->ai_family,
                                      .socktype = (uint8_t)info->ai_socktype,
                                      .protocol = info->ai_protocol,
                                      .port = port_of(info)};
        if (!has_node(expansion, &node))
            expansion->nodes[expansion->count++] = node;
    }
}

/* Not a cancellation point: the list, and what the caller holds, would be lost. */
static int ask_for_nodes(const char *node, const char *service, const struct addrinfo *hints, int family,
                         struct expansion *expansion) {
    struct addrinfo *list = NULL;
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    int error = libc_getaddrinfo(node, service, hints, &list);
    if (error == 0 && list != NULL) {
        add_nodes(expansion, list, family, service, hints);
        freeaddrinfo(list);
    }
    pthread_setcancelstate(cancel_state, NULL);
    return error;
}

static int ask_for_family(const char *service, const struct addrinfo *hints, int family, struct expansion *expansion) {
    struct addrinfo one_family = *hints;
    one_family.ai_family = family;
    one_family.ai_flags &= ~AI_ADDRCONFIG;
    return ask_for_nodes(NULL, service, &one_family, family, expansion);
}

static void find_families(bool *ipv4, bool *ipv6) {
    struct process_section section;
    process_section_begin(&section);
    interfaces_families(ipv4, ipv6);
    process_section_end(&section);
}

/*
 * Narrow the family as AI_ADDRCONFIG does; false: no family is left. AF_UNSPEC is not narrowed on a host that has
 * neither family.
 */
static bool narrow(int *family) {
    bool ipv4, ipv6;
    find_families(&ipv4, &ipv6);
    if (*family != AF_UNSPEC)
        return *family == AF_INET ? ipv4 : ipv6;
    if (ipv4 != ipv6)
        *family = ipv4 ? AF_INET : AF_INET6;
    return true;
}

/* Errors that libc reports before it looks at the host's addresses. */
static bool comes_first(int error) {
    return error == EAI_BADFLAGS || error == EAI_FAMILY;
}

/*
 * Ask for one family at a time, and without AI_ADDRCONFIG. Otherwise libc would take a lock that it does not reset in
 * the child of a fork(2).
 */
static int ask_for_service(const char *service, const struct addrinfo *hints, struct expansion *expansion) {
    const struct addrinfo none = {.ai_flags = EXPANSION_FLAGS_WITHOUT_HINTS & ~AI_V4MAPPED, .ai_family = AF_UNSPEC};
    const struct addrinfo *asked = hints != NULL ? hints : &none;
    int family = asked->ai_family, first = family == AF_UNSPEC ? AF_INET6 : family;
    expansion->flags = hints != NULL ? hints->ai_flags : EXPANSION_FLAGS_WITHOUT_HINTS;
    int error = ask_for_family(service, asked, first, expansion);
    if (comes_first(error))
        return error;
    if (asked->ai_flags & AI_ADDRCONFIG && !narrow(&family))
        return EAI_NONAME;
    if (error != 0 || family == first)
        return error;
    if (family == AF_INET)
        expansion->count = 0;
    return ask_for_family(service, asked, AF_INET, expansion);
}

/* What musl says of an address of another family than the one asked for, or left by AI_ADDRCONFIG. */
static bool is_of_another_family(int error) {
    return error == EAI_NONAME || error == EAI_NODATA;
}

/* musl is asked for an address of each family: without a name, it takes no service for an error. */
static int ask_musl(const char *service, const struct addrinfo *hints, struct expansion *expansion) {
    const struct addrinfo none = {.ai_family = AF_UNSPEC};
    if (hints == NULL)
        hints = &none;
    int family = hints->ai_family, ipv4 = EAI_NODATA, ipv6;
    if (family != AF_INET6)
        ipv4 = ask_for_nodes("127.0.0.1", service, hints, AF_INET, expansion);
    if (family == AF_INET || (ipv4 != 0 && !is_of_another_family(ipv4)))
        return ipv4;
    ipv6 = ask_for_nodes("::1", service, hints, AF_INET6, expansion);
    return family == AF_UNSPEC && is_of_another_family(ipv6) ? ipv4 : ipv6;
}

int expansion_ask(const char *service, const struct addrinfo *hints, struct expansion *expansion) {
    expansion->flags = 0;
    expansion->count = 0;
    int error = libc_is_musl() ? ask_musl(service, hints, expansion) : ask_for_service(service, hints, expansion);
    return error == 0 && expansion->count == 0 ? EAI_FAMILY : error;
}

void expansions_adopt(void) {
    if (lock_adopt(&lock)) /* what a thread was writing is lost, so begin with an empty table */
        memset((void *)sets, 0, sizeof(sets));
}
