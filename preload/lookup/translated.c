#include "originbypass/lookup/translated.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/lookup/nat64.h"
#include "originbypass/rules/policy.h"

/* What the lists say of the address inside has been seen to already, when external DNS said it. */
static bool may_be_made(const struct host_settings *settings, const struct address *translated) {
    const struct prefix_entry *rejected = policy_rejection(settings, translated);
    return rejected == NULL || rejected->set != NULL || rejected->address.family == AF_INET;
}

struct answer *translated_answer(const struct host_settings *settings, const struct answer *ipv4,
                                 const struct nat64_prefixes *prefixes) {
    const size_t size = address_size(AF_INET6);
    uint8_t *addresses = malloc(ipv4->address_count * prefixes->count * size + 1), *end = addresses;
    if (addresses == NULL)
        return NULL;
    for (size_t i = 0; i < ipv4->address_count; i++) {
        struct address original = answer_address(ipv4, i);
        for (size_t j = 0; j < prefixes->count; j++) {
            if (!nat64_prefix_takes(&prefixes->prefixes[j], &original))
                continue;
            struct address translated = nat64_prefix_embed(&prefixes->prefixes[j], &original);
            if (!may_be_made(settings, &translated))
                continue;
            memcpy(end, translated.octets, size);
            end += size;
        }
    }
    struct answer *answer = end == addresses ? NULL
                                             : answer_build(&(struct answer_parts){
                                                   .outcome = OUTCOME_ADDRESSES,
                                                   .family = AF_INET6,
                                                   .ttl_s = ipv4->ttl_s,
                                                   .addresses = addresses,
                                                   .address_count = (size_t)(end - addresses) / size,
                                                   .names = answer_first_name(ipv4),
                                                   .name_count = ipv4->name_count,
                                               });
    free(addresses);
    return answer;
}

bool translated_from(const struct address *address, struct address *ipv4, struct nat64_prefix *prefix) {
    struct nat64_prefixes prefixes;
    if (address->family != AF_INET6 || !nat64_known(&prefixes))
        return false;
    const struct nat64_prefix *found = nat64_prefixes_match(&prefixes, address, ipv4);
    if (found != NULL)
        *prefix = *found;
    return found != NULL;
}

/* The IPv4 address inside, if it is in a prefix into which the lists do not look by themselves. */
static bool find_inside(const struct address *address, struct address *ipv4) {
    struct nat64_prefix prefix;
    return translated_from(address, ipv4, &prefix) && !nat64_prefix_is_well_known(&prefix);
}

const struct prefix_entry *translated_rejection(const struct host_settings *settings, const struct address *address,
                                                struct address *judged) {
    struct address inside;
    const struct prefix_entry *rejected = policy_rejection(settings, address);
    *judged = *address;
    if (!find_inside(address, &inside) || (rejected != NULL && rejected->set == NULL))
        return rejected;
    *judged = inside;
    return policy_rejection(settings, judged);
}

const char *translated_edge(const struct host_settings *settings, const struct address *address,
                            struct address *judged) {
    struct address inside;
    const char *edge = policy_edge(settings, address);
    *judged = *address;
    if (edge != NULL || !find_inside(address, &inside))
        return edge;
    *judged = inside;
    return policy_edge(settings, judged);
}

sa_family_t translated_family(const struct address *address) {
    struct address ipv4;
    struct nat64_prefix prefix;
    return translated_from(address, &ipv4, &prefix) ? AF_INET : address->family;
}
