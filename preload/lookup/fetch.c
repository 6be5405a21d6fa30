#include "originbypass/lookup/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/cache/cache.h"
#include "originbypass/cache/replacement.h"
#include "originbypass/guest/clock.h"
#include "originbypass/lookup/tell.h"
#include "originbypass/rules/policy_warnings.h"
#include "originbypass/upstream/upstream.h"
#include "originbypass/values/record_types.h"

struct fetch fetch_begin(const struct name *name, const char *host, const struct in_force *configuration,
                         const struct host_settings *settings, const uint64_t retry_ms[static RECORD_TYPE_COUNT]) {
    struct fetch fetch = {.name = name, .host = host, .configuration = configuration, .settings = settings};
    memcpy(fetch.retry_ms, retry_ms, sizeof(fetch.retry_ms));
    fetch.began_ms = clock_now_ms();
    fetch.deadline_ms = fetch.began_ms + settings->query.deadline_ms;
    fetch.generation = configuration->cache_generation;
    return fetch;
}

void fetch_end(struct fetch *fetch) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        free(fetch->answers[type]);
        fetch->answers[type] = NULL;
    }
}

/* ---- when to try again ---- */

/* A name that upstreams answer with failures is tried again after RFC 8767's (section 5) failure recheck timer. */
#define RECHECK_MS 30000
/* If nobody answered, the upstreams' health says when to try again. It is looked at this often. A negative answer that
 * is in doubt is asked for again after the same time. */
#define LOOK_AGAIN_MS 1000

static void keep_others_away(struct fetch *fetch, enum record_types set, uint64_t until_ms) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if ((set & types[type]) && cache_postpone(fetch->name, type, fetch->retry_ms[type], until_ms))
            fetch->retry_ms[type] = until_ms;
}

static void postpone(struct fetch *fetch, enum record_types missing) {
    bool soon = !fetch->failure.heard || fetch->in_doubt;
    keep_others_away(fetch, missing, clock_now_ms() + (soon ? LOOK_AGAIN_MS : RECHECK_MS));
}

static bool has_address_outcome(const struct answer *answer) {
    return answer != NULL && answer->outcome == OUTCOME_ADDRESSES;
}

/* ---- messages ---- */

/* Also for answers that are rejected and not used: people should know whether they are the edge's. */
static void warn_of_edges(const struct fetch *fetch, struct answer *const answers[static RECORD_TYPE_COUNT]) {
    if (fetch->settings->when == WHEN_EDGE)
        return;
    struct warned_host host = {fetch->settings, fetch->name, fetch->host, false};
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (answers[type] != NULL && policy_warn_of_edges(host, answers[type]))
            return;
}

/* ---- the cache ---- */

static uint64_t lifetime_ms(const struct answer *answer, const struct cache_settings *cache) {
    uint32_t ttl_s = answer->ttl_s;
    uint32_t most_s = answer->outcome == OUTCOME_ADDRESSES ? cache->max_ttl_s : cache->negative_ttl_s;
    /* Also for "no such record", which some servers send without the SOA record that would say how long it is valid. */
    if (answer->outcome != OUTCOME_NO_NAME && ttl_s < cache->min_ttl_s)
        ttl_s = cache->min_ttl_s;
    if (ttl_s > most_s)
        ttl_s = most_s;
    return (uint64_t)ttl_s * 1000;
}

static bool may_be_stale(const struct answer *answer, const struct cache_settings *cache) {
    return cache->mode == CACHE_STALE && !answer_is_for_libc(answer);
}

static struct cache_term term_of(const struct fetch *fetch, const struct answer *answer, uint64_t now_ms) {
    const struct cache_settings *cache = &fetch->settings->cache;
    struct cache_term term = {.generation = fetch->generation};
    term.expires_ms = now_ms + lifetime_ms(answer, cache);
    term.stale_until_ms = term.expires_ms + (may_be_stale(answer, cache) ? (uint64_t)cache->stale_window_s * 1000 : 0);
    return term;
}

/* A pinned name is never asked for again, not even for the family that it does not have. */
static bool is_pinned(const struct fetch *fetch, const struct answer *answer, const struct cache_copy *known) {
    if (fetch->settings->cache.mode != CACHE_PINNED)
        return false;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (has_address_outcome(fetch->answers[type]) || has_address_outcome(known->answers[type]))
            return answer->outcome == OUTCOME_ADDRESSES || answer->outcome == OUTCOME_NO_RECORD;
    return false;
}

