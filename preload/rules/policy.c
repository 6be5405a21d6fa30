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

/* For answer_filter(). */
static bool is_no_edge(const struct address *address, void *settings) {
    return policy_edge(settings, address) == NULL;
}

/* The answer with only the addresses for which `keep` says true. If there are none, all stay, with this outcome. */
static struct answer *keep_only(const struct host_settings *settings, struct answer *answer,
                                bool (*keep)(const struct address *, void *), enum outcome without_any) {
    size_t kept = 0;
    for (size_t i = 0; i < answer->address_count; i++) {
        struct address address = answer_address(answer, i);
        kept += keep(&address, (void *)settings);
    }
    if (kept == answer->address_count)
        return answer;
    if (kept == 0) {
        answer->outcome = without_any;
        return answer;
    }
    struct answer *filtered = answer_filter(answer, keep, (void *)settings);
    free(answer);
    return filtered;
}

/* An edge is no better than what libc has said already. */
struct answer *policy_apply(const struct host_settings *settings, struct answer *answer) {
    if (settings->reject != NULL)
        answer = keep_only(settings, answer, may_be_used, OUTCOME_REJECTED);
    if (settings->when != WHEN_EDGE || answer == NULL || answer->outcome != OUTCOME_ADDRESSES)
        return answer;
    return keep_only(settings, answer, is_no_edge, OUTCOME_NO_ORIGIN);
}

const char *policy_edge(const struct host_settings *settings, const struct address *address) {
    const struct prefix_entry *edge = prefixes_match(settings->edges, address);
    if (edge == NULL)
        return NULL;
    return edge->set != NULL ? edge->set : "edges";
}
