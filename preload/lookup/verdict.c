#include "originbypass/lookup/verdict.h"

#include "originbypass/in_force/published.h"
#include "originbypass/lookup/tell.h"
#include "originbypass/metrics/counters.h"
#include "originbypass/rules/policy_warnings.h"
#include "originbypass/values/record_types.h"

/*
 * Whether external DNS (not the configuration) has addresses for the name, even if only of the type that is not wanted.
 */
static bool has_other_addresses(const struct miss *miss) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = miss->fetch.answers[type];
        if (answer == NULL && miss_configured(miss->settings, type) == NULL)
            answer = miss->lookup->copy.answers[type];
        if (answer != NULL && answer->outcome == OUTCOME_ADDRESSES)
            return true;
    }
    return false;
}

static const struct answer *first_rejected(const struct lookup *lookup) {
    return lookup->rejected[0] != NULL ? lookup->rejected[0] : lookup->rejected[1];
}

bool verdict_use_rejected(struct lookup *lookup) {
    const struct answer *rejected = first_rejected(lookup);
    if (rejected == NULL)
        return false;
    struct address address = answer_address(rejected, 0);
    bool used = !lookup->settings->strict;
    policy_warn_of_rejection((struct warned_host){lookup->settings, &lookup->name, lookup->host, false}, &address,
                             used);
    for (size_t type = 0; type < RECORD_TYPE_COUNT && used; type++)
        if (lookup->rejected[type] != NULL)
            lookup->answers[type] = lookup->rejected[type];
    return used;
}

static const char *why_failed(const struct miss *miss) {
    const char *failure = miss->fetch.failure.reason;
    if (failure[0] != '\0')
        return failure;
    return first_rejected(miss->lookup) != NULL ? "every address is rejected"
                                                : "it failed a moment ago, and is not asked for again yet";
}

/* Why libc should answer; NULL if it should not. */
static const char *why_fall_back(const struct miss *miss) {
    const struct lookup *lookup = miss->lookup;
    if (lookup_has(lookup, OUTCOME_ADDRESSES))
        return NULL;
    if (lookup_has(lookup, OUTCOME_NO_NAME))
        return "no such name (NXDOMAIN)";
    if (has_other_addresses(miss))
        return NULL;
    return first_rejected(lookup) != NULL || lookup_has(lookup, OUTCOME_FAILURE) ? why_failed(miss) : NULL;
}

enum lookup_verdict verdict_of_failure(const struct lookup *lookup, const struct host_settings *settings,
                                       const char *reason) {
    bool final = settings->fallback_never;
    counters_add(final ? COUNTER_FAILURES : COUNTER_FALLBACKS);
    /* That libc answers for what has no name outside is meant so, and happens all the time below a wildcard. */
    if (!final && !lookup_has(lookup, OUTCOME_NO_NAME))
        publish_fallback(&lookup->name);
    tell_failed(lookup, reason, final);
    return final ? LOOKUP_ANSWERED : LOOKUP_FALLBACK;
}

/* Both types are known by now, as far as they can be. */
static enum lookup_verdict verdict_on_edge(const struct miss *miss) {
    const struct lookup *lookup = miss->lookup;
    bool seen = lookup->instead_of != NULL;
    if (seen)
        counters_add(COUNTER_EDGES_SEEN);
    if (lookup_has(lookup, OUTCOME_ADDRESSES)) {
        if (seen)
            counters_add(COUNTER_EDGES_REPLACED);
        publish_answer(&lookup->name);
        return LOOKUP_ANSWERED;
    }
    if (lookup_has(lookup, OUTCOME_FAILURE))
        return verdict_of_failure(lookup, miss->settings, why_failed(miss));
    tell_no_origin(lookup);
    return LOOKUP_FALLBACK;
}

enum lookup_verdict verdict_of(const struct miss *miss) {
    if (miss->settings->when == WHEN_EDGE)
        return verdict_on_edge(miss);
    const char *reason = why_fall_back(miss);
    if (reason == NULL || (miss->settings->fallback_never && verdict_use_rejected(miss->lookup))) {
        publish_answer(&miss->lookup->name);
        return LOOKUP_ANSWERED;
    }
    return verdict_of_failure(miss->lookup, miss->settings, reason);
}
