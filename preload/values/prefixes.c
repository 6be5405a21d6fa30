#include "originbypass/values/prefixes.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one prefix ---- */

/* The address without the bits that follow the prefix. */
static struct address masked(struct address address, unsigned length) {
    for (unsigned i = 0; i < address_size(address.family); i++) {
        unsigned kept = length > i * 8 ? length - i * 8 : 0;
        if (kept < 8)
            address.octets[i] &= (uint8_t)(0xff00 >> kept);
    }
    return address;
}

static bool parse_length(const char *text, size_t size, unsigned maximum, uint8_t *length) {
    unsigned value = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *length = (uint8_t)value;
    return size > 0 && size <= 3 && value <= maximum;
}

enum prefix_fault prefix_parse(const char *text, size_t length, struct prefix_entry *entry) {
    const char *slash = memchr(text, '/', length);
    size_t address_length = slash == NULL ? length : (size_t)(slash - text);
    if (!address_parse_part(text, address_length, &entry->address))
        return PREFIX_NO_ADDRESS;
    unsigned bits = 8 * (unsigned)address_size(entry->address.family);
    entry->length = (uint8_t)bits;
    if (slash != NULL && !parse_length(slash + 1, length - address_length - 1, bits, &entry->length))
        return PREFIX_NO_LENGTH;
    struct address given = entry->address;
    entry->address = masked(given, entry->length);
    return memcmp(given.octets, entry->address.octets, bits / 8) == 0 ? PREFIX_GOOD : PREFIX_HOST_BITS;
}

void prefix_text(const struct prefix_entry *entry, char text[static PREFIX_TEXT_SIZE]) {
    address_text(&entry->address, text);
    size_t used = strlen(text);
    snprintf(text + used, PREFIX_TEXT_SIZE - used, "/%u", entry->length);
}

static bool holds(const struct prefix_entry *entry, const struct address *address) {
    unsigned octets = entry->length / 8, bits = entry->length % 8;
    if (entry->address.family != address->family || memcmp(entry->address.octets, address->octets, octets) != 0)
        return false;
    return bits == 0 || ((entry->address.octets[octets] ^ address->octets[octets]) & (0xff00 >> bits) & 0xff) == 0;
}

/* ---- a list of them ---- */

static int compare_addresses(const struct address *a, const struct address *b) {
    if (a->family != b->family)
        return a->family == AF_INET ? -1 : 1;
    if (a->family == AF_INET6)
        return memcmp(a->octets, b->octets, sizeof(a->ipv6));
    uint32_t one = ntohl(a->ipv4.s_addr), other = ntohl(b->ipv4.s_addr);
    return (one > other) - (one < other);
}

/* A prefix comes before the prefixes that it contains. */
static int compare_entries(const void *left, const void *right) {
    const struct prefix_entry *a = left, *b = right;
    int order = compare_addresses(&a->address, &b->address);
    return order != 0 ? order : (int)a->length - (int)b->length;
}

/* Of those with the same prefix the one that is written itself comes first, and then the one in the earlier line. */
static int compare_with_origin(const void *left, const void *right) {
    const struct prefix_entry *a = left, *b = right;
    int order = compare_entries(a, b);
    if (order != 0)
        return order;
    if ((a->set == NULL) != (b->set == NULL))
        return a->set == NULL ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

static void unite(struct prefix_list *list) {
    size_t kept = 0;
    list->ipv4_count = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (kept > 0 && compare_entries(&list->entries[kept - 1], &list->entries[i]) == 0)
            continue;
        list->ipv4_count += list->entries[i].address.family == AF_INET;
        list->entries[kept++] = list->entries[i];
    }
    list->count = kept;
}

/* What holds an entry is the entry before it, or holds that one. */
static void find_holders(struct prefix_list *list) {
    uint32_t holder = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        struct prefix_entry *entry = &list->entries[i];
        while (holder != 0 && !holds(&list->entries[holder - 1], &entry->address))
            holder = list->entries[holder - 1].holder;
        entry->holder = holder;
        holder = i + 1;
    }
}

void prefixes_arrange(struct prefix_list *list) {
    qsort(list->entries, list->count, sizeof(list->entries[0]), compare_with_origin);
    unite(list);
    find_holders(list);
}

const struct prefix_entry *prefixes_find(const struct prefix_list *list, const struct prefix_entry *prefix) {
    return bsearch(prefix, list->entries, list->count, sizeof(list->entries[0]), compare_entries);
}

/*
 * What holds the address begins at it or before it. So the last entry that begins there is the longest such prefix,
 * or is held by it.
 */
static const struct prefix_entry *match(const struct prefix_list *list, const struct address *address) {
    size_t first = address->family == AF_INET ? 0 : list->ipv4_count;
    size_t behind = address->family == AF_INET ? list->ipv4_count : list->count;
    while (first < behind) {
        size_t middle = first + (behind - first) / 2;
        if (compare_addresses(&list->entries[middle].address, address) <= 0)
            first = middle + 1;
        else
            behind = middle;
    }
    for (size_t place = first; place != 0; place = list->entries[place - 1].holder)
        if (holds(&list->entries[place - 1], address))
            return &list->entries[place - 1];
    return NULL;
}

static bool has_ipv4_inside(const struct address *address, struct address *ipv4) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    if (address->family != AF_INET6 ||
        (memcmp(address->octets, mapped, sizeof(mapped)) != 0 && memcmp(address->octets, nat64, sizeof(nat64)) != 0))
        return false;
    *ipv4 = (struct address){.family = AF_INET};
    memcpy(ipv4->octets, address->octets + sizeof(mapped), sizeof(struct in_addr));
    return true;
}

const struct prefix_entry *prefixes_match(const struct prefix_list *list, const struct address *address) {
    struct address ipv4;
    if (list == NULL)
        return NULL;
    const struct prefix_entry *found = match(list, address);
    if (!has_ipv4_inside(address, &ipv4))
        return found;
    const struct prefix_entry *inside = match(list, &ipv4);
    return prefix_narrowness(inside, address) > prefix_narrowness(found, address) ? inside : found;
}

/*
 * An IPv4 prefix holds the address in each of its forms: the same bits as an IPv6 prefix are narrower. And who writes a
 * prefix that is also in a set means it as an exception from the set.
 */
int prefix_narrowness(const struct prefix_entry *entry, const struct address *address) {
    if (entry == NULL)
        return -1;
    bool is_inside = entry->address.family != address->family;
    int bits = is_inside ? 96 + entry->length : entry->length;
    return 4 * bits + 2 * !is_inside + (entry->set == NULL);
}