static bool may_replace(struct fetch *fetch, size_t type, const struct cache_copy *known) {
    const struct answer *answer = fetch->answers[type];
    switch (replacement_rule(known->answers[type], answer)) {
    case REPLACEMENT_NOW:
        return true;
    case REPLACEMENT_WHEN_AGAIN:
        if (cache_doubt(fetch->name, type, (enum outcome)answer->outcome))
            return true;
        fetch->in_doubt = true;
        return false;
    default:
        return false;
    }
}

/* A good answer is not replaced by a worse one that came by accident. The worse one counts as a failure. */
static void drop_worse(struct fetch *fetch, const struct cache_copy *known) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        if (fetch->answers[type] == NULL || may_replace(fetch, type, known))
            continue;
        free(fetch->answers[type]);
        fetch->answers[type] = NULL;
        if (fetch->failure.reason[0] == '\0')
            strcpy(fetch->failure.reason, "no usable answer in the place of the one that is known");
    }
}

static bool shows_that_it_exists(const struct answer *answer) {
    return answer != NULL && answer->outcome != OUTCOME_NO_NAME && answer->outcome != OUTCOME_FAILURE;
}

/*
 * Some servers say that there is no such name when the name only has no record of the type (RFC 4074, section 4.2).
 * What is known of the other type shows whether the name exists. If there is no answer for the other type now, the
 * cache is used.
 */
static void let_exist(struct fetch *fetch, const struct cache_copy *known, uint64_t now_ms) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        size_t other = RECORD_TYPE_COUNT - 1 - type;
        struct answer *answer = fetch->answers[type];
        const struct answer *witness = fetch->answers[other];
        if (witness == NULL && known->stale_until_ms[other] > now_ms)
            witness = known->answers[other];
        if (answer != NULL && answer->outcome == OUTCOME_NO_NAME && shows_that_it_exists(witness))
            answer->outcome = OUTCOME_NO_RECORD;
    }
}

/*
 * With `when = "edge"` a name has no record of a type only if the other type has an origin. Otherwise libc's edge
 * stays: the name simply is behind the CDN.
 */
static void let_edges_stay(struct fetch *fetch, const struct cache_copy *known, uint64_t now_ms) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT && fetch->settings->when == WHEN_EDGE; type++) {
        size_t other = RECORD_TYPE_COUNT - 1 - type;
        struct answer *answer = fetch->answers[type];
        if (answer == NULL || (answer->outcome != OUTCOME_NO_RECORD && answer->outcome != OUTCOME_DANGLING))
            continue;
        bool has_origin = has_address_outcome(fetch->answers[other]) ||
                          (known->stale_until_ms[other] > now_ms && has_address_outcome(known->answers[other]));
        if (!has_origin)
            answer->outcome = OUTCOME_NO_ORIGIN;
    }
}

/* The time grows, within the bounds of RFC 9520 (section 3.2). */
enum { PAUSE_MIN_S = 1, PAUSE_MAX_S = 300 };

static uint32_t pause_after(const struct answer *known) {
    if (known == NULL || known->outcome != OUTCOME_FAILURE)
        return PAUSE_MIN_S;
    return known->ttl_s < PAUSE_MAX_S / 2 ? known->ttl_s * 2 : PAUSE_MAX_S;
}

/*
 * What upstreams answer with failures is not asked for again at once. Silence is not remembered here: it concerns the
 * upstream and not the name, and the upstream's health says when it is asked again. A failure is not remembered either
 * if something better is known: then the next attempt is postponed.
 */
static void remember_failure(struct fetch *fetch, size_t type, const struct answer *known, uint64_t now_ms) {
    if (!fetch->failure.heard || !(fetch->asks & types[type]) || (known != NULL && !answer_is_for_libc(known)))
        return;
    struct answer failure = {.ttl_s = pause_after(known),
                             .size = sizeof(failure),
                             .outcome = OUTCOME_FAILURE,
                             .family = types[type] == RECORD_A ? AF_INET : AF_INET6,
                             .no_recovery = fetch->failure.no_recovery};
    uint64_t until_ms = now_ms + (uint64_t)failure.ttl_s * 1000;
    cache_put(fetch->name, &failure, &(struct cache_term){until_ms, until_ms, fetch->generation}, now_ms);
}

