#include "originbypass/doors/musl_answer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/guest/musl.h"
#include "originbypass/lookup/lookup_order.h"

int musl_error(const struct lookup *lookup) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = lookup->answers[type];
        if (!(lookup->wanted & types[type]))
            continue;
        if (answer == NULL || answer->outcome == OUTCOME_FAILURE)
            return EAI_AGAIN;
        if (answer->outcome == OUTCOME_NO_NAME)
            return EAI_NONAME;
    }
    return musl_no_data_error();
}

/* NULL: no CNAME record leads to a host name. */
static const char *last_target(const struct answer *answer) {
    const char *name = answer == NULL ? NULL : answer_first_name(answer), *last = NULL;
    for (size_t i = 1; name != NULL && i < answer->name_count; i++) {
        name += strlen(name) + 1;
        if (name_is_host_name_of_musl(name))
            last = name;
    }
    return last;
}

const char *musl_canonical_name(const struct lookup *lookup, char spelling[static NAME_LENGTH_MAX + 1]) {
    size_t first = musl_tells_no_data() ? 0 : 1;
    const char *target = last_target(lookup->answers[first]);
    if (target == NULL)
        target = last_target(lookup->answers[1 - first]);
    if (target != NULL)
        return target;
    memcpy(spelling, lookup->host, lookup->name.length);
    spelling[lookup->name.length] = '\0';
    return spelling;
}

/* ---- hostent ---- */

/* Where each part is in the buffer. musl asks for room for one pointer and one address more than it fills, and so do
 * we. */
struct parts {
    size_t aliases, address_list, addresses, canonical, asked;
    size_t needed;
};

static struct parts place_parts(const struct answer *answer, const char *canonical, const char *asked,
                                const char *buffer) {
    const size_t pointer = sizeof(char *), size = address_size(answer->family), count = answer->address_count;
    struct parts parts = {.aliases = -(uintptr_t)buffer % pointer};
    parts.address_list = parts.aliases + 3 * pointer;
    parts.addresses = parts.address_list + (count + 1) * pointer;
    parts.canonical = parts.addresses + count * size;
    parts.asked = parts.canonical + strlen(canonical) + 1;
    parts.needed = parts.asked + strlen(asked) + 1 + pointer + size;
    return parts;
}

/* NULL: in the order of DNS, for IPv4, or if there is no memory. The caller frees it. */
static uint16_t *find_places(struct lookup *lookup, const struct answer *answer) {
    uint16_t *places = answer->family == AF_INET ? NULL : malloc(answer->address_count * sizeof(*places));
    if (places != NULL)
        lookup_order(lookup, places);
    return places;
}

static void put_addresses(struct lookup *lookup, const struct answer *answer, char **list, char *addresses) {
    size_t size = address_size(answer->family);
    uint16_t *places = find_places(lookup, answer);
    for (size_t i = 0; i < answer->address_count; i++) {
        size_t position = places == NULL ? i : ORDER_POSITION(places[i]);
        list[i] = addresses + i * size;
        memcpy(list[i], answer_addresses(answer) + position * size, size);
    }
    list[answer->address_count] = NULL;
    free(places);
}

static char *put_name(char *to, const char *name) {
    return memcpy(to, name, strlen(name) + 1);
}

int musl_hostent_fill(struct lookup *lookup, size_t type, struct hostent *host, char *buffer, size_t size) {
    char spelling[NAME_LENGTH_MAX + 1];
    const struct answer *answer = lookup->answers[type];
    const char *canonical = musl_canonical_name(lookup, spelling), *asked = lookup->host;
    struct parts parts = place_parts(answer, canonical, asked, buffer);
    if (parts.needed > size)
        return ERANGE;
    host->h_aliases = (char **)(void *)(buffer + parts.aliases);
    host->h_addr_list = (char **)(void *)(buffer + parts.address_list);
    host->h_name = put_name(buffer + parts.canonical, canonical);
    host->h_aliases[0] = host->h_name;
    host->h_aliases[1] = strcmp(canonical, asked) == 0 ? NULL : put_name(buffer + parts.asked, asked);
    host->h_aliases[2] = NULL;
    host->h_addrtype = answer->family;
    host->h_length = (int)address_size(answer->family);
    put_addresses(lookup, answer, host->h_addr_list, buffer + parts.addresses);
    return 0;
}
