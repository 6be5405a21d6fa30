#include "originbypass/lookup/lookup.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/guest/beside.h"
#include "originbypass/guest/log.h"
#include "originbypass/in_force/published.h"
#include "originbypass/lookup/age.h"
#include "originbypass/lookup/miss.h"
#include "originbypass/lookup/nat64.h"
#include "originbypass/lookup/refresh.h"
#include "originbypass/lookup/tell.h"
#include "originbypass/lookup/translated.h"
#include "originbypass/lookup/verdict.h"
#include "originbypass/metrics/counters.h"
#include "originbypass/rules/rules.h"
#include "originbypass/values/record_types.h"

/* A signal handler, or an allocator that we called: it might have to wait for this very thread. */
static enum lookup_verdict refuse_reentry(const struct lookup *lookup, const struct host_settings *settings) {
    struct process_section section;
    process_section_begin(&section);
    enum lookup_verdict said =
        verdict_of_failure(lookup, settings, "called from within another lookup of the same thread");
    process_section_end(&section);
    return said;
}

static const struct host_settings *settings_in(const struct in_force *configuration, const struct name *name) {
    if (configuration == NULL)
        return NULL;
    cache_open(rules_config(configuration->rules)->max_entries);
    return rules_settings(configuration->rules, name);
}

static const struct host_settings *settings_of(struct lookup *lookup) {
    if (lookup->configuration == NULL)
        lookup->configuration = configuration_acquire();
    return settings_in(lookup->configuration, &lookup->name);
}

static bool is_remembered_as_final(const struct lookup *lookup) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (lookup->answers[type] != NULL && lookup->answers[type]->no_recovery)
            return true;
    return false;
}

/* Added to the deadline: a lookup that has used up its time still has work to do before it releases the thread. */
#define MARK_MARGIN_MS 500

static enum lookup_verdict ask_around(struct lookup *lookup, const struct host_settings *settings) {
    struct miss miss = {.settings = settings, .lookup = lookup};
    struct process_section section;
    miss.fetch = fetch_begin(&lookup->name, lookup->host, lookup->configuration, settings, lookup->copy.retry_ms);
    miss.fetch.instead_of = lookup->instead_of;
    if (!process_enter(&section, miss.fetch.deadline_ms + MARK_MARGIN_MS))
        return refuse_reentry(lookup, settings);
    process_adopt_copy();
    miss_remember_configured(&miss);
    miss_find(&section, &miss);
    lookup->no_recovery = miss.fetch.failure.no_recovery || is_remembered_as_final(lookup);
    memcpy(lookup->fetched, miss.fetch.answers, sizeof(lookup->fetched));
    enum lookup_verdict said = verdict_of(&miss);
    /*
     * If another thread asked, or if only what the cache lacked was asked for, no message has named the addresses yet.
     */
    if (said == LOOKUP_ANSWERED && answer_with_addresses((const struct answer *const *)lookup->fetched) == NULL)
        tell_hit(lookup);
    process_leave(&section);
    return said;
}

/* With `when = "edge"`: the edges of one type are no record if the other type has an origin. */
static void take_out_edges(struct lookup *lookup) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (lookup->answers[type] != NULL && lookup->answers[type]->outcome == OUTCOME_NO_ORIGIN)
            lookup->answers[type] = answer_no_record(types[type] == RECORD_A ? AF_INET : AF_INET6);
}

/* After more was asked for than the caller wants. */
static void keep_wanted(struct lookup *lookup) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (!(lookup->wanted & types[type]))
            lookup->answers[type] = lookup->rejected[type] = NULL;
}

/* Begin to ask for answers that are served past their lifetime. */
static void refresh(struct lookup *lookup, enum record_types past) {
    const struct host_settings *settings = settings_of(lookup);
    struct process_section section;
    if (settings == NULL || !beside_has_room())
        return;
    struct fetch fetch =
        fetch_begin(&lookup->name, lookup->host, lookup->configuration, settings, lookup->copy.retry_ms);
    if (!process_enter(&section, fetch.deadline_ms + MARK_MARGIN_MS))
        return;
    process_adopt_copy();
    fetch_board(&fetch, past);
    if (fetch.leads != 0 && (fetch.plan.count == 0 || !refresh_start(&fetch))) {
        if (fetch.plan.on_trial)
            fetch_lead(&section, &fetch);
        else
            fetch_give_up(&fetch, "no thread can be started");
    }
    process_leave(&section);
    fetch_end(&fetch);
}

