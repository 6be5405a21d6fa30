#include "originbypass/lookup/miss.h"

#include <string.h>

#include "originbypass/guest/clock.h"
#include "originbypass/lookup/age.h"
#include "originbypass/lookup/refresh.h"
#include "originbypass/metrics/counters.h"
#include "originbypass/rules/policy_warnings.h"
#include "originbypass/values/record_types.h"

/* ---- what needs no asking ---- */

const struct answer *miss_configured(const struct host_settings *settings, size_t type) {
    if (types[type] == RECORD_A)
        return settings->family == FAMILY_IPV6 ? answer_no_record(AF_INET) : settings->pinned_ipv4;
    return settings->family == FAMILY_IPV4 ? answer_no_record(AF_INET6) : settings->pinned_ipv6;
}

void miss_remember_configured(const struct miss *miss) {
    const struct lookup *lookup = miss->lookup;
    const struct cache_term term = {UINT64_MAX, UINT64_MAX, miss->fetch.generation};
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = miss_configured(miss->settings, type);
        if (!(lookup->wanted & types[type]) || answer == NULL)
            continue;
        /* A user who pins an edge address has configured a loop. */
        policy_warn_of_edges((struct warned_host){lookup->settings, &lookup->name, lookup->host, false}, answer);
        if (lookup->copy.answers[type] == NULL)
            cache_put(&lookup->name, answer, &term, clock_now_ms());
    }
}

/*
 * The answer that is available for a type: the one that was fetched, the one that is configured, or the one in the
 * cache if it was good enough when we began or has landed since. The last one is used even with a TTL of zero (RFC
 * 1035, section 3.2.1), because an answer that a lookup once had does not expire while it waits for the rest.
 */
static const struct answer *at_hand(const struct miss *miss, size_t type, enum age age) {
    const struct fetch *fetch = &miss->fetch;
    const struct cache_copy *copy = &miss->lookup->copy;
    const struct answer *answer = fetch->answers[type];
    if (answer == NULL)
        answer = miss_configured(miss->settings, type);
    if (answer == NULL && (age_is_within(copy, type, age, fetch->began_ms) || fetch->landed & types[type]))
        answer = copy->answers[type];
    return answer;
}

/* Collect the answers that are available for the wanted types. Returns the types that are missing. */
static enum record_types gather(struct miss *miss, enum age age) {
    struct lookup *lookup = miss->lookup;
    enum record_types missing = 0;
    cache_get(&lookup->name, miss->fetch.began_ms, &lookup->copy);
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = at_hand(miss, type, age);
        lookup->answers[type] = lookup->wanted & types[type] && !answer_is_rejected(answer) ? answer : NULL;
        lookup->rejected[type] = lookup->wanted & types[type] && answer_is_rejected(answer) ? answer : NULL;
        if ((lookup->wanted & types[type]) && answer == NULL)
            missing |= types[type];
    }
    return missing;
}

/* ---- external DNS ---- */

/* Ask, and wait for what others ask. If what they asked for was lost, do so again while there is time. Returns the
 * types that are missing. */
static enum record_types resolve_missing(const struct process_section *section, struct miss *miss,
                                         enum record_types missing) {
    struct fetch *fetch = &miss->fetch;
    while (missing != 0) {
        fetch_board(fetch, missing);
        if (fetch->leads != 0)
            fetch_lead(section, fetch);
        fetch_join(section, fetch, fetch->deadline_ms);
        missing = gather(miss, AGE_STALE) & ~fetch->failed;
        /*
         * If the cache does not keep what others were told, all callers would have to wait for each other, one after
         * another.
         */
        fetch->alone = missing & fetch->landed;
        if (missing != 0 && clock_now_ms() >= fetch->deadline_ms) {
            strcpy(fetch->failure.reason, "another lookup of the same name got no answer in time");
            break;
        }
    }
    return missing | fetch->failed;
}

static enum record_types without_old_answer(const struct miss *miss, enum record_types missing) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (age_is_within(&miss->lookup->copy, type, AGE_ANY, miss->fetch.began_ms))
            missing &= ~types[type];
    return missing;
}

/*
 * There are answers, but they are old: wait for fresh ones only for a limited time. If we may not wait to the end, the
 * fresh ones are asked for beside the traffic. If asking failed a short time ago, nobody asks.
 */
static enum record_types renew(const struct process_section *section, struct miss *miss, enum record_types missing) {
    const struct host_settings *settings = miss->settings;
    struct fetch *fetch = &miss->fetch;
    uint32_t patience_ms =
        settings->cache.mode == CACHE_STALE ? settings->cache.stale_wait_ms : settings->query.deadline_ms;
    uint64_t until_ms = fetch->began_ms + patience_ms;
    enum record_types now = age_due(&miss->lookup->copy, missing, fetch->began_ms);
    if (now == 0)
        fetch_board_as_guest(fetch, missing);
    else
        fetch_board(fetch, now);
    bool beside = fetch->leads != 0 && fetch->plan.count > 0 && until_ms < fetch->deadline_ms && refresh_start(fetch);
    if (fetch->leads != 0 && !beside) {
        if (until_ms < fetch->deadline_ms)
            fetch->deadline_ms = until_ms;
        fetch_lead(section, fetch);
    }
    fetch_join(section, fetch, until_ms);
    return gather(miss, AGE_STALE);
}

static enum counter found_in(const struct lookup *lookup) {
    return lookup_has(lookup, OUTCOME_ADDRESSES) ? COUNTER_HITS : COUNTER_NEGATIVE_HITS;
}

void miss_find(const struct process_section *section, struct miss *miss) {
    enum record_types missing = gather(miss, AGE_STALE);
    counters_add(missing == 0 ? found_in(miss->lookup) : COUNTER_MISSES);
    if (missing == 0)
        return;
    if (without_old_answer(miss, missing) == 0)
        missing = renew(section, miss, missing);
    else
        missing = resolve_missing(section, miss, missing);
    if (missing != 0)
        gather(miss, AGE_ANY);
}
