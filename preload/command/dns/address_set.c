#include "originbypass/command/dns/address_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/memory.h"

enum { SHOWN_MAX = 8 };

static int compare_addresses_of_set(const struct address *one, const struct address *other) {
    if (one->family != other->family)
        return one->family == AF_INET ? -1 : 1;
    return memcmp(one->octets, other->octets, address_size(one->family));
}

void address_set_add(struct address_set *set, const struct address *address) {
    size_t place = 0;
    while (place < set->count && compare_addresses_of_set(&set->list[place], address) < 0)
        place++;
    if (place < set->count && compare_addresses_of_set(&set->list[place], address) == 0)
        return;
    set->list = memory_resize(set->list, set->count + 1, sizeof(set->list[0]));
    memmove(&set->list[place + 1], &set->list[place], (set->count - place) * sizeof(set->list[0]));
    set->list[place] = *address;
    set->count++;
}

void address_set_add_answer(struct address_set *set, const struct answer *answer) {
    for (size_t i = 0; answer != NULL && i < answer->address_count; i++) {
        struct address address = answer_address(answer, i);
        address_set_add(set, &address);
    }
}

bool address_set_has(const struct address_set *set, const struct address *address) {
    for (size_t i = 0; i < set->count; i++)
        if (compare_addresses_of_set(&set->list[i], address) == 0)
            return true;
    return false;
}

bool address_set_equal(const struct address_set *one, const struct address_set *other) {
    for (size_t i = 0; i < one->count; i++)
        if (!address_set_has(other, &one->list[i]))
            return false;
    return one->count == other->count;
}

char *address_set_text(const struct address_set *set) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = memory_checked(open_memstream(&text, &size));
    if (set->count == 0)
        fputs("no address", stream);
    for (size_t i = 0; i < set->count && i < SHOWN_MAX; i++) {
        char one[INET6_ADDRSTRLEN];
        address_text(&set->list[i], one);
        fprintf(stream, "%s%s", i == 0 ? "" : ", ", one);
    }
    if (set->count > SHOWN_MAX)
        fprintf(stream, " and %zu more", set->count - SHOWN_MAX);
    fclose(stream);
    return memory_checked(text);
}

void address_set_free(struct address_set *set) {
    free(set->list);
    *set = (struct address_set){0};
}