static void remember_answers(struct fetch *fetch) {
    struct cache_copy known;
    uint64_t now_ms = clock_now_ms();
    cache_copy_begin(&known);
    cache_get(fetch->name, now_ms, &known);
    drop_worse(fetch, &known);
    let_exist(fetch, &known, now_ms);
    let_edges_stay(fetch, &known, now_ms);
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = fetch->answers[type];
        if (answer == NULL) {
            remember_failure(fetch, type, known.answers[type], now_ms);
            continue;
        }
        struct cache_term term = term_of(fetch, answer, now_ms);
        if (is_pinned(fetch, answer, &known))
            term.expires_ms = term.stale_until_ms = UINT64_MAX;
        cache_put(fetch->name, answer, &term, now_ms);
    }
    cache_copy_release(&known);
}

/* ---- flights ---- */

static const char *asked_name(const struct fetch *fetch) {
    return fetch->settings->query_name != NULL ? fetch->settings->query_name : fetch->name->text;
}

static void begin_boarding(struct fetch *fetch) {
    fetch->leads = fetch->joins = 0;
    fetch->lands[0] = fetch->lands[1] = false;
}

void fetch_board(struct fetch *fetch, enum record_types wanted) {
    begin_boarding(fetch);
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        if (!(wanted & types[type]))
            continue;
        if (fetch->alone & types[type]) {
            fetch->leads |= types[type];
            continue;
        }
        switch (flight_board(fetch->name, types[type], fetch->deadline_ms, clock_now_ms(), &fetch->flights[type])) {
        case FLIGHT_LEADS:
            fetch->lands[type] = true;
            fetch->leads |= types[type];
            break;
        case FLIGHT_ALONE:
            fetch->leads |= types[type];
            break;
        case FLIGHT_JOINS:
            fetch->joins |= types[type];
        }
    }
    if (fetch->leads != 0) {
        keep_others_away(fetch, fetch->leads, fetch->deadline_ms);
        upstream_make_plan(fetch->settings, asked_name(fetch), &fetch->plan);
    }
}

void fetch_board_as_guest(struct fetch *fetch, enum record_types wanted) {
    begin_boarding(fetch);
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if ((wanted & types[type]) &&
            flight_board_as_guest(fetch->name, types[type], clock_now_ms(), &fetch->flights[type]))
            fetch->joins |= types[type];
}

static void land(const struct fetch *fetch, enum record_types missing) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (fetch->lands[type])
            flight_land(&fetch->flights[type], missing & types[type] ? &fetch->failure : NULL);
}

/* Another flight may have landed after we looked into the cache and before we boarded. */
static enum record_types come_meanwhile(const struct fetch *fetch) {
    struct cache_copy copy;
    enum record_types set = 0;
    cache_copy_begin(&copy);
    cache_get(fetch->name, fetch->began_ms, &copy);
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (copy.answers[type] != NULL && copy.expires_ms[type] > fetch->began_ms)
            set |= fetch->leads & types[type];
    cache_copy_release(&copy);
    return set;
}

/* ---- aliases ---- */

static bool leads_elsewhere(const struct answer *answer) {
    return answer != NULL && answer->outcome == OUTCOME_ELSEWHERE;
}

/* There is nobody to ask for the rest of the chain. */
static void let_dangle(struct answer *answer) {
    if (answer == NULL || answer->outcome != OUTCOME_ELSEWHERE)
        return;
    answer->outcome = OUTCOME_DANGLING;
    answer->ttl_s = 0;
}

/* The types whose chains lead to the same name as this one's. */
static enum record_types with_same_target(struct answer *const answers[static RECORD_TYPE_COUNT], size_t type) {
    enum record_types set = 0;
    for (size_t other = 0; other < RECORD_TYPE_COUNT; other++)
        if (leads_elsewhere(answers[other]) &&
            strcmp(answer_canonical_name(answers[other]), answer_canonical_name(answers[type])) == 0)
            set |= types[other];
    return set;
}

static void join(struct upstream_result *result, struct upstream_result *found, enum record_types asked) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        struct answer *target = found->answers[type];
        if (asked & types[type]) {
            struct answer *alias = result->answers[type];
            let_dangle(target);
            result->answers[type] = target == NULL ? NULL : answer_join(alias, target);
            free(alias);
        }
        free(target);
    }
    if (found->failure.reason[0] != '\0')
        result->failure = found->failure;
}

/*
 * A host's own upstream may be an authoritative server, which only knows the target of an alias. The general upstreams
 * are asked for the rest.
 */