static bool has_origin_in_copy(const struct lookup *lookup, size_t type, enum age age, uint64_t now_ms) {
    return age_is_within(&lookup->copy, type, age, now_ms) && lookup->copy.answers[type]->outcome == OUTCOME_ADDRESSES;
}

/* With `when = "edge"` the edges of one type are no record if the other type has an origin. NULL: it has none. */
static __attribute__((noinline)) const struct answer *instead_of_edges(const struct lookup *lookup, size_t type,
                                                                       uint64_t now_ms) {
    bool replaced = lookup->copy.answers[type]->outcome == OUTCOME_NO_ORIGIN &&
                    has_origin_in_copy(lookup, RECORD_TYPE_COUNT - 1 - type, AGE_STALE, now_ms);
    return replaced ? answer_no_record(types[type] == RECORD_A ? AF_INET : AF_INET6) : NULL;
}

/* The copy's answer for the type if it is good enough; NULL: it is not. */
static inline const struct answer *usable_in_copy(const struct lookup *lookup, size_t type, uint64_t now_ms) {
    const struct answer *answer = lookup->copy.answers[type];
    if (!age_is_within(&lookup->copy, type, AGE_STALE, now_ms))
        return NULL;
    return answer->outcome < OUTCOME_REJECTED ? answer : instead_of_edges(lookup, type, now_ms);
}

/* Take the wanted answers that are good enough from the copy; returns the types that are missing. */
static inline __attribute__((always_inline)) enum record_types choose_from_copy(struct lookup *lookup,
                                                                                uint64_t now_ms) {
    enum record_types missing = 0;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        lookup->answers[type] = NULL;
        if (!(lookup->wanted & types[type]))
            continue;
        lookup->answers[type] = usable_in_copy(lookup, type, now_ms);
        if (lookup->answers[type] == NULL)
            missing |= types[type];
    }
    return missing;
}

/* The wanted types whose answers are past their lifetime. */
static enum record_types past_lifetime(const struct lookup *lookup, uint64_t now_ms) {
    enum record_types past = 0;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (lookup->answers[type] != NULL && lookup->answers[type] == lookup->copy.answers[type] &&
            !age_is_within(&lookup->copy, type, AGE_FRESH, now_ms))
            past |= types[type];
    return past;
}

/* A negative answer is a hit too, except "no such name" and a failure, which are libc's. */
static bool is_hit(const struct lookup *lookup, enum record_types missing) {
    return missing == 0 && (lookup_has(lookup, OUTCOME_ADDRESSES) ||
                            (!lookup_has(lookup, OUTCOME_NO_NAME) && !lookup_has(lookup, OUTCOME_FAILURE)));
}

static __attribute__((noinline)) void say_not_listed(const char *host) {
    struct process_section section;
    if (!process_enter(&section, clock_now_ms() + MARK_MARGIN_MS))
        return;
    process_adopt_copy();
    tell_not_listed(host);
    process_leave(&section);
}

bool lookup_begin(struct lookup *lookup) {
    lookup->answers[0] = lookup->answers[1] = NULL;
    lookup->rejected[0] = lookup->rejected[1] = NULL;
    lookup->configuration = NULL;
    lookup->settings = NULL;
    lookup->instead_of = NULL;
    lookup->fetched[0] = lookup->fetched[1] = NULL;
    lookup->no_recovery = lookup->translated = false;
    lookup->sorted = NULL;
    cache_copy_begin(&lookup->copy);
    /* A name in the cache is ours. The rules are checked only once. */
    if (cache_get(&lookup->name, lookup->now_ms, &lookup->copy))
        return true;
    lookup->settings = settings_of(lookup);
    if (lookup->settings != NULL)
        return true;
    in_force_release(lookup->configuration);
    metrics_count(COUNTER_PASS_THROUGHS, lookup->now_ms);
    if (log_enabled(LOG_LEVEL_DEBUG) && !name_is_literal(lookup->host))
        say_not_listed(lookup->host);
    return false;
}

