#include "originbypass/values/answer.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct answer) % sizeof(uint64_t) == 0, "the header is copied by words");

/* The octets of `count` names that follow each other, with their NULs. */
static size_t names_size(const char *names, size_t count) {
    const char *end = names;
    for (size_t i = 0; i < count; i++)
        end += strlen(end) + 1;
    return (size_t)(end - names);
}

/* An empty part is NULL, which memcpy(3) may not get. */
static uint8_t *append_part(uint8_t *end, const void *part, size_t size) {
    if (part == NULL)
        return end;
    memcpy(end, part, size);
    return end + size;
}

static size_t round_up_to_words(size_t size) {
    return (size + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);
}

struct answer *answer_build(const struct answer_parts *parts) {
    if (parts->address_count > UINT16_MAX || parts->name_count > UINT16_MAX)
        return NULL;
    size_t addresses_octets = parts->address_count * address_size(parts->family);
    size_t names_octets = names_size(parts->names, parts->name_count);
    size_t size = round_up_to_words(sizeof(struct answer) + addresses_octets + names_octets);
    if (size > UINT32_MAX)
        return NULL;
    struct answer *answer = calloc(1, size);
    if (answer == NULL)
        return NULL;
    answer->ttl_s = parts->ttl_s;
    answer->size = (uint32_t)size;
    answer->address_count = (uint16_t)parts->address_count;
    answer->name_count = (uint16_t)parts->name_count;
    answer->outcome = (uint8_t)parts->outcome;
    answer->family = (uint8_t)parts->family;
    answer->has_soa = parts->has_soa;
    uint8_t *names = append_part(answer->data, parts->addresses, addresses_octets);
    append_part(names, parts->names, names_octets);
    return answer;
}

struct address answer_address(const struct answer *answer, size_t position) {
    struct address address = {.family = answer->family};
    size_t size = address_size(address.family);
    memcpy(address.octets, answer_addresses(answer) + position * size, size);
    return address;
}

const char *answer_first_name(const struct answer *answer) {
    if (answer->name_count == 0)
        return NULL;
    return (const char *)answer_addresses(answer) + answer->address_count * address_size(answer->family);
}

const char *answer_canonical_name(const struct answer *answer) {
    const char *name = answer_first_name(answer);
    for (size_t i = 1; i < answer->name_count; i++)
        name += strlen(name) + 1;
    return name;
}

struct answer *answer_filter(const struct answer *answer, bool (*keep)(const struct address *, void *), void *context) {
    size_t size = address_size(answer->family);
    uint8_t *kept = malloc(answer->address_count * size + 1);
    if (kept == NULL)
        return NULL;
    uint8_t *end = kept;
    for (size_t i = 0; i < answer->address_count; i++) {
        struct address address = answer_address(answer, i);
        if (keep(&address, context))
            end = append_part(end, address.octets, size);
    }
    struct answer *filtered = answer_build(&(struct answer_parts){
        .outcome = answer->outcome,
        .family = answer->family,
        .ttl_s = answer->ttl_s,
        .addresses = kept,
        .address_count = (size_t)(end - kept) / size,
        .names = answer_first_name(answer),
        .name_count = answer->name_count,
    });
    free(kept);
    return filtered;
}

struct answer *answer_join(const struct answer *alias, const struct answer *target) {
    const char *before = answer_first_name(alias), *behind = answer_first_name(target);
    bool has_addresses = target->address_count > 0;
    /* The target's chain begins with the name that the alias' ends with. */
    size_t skipped = behind == NULL ? 0 : strlen(behind) + 1,
           behind_count = behind == NULL ? 0 : target->name_count - 1U;
    size_t before_size = names_size(before, alias->name_count);
    size_t behind_size = behind_count == 0 ? 0 : names_size(behind + skipped, behind_count);
    char *names = malloc(before_size + behind_size + 1);
    if (names == NULL)
        return NULL;
    memcpy(names, before, before_size);
    if (behind_count > 0)
        memcpy(names + before_size, behind + skipped, behind_size);
    struct answer *joined = answer_build(&(struct answer_parts){
        /* An alias is a record: where its target has none, it dangles. */
        .outcome = target->outcome == OUTCOME_NO_RECORD ? OUTCOME_DANGLING : (enum outcome)target->outcome,
        .family = target->family,
        .ttl_s = alias->ttl_s < target->ttl_s ? alias->ttl_s : target->ttl_s,
        .addresses = has_addresses ? answer_addresses(target) : NULL,
        .address_count = target->address_count,
        .names = names,
        .name_count = has_addresses ? alias->name_count + behind_count : 0,
    });
    free(names);
    return joined;
}

const struct answer *answer_no_record(sa_family_t family) {
    static const struct answer no_ipv4 = {
        .size = sizeof(struct answer), .outcome = OUTCOME_NO_RECORD, .family = AF_INET};
    static const struct answer no_ipv6 = {
        .size = sizeof(struct answer), .outcome = OUTCOME_NO_RECORD, .family = AF_INET6};
    return family == AF_INET ? &no_ipv4 : &no_ipv6;
}

const struct answer *answer_with_addresses(const struct answer *const answers[static RECORD_TYPE_COUNT]) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (answers[type] != NULL && answers[type]->address_count > 0)
            return answers[type];
    return NULL;
}
