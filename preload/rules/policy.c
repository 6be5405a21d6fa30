#include "originbypass/rules/policy.h"

#include <stdlib.h>

#include "originbypass/values/prefix_sets.h"

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

struct answer *policy_apply(const struct host_settings *settings, struct answer *answer) {
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

const char *policy_edge(const struct host_settings *settings, const struct address *address) {
    return prefixes_match(settings->edges, address) == NULL ? NULL : PREFIX_SET_EDGE;
}