static bool has_origin(const struct lookup *lookup, enum age age) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (has_origin_in_copy(lookup, type, age, lookup->now_ms))
            return true;
    return false;
}

bool lookup_outlives_libc(const struct lookup *lookup) {
    return has_origin(lookup, AGE_ANY);
}

bool lookup_asks_libc_first(struct lookup *lookup) {
    if (has_origin(lookup, AGE_FRESH))
        return false;
    if (lookup->settings == NULL)
        lookup->settings = settings_of(lookup);
    return lookup->settings != NULL && lookup->settings->when == WHEN_EDGE;
}

bool lookup_is_edge(const struct lookup *lookup, const struct address *address) {
    struct address judged;
    return translated_edge(lookup->settings, address, &judged) != NULL;
}

bool lookup_leads_to_edge(struct lookup *lookup, bool found, const struct address *edge) {
    int error = errno;
    lookup->instead_of = found ? edge : NULL;
    if (!found)
        metrics_count(COUNTER_PASS_THROUGHS, lookup->now_ms);
    errno = error;
    return found;
}

static inline __attribute__((always_inline)) void serve_hit(struct lookup *lookup, uint64_t now_ms) {
    enum record_types past = past_lifetime(lookup, now_ms);
    publish_answer(&lookup->name);
    if (!lookup_has(lookup, OUTCOME_ADDRESSES))
        counters_add(COUNTER_NEGATIVE_HITS);
    else
        counters_add(past != 0 ? COUNTER_STALE_HITS : COUNTER_HITS);
    enum record_types asked = past == 0 ? 0 : age_due(&lookup->copy, past, now_ms);
    if (asked != 0)
        refresh(lookup, asked);
    metrics_write_if_due(now_ms);
    if (log_enabled(LOG_LEVEL_DEBUG))
        tell_hit(lookup);
}

/* ---- cancellation ---- */

static void release(void *const what[static PROCESS_REST_MAX]) {
    in_force_release(what[0]);
    for (size_t i = 1; i < PROCESS_REST_MAX; i++)
        free(what[i]);
}

bool lookup_expose(const struct lookup *lookup, struct process_rest *before) {
    void *const what[PROCESS_REST_MAX] = {(void *)lookup->configuration, lookup->fetched[0], lookup->fetched[1],
                                          lookup->sorted, lookup->copy.heap};
    return process_expose(before, release, what);
}

/*
 * getaddrinfo(3) is a cancellation point when libc waits, so it is also one when we have waited. poll(3) is one in
 * every libc; pthread_testcancel(3) is in a separate library if glibc is older than 2.34.
 */
static void act_on_cancellation(const struct lookup *lookup) {
    struct process_rest before;
    if (!lookup_expose(lookup, &before))
        return;
    poll(NULL, 0, 0);
    process_cover(&before);
}

/* ---- IPv6 addresses for IPv4 ones ---- */

/* Each address is IPv4-mapped: a DNS64 leaves these out (RFC 6147, section 5.1.4). */
static __attribute__((noinline)) bool is_mapped(const struct answer *answer) {
    for (size_t i = 0; i < answer->address_count; i++) {
        struct address address = answer_address(answer, i);
        if (!IN6_IS_ADDR_V4MAPPED(&address.ipv6))
            return false;
    }
    return true;
}

/* Two zero octets begin the addresses of no host, and those that are IPv4-mapped. */
static inline bool has_ipv6(const struct answer *answer) {
    return answer != NULL && answer->address_count > 0 &&
           (answer_addresses(answer)[0] != 0 || answer_addresses(answer)[1] != 0 || !is_mapped(answer));
}

/* Whether a DNS64 would have translated A's addresses, if it has any. */
static inline bool is_for_dns64(const struct lookup *lookup, uint64_t now_ms) {
    return lookup->wanted & RECORD_AAAA && !has_ipv6(lookup->answers[1]) && nat64_may_help(now_ms);
}