static void follow_next_alias(struct fetch *fetch) {
    struct upstream_result *result = &fetch->result;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        if (fetch->settings->others == NULL)
            let_dangle(result->answers[type]);
        if (!leads_elsewhere(result->answers[type]))
            continue;
        const char *target = answer_canonical_name(result->answers[type]);
        fetch->follows = with_same_target(result->answers, type);
        fetch->general = *fetch->settings;
        fetch->general.upstreams = fetch->general.others;
        upstream_make_plan(&fetch->general, target, &fetch->plan);
        fetch->race = upstream_begin(target, fetch->follows, &fetch->general, &fetch->plan, fetch->deadline_ms);
        if (fetch->race != NULL)
            return;
        join(result, &(struct upstream_result){.failure = {.reason = "no memory"}}, fetch->follows);
    }
}

/* ---- asking ---- */

static void use_result(struct fetch *fetch) {
    struct upstream_result found;
    upstream_end(fetch->race, &found);
    fetch->race = NULL;
    if (fetch->follows != 0)
        join(&fetch->result, &found, fetch->follows);
    else
        fetch->result = found;
}

/* Types that we lead and that have no answer have failed, or must be asked for again. */
static void conclude(struct fetch *fetch, bool asked) {
    struct upstream_result *result = &fetch->result;
    enum record_types missing = fetch->asks;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        if (result->answers[type] == NULL)
            continue;
        free(fetch->answers[type]);
        fetch->answers[type] = result->answers[type];
    }
    fetch->failure = result->failure;
    tell_resolved(fetch->host, fetch->instead_of, result->answers);
    warn_of_edges(fetch, result->answers);
    remember_answers(fetch);
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (fetch->answers[type] != NULL)
            missing &= ~types[type];
    if (missing != 0)
        postpone(fetch, missing);
    if (asked)
        fetch->failed |= missing;
    land(fetch, missing);
}

static void begin_race(struct fetch *fetch) {
    fetch->follows = 0;
    fetch->result = (struct upstream_result){0};
    fetch->race = upstream_begin(asked_name(fetch), fetch->asks, fetch->settings, &fetch->plan, fetch->deadline_ms);
    if (fetch->race == NULL)
        strcpy(fetch->result.failure.reason, "no memory");
}

bool fetch_begin_to_lead(struct fetch *fetch) {
    enum record_types come = come_meanwhile(fetch);
    fetch->landed |= come;
    fetch->asks = fetch->leads & ~come;
    if (fetch->asks == 0)
        land(fetch, 0);
    else
        begin_race(fetch);
    return fetch->asks != 0;
}

bool fetch_go_on(struct fetch *fetch) {
    while (fetch->race != NULL) {
        if (!upstream_go_on(fetch->race))
            return false;
        use_result(fetch);
        follow_next_alias(fetch);
    }
    conclude(fetch, true);
    return true;
}

/* A handler that ran while we waited has taken the race with it. */
static void lose_race(struct fetch *fetch) {
    fetch->race = NULL;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        free(fetch->result.answers[type]);
    fetch->result = (struct upstream_result){.failure = {.reason = "given up in a signal handler"}};
    conclude(fetch, false);
}

void fetch_lead(const struct process_section *section, struct fetch *fetch) {
    if (!fetch_begin_to_lead(fetch))
        return;
    while (!fetch_go_on(fetch)) {
        bool is_there = upstream_wait(section, fetch->race);
        process_adopt_copy();
        if (is_there)
            continue;
        lose_race(fetch);
        return;
    }
}

void fetch_give_up(struct fetch *fetch, const char *reason) {
    fetch->failure = (struct failure){0};
    strncat(fetch->failure.reason, reason, sizeof(fetch->failure.reason) - 1);
    postpone(fetch, fetch->leads);
    land(fetch, fetch->leads);
}

void fetch_join(const struct process_section *section, struct fetch *fetch, uint64_t until_ms) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        struct failure failure;
        if (!(fetch->joins & types[type]))
            continue;
        enum flight_end end = flight_wait(section, &fetch->flights[type], until_ms, &failure);
        process_adopt_copy();
        switch (end) {
        case FLIGHT_LANDED:
            fetch->landed |= types[type];
            break;
        case FLIGHT_FAILED:
            fetch->failed |= types[type];
            fetch->failure = failure;
            break;
        case FLIGHT_EXPIRED:
            break;
        }
    }
}
