#include "originbypass/rules/policy.h"

#include <stdlib.h>

const struct prefix_entry *policy_rejection(const struct host_settings *settings, const struct address *address) {
    const struct prefix_entry *rejected = prefixes_match(settings->reject, address);
    const struct prefix_entry *accepted = prefixes_match(settings->accept, address);
    return prefix_narrowness(rejected, address) > prefix_narrowness(accepted, address) ? rejected : NULL;
}

bool policy_has_family(const struct host_settings *settings, sa_family_t family) {
    return settings->family == FAMILY_ANY || settings->family == (family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6);
}

/* For answer_filter(). */
static bool may_be_used(const struct address *address, void *settings) {
    return policy_rejection(settings, address) == NULL;
}

static size_t count_rejected(const struct host_settings *settings, const struct answer *answer) {
    size_t count = 0;
    for (size_t i = 0; i < answer->address_count; i++) {
        struct address address = answer_address(answer, i);
        count += policy_rejection(settings, &address) != NULL;
    }
    return count;
}

static struct answer *without_rejected(const struct host_settings *settings, struct answer *answer) {
    size_t rejected = settings->reject == NULL ? 0 : count_rejected(settings, answer);
    if (rejected == 0)
        return answer;
    if (rejected == answer->address_count) {
        answer->outcome = OUTCOME_REJECTED;
        return answer;
    }
    struct answer *filtered = answer_filter(answer, may_be_used, (void *)settings);
    free(answer);
    return filtered;
}

/* For answer_filter(). */
static bool is_no_edge(const struct address *address, void *settings) {
    return policy_edge(settings, address) == NULL;
}

static size_t edges_among(const struct host_settings *settings, const struct answer *answer) {
    size_t count = 0;
    for (size_t i = 0; i < answer->address_count; i++) {
        struct address address = answer_address(answer, i);
        count += !is_no_edge(&address, (void *)settings);
    }
    return count;
}

/* An edge is no better than what libc has said already. */
static struct answer *without_edges(const struct host_settings *settings, struct answer *answer) {
    size_t edges = edges_among(settings, answer);
    if (edges == answer->address_count)
        answer->outcome = OUTCOME_NO_ORIGIN;
    if (edges == 0 || edges == answer->address_count)
        return answer;
    struct answer *filtered = answer_filter(answer, is_no_edge, (void *)settings);
    free(answer);
    return filtered;
}

struct answer *policy_apply(const struct host_settings *settings, struct answer *answer) {
    answer = without_rejected(settings, answer);
    if (settings->when != WHEN_EDGE || answer == NULL || answer->outcome != OUTCOME_ADDRESSES)
        return answer;
    return without_edges(settings, answer);
}

const char *policy_edge(const struct host_settings *settings, const struct address *address) {
    const struct prefix_entry *edge = prefixes_match(settings->edges, address);
    if (edge == NULL)
        return NULL;
    return edge->set != NULL ? edge->set : "edges";
}