static void translate(struct lookup *lookup) {
    const struct answer *ipv4 = lookup->answers[0];
    struct nat64_prefixes prefixes;
    if ((ipv4 != NULL && ipv4->address_count == 0) || !is_for_dns64(lookup, lookup->now_ms))
        return;
    if (ipv4 != NULL)
        nat64_learn();
    if (!nat64_known(&prefixes))
        return;
    if (ipv4 == NULL) { /* it failed, and nobody knows what it would have been translated to */
        lookup->answers[1] = NULL;
        return;
    }
    if (lookup->settings == NULL)
        lookup->settings = settings_of(lookup);
    if (lookup->settings == NULL)
        return;
    struct process_section section;
    process_section_begin(&section);
    struct answer *translated = translated_answer(lookup->settings, ipv4, &prefixes);
    if (translated != NULL) {
        lookup->rejected[1] = NULL;
        free(lookup->fetched[1]);
        lookup->answers[1] = lookup->fetched[1] = translated;
        lookup->translated = true;
        tell_translated(lookup, &prefixes);
    }
    process_section_end(&section);
}

/* ---- */

static enum lookup_verdict ask_and_wait(struct lookup *lookup) {
    enum lookup_verdict said = ask_around(lookup, lookup->settings);
    act_on_cancellation(lookup);
    lookup->now_ms = clock_recent_ms();
    metrics_write_if_due(lookup->now_ms);
    return said;
}

/* One type is not enough where it depends on the other what the answer is. */
static enum lookup_verdict ask_for_both(struct lookup *lookup) {
    enum record_types wanted = lookup->wanted;
    lookup->wanted = RECORD_BOTH;
    enum lookup_verdict said = ask_and_wait(lookup);
    take_out_edges(lookup);
    lookup->wanted = wanted;
    if (said == LOOKUP_ANSWERED)
        translate(lookup);
    keep_wanted(lookup);
    return said;
}

/* What a DNS64 needs is in the cache: the IPv4 addresses, for a caller who perhaps wants none. */
static bool translate_hit(struct lookup *lookup) {
    enum record_types wanted = lookup->wanted;
    lookup->wanted = RECORD_BOTH;
    bool hit = is_hit(lookup, choose_from_copy(lookup, lookup->now_ms));
    if (hit)
        serve_hit(lookup, lookup->now_ms);
    lookup->wanted = wanted;
    if (hit)
        translate(lookup);
    keep_wanted(lookup);
    return hit;
}

static __attribute__((noinline)) enum lookup_verdict finish_slowly(struct lookup *lookup) {
    bool for_dns64 = is_for_dns64(lookup, lookup->now_ms);
    if (for_dns64 && translate_hit(lookup))
        return LOOKUP_ANSWERED;
    if (lookup->settings == NULL)
        lookup->settings = settings_of(lookup);
    if (lookup->settings == NULL)
        return LOOKUP_FALLBACK;
    return for_dns64 || lookup->settings->when == WHEN_EDGE ? ask_for_both(lookup) : ask_and_wait(lookup);
}

enum lookup_verdict lookup_finish(struct lookup *lookup, enum record_types wanted) {
    lookup->wanted = wanted;
    if (!is_hit(lookup, choose_from_copy(lookup, lookup->now_ms)) || is_for_dns64(lookup, lookup->now_ms))
        return finish_slowly(lookup);
    serve_hit(lookup, lookup->now_ms);
    return LOOKUP_ANSWERED;
}

void lookup_end(struct lookup *lookup) {
    if (lookup->configuration == NULL && lookup->fetched[0] == NULL && lookup->fetched[1] == NULL &&
        lookup->sorted == NULL && lookup->copy.heap == NULL)
        return;
    int error = errno; /* which free(3) can change if libc is older than POSIX.1-2024 */
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        free(lookup->fetched[type]);
    free(lookup->sorted);
    cache_copy_release(&lookup->copy);
    if (lookup->configuration != NULL)
        in_force_release(lookup->configuration);
    errno = error;
}
