#include "originbypass/lookup/lookup.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/guest/beside.h"
#include "originbypass/guest/clock.h"
#include "originbypass/guest/log.h"
#include "originbypass/guest/process.h"
#include "originbypass/in_force/configuration.h"
#include "originbypass/lookup/fetch.h"
#include "originbypass/lookup/refresh.h"
#include "originbypass/metrics/counters.h"
#include "originbypass/rules/policy_warnings.h"
#include "originbypass/rules/rules.h"
#include "originbypass/rules/warnings.h"
#include "originbypass/values/record_types.h"

/* A lookup of a name that is ours and has no answer in the cache that would do. */
struct question {
    const struct host_settings *settings;
    struct lookup *lookup;
    struct fetch fetch;
};

/* ---- messages ---- */

static const struct answer *first_with_addresses(const struct answer *const answers[static RECORD_TYPE_COUNT]) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (answers[type] != NULL && answers[type]->address_count > 0)
            return answers[type];
    return NULL;
}

static void tell_hit(const char *host, const struct lookup *lookup) {
    char text[INET6_ADDRSTRLEN];
    const struct answer *answer = first_with_addresses(lookup->answers);
    if (answer == NULL)
        return;
    struct address address = answer_address(answer, 0);
    address_text(&address, text);
    log_write(LOG_LEVEL_DEBUG, "resolved origin IP via external DNS",
              FIELDS(log_text("host", host), log_text("origin_ip", text)));
}

static void tell_failed(const struct name *name, const char *host, const char *reason, bool final) {
    uint32_t left_out;
    if (!log_enabled(LOG_LEVEL_WARN) || !warnings_due(WARNING_FAILED, name, clock_now_ms(), &left_out))
        return;
    log_write(LOG_LEVEL_WARN,
              final ? "failed to resolve origin IP via external DNS"
                    : "failed to resolve origin IP via external DNS, using default DNS",
              (const struct log_field[]){log_text("host", host), log_text("reason", reason),
                                         log_number("left_out", left_out)},
              left_out > 0 ? 3 : 2);
}

/* ---- the cache ---- */

/* How old an answer from the cache may be. */
enum age {
    AGE_FRESH, /* within its lifetime */
    AGE_STALE, /* or so little past it that nobody waits for a fresh one */
    AGE_ANY,   /* or older: better than none. But what is libc's to answer is not libc's for ever. */
};

static bool is_rejected(const struct answer *answer) {
    return answer != NULL && answer->outcome == OUTCOME_REJECTED;
}

static bool is_within(const struct cache_copy *copy, size_t type, enum age age, uint64_t now_ms) {
    const struct answer *answer = copy->answers[type];
    if (answer == NULL)
        return false;
    if (age == AGE_ANY)
        return !answer_is_for_libc(answer) || copy->expires_ms[type] > now_ms;
    return (age == AGE_FRESH ? copy->expires_ms[type] : copy->stale_until_ms[type]) > now_ms;
}

/* Take from the copy what is wanted and will do; returns the types that are missing. */
static enum record_types take(struct lookup *lookup, uint64_t now_ms) {
    enum record_types missing = 0;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        lookup->answers[type] = NULL;
        if (!(lookup->wanted & types[type]))
            continue;
        if (is_within(&lookup->copy, type, AGE_STALE, now_ms) && !is_rejected(lookup->copy.answers[type]))
            lookup->answers[type] = lookup->copy.answers[type];
        else
            missing |= types[type];
    }
    return missing;
}

/* What is wanted and past its lifetime. */
static enum record_types past_lifetime(const struct lookup *lookup, uint64_t now_ms) {
    enum record_types past = 0;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (lookup->answers[type] != NULL && lookup->answers[type] == lookup->copy.answers[type] &&
            !is_within(&lookup->copy, type, AGE_FRESH, now_ms))
            past |= types[type];
    return past;
}

/* Of these, what may be asked for now. */
static enum record_types due(const struct lookup *lookup, enum record_types set, uint64_t now_ms) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (lookup->copy.retry_ms[type] > now_ms)
            set &= ~types[type];
    return set;
}

/* ---- what needs no asking ---- */

static const struct answer no_ipv4 = {.size = sizeof(struct answer), .outcome = OUTCOME_NO_RECORD, .family = AF_INET};
static const struct answer no_ipv6 = {.size = sizeof(struct answer), .outcome = OUTCOME_NO_RECORD, .family = AF_INET6};

/* The answer that the configuration gives, to the end of the process: pinned addresses, or a family that is not wanted.
 */
static const struct answer *configured(const struct host_settings *settings, size_t type) {
    if (types[type] == RECORD_A)
        return settings->family == FAMILY_IPV6 ? &no_ipv4 : settings->pinned_ipv4;
    return settings->family == FAMILY_IPV4 ? &no_ipv6 : settings->pinned_ipv6;
}

static void remember_configured(const struct question *question) {
    const struct lookup *lookup = question->lookup;
    const struct cache_term term = {UINT64_MAX, UINT64_MAX, question->fetch.generation};
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = configured(question->settings, type);
        if (!(lookup->wanted & types[type]) || answer == NULL)
            continue;
        /* Who has pinned an edge has pinned the loop. */
        policy_warn_of_edges((struct warned_host){lookup->settings, &lookup->name, lookup->host}, answer);
        if (lookup->copy.answers[type] == NULL)
            cache_put(&lookup->name, answer, &term, clock_now_ms());
    }
}

/*
 * What is at hand for a type: what was fetched, what is configured, and from the cache what was good enough when we
 * began or has landed since, which is ours even with a TTL of zero (RFC 1035, section 3.2.1): what a lookup had once
 * does not expire while it waits for the rest.
 */
static const struct answer *at_hand(const struct question *question, size_t type, enum age age) {
    const struct fetch *fetch = &question->fetch;
    const struct cache_copy *copy = &question->lookup->copy;
    const struct answer *answer = fetch->answers[type];
    if (answer == NULL)
        answer = configured(question->settings, type);
    if (answer == NULL && (is_within(copy, type, age, fetch->began_ms) || fetch->landed & types[type]))
        answer = copy->answers[type];
    return answer;
}

/* Bring together what is at hand for the wanted types. Returns those that are missing. */
static enum record_types gather(struct question *question, enum age age) {
    struct lookup *lookup = question->lookup;
    enum record_types missing = 0;
    cache_get(&lookup->name, question->fetch.began_ms, &lookup->copy);
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = at_hand(question, type, age);
        lookup->answers[type] = lookup->wanted & types[type] && !is_rejected(answer) ? answer : NULL;
        lookup->rejected[type] = lookup->wanted & types[type] && is_rejected(answer) ? answer : NULL;
        if ((lookup->wanted & types[type]) && answer == NULL)
            missing |= types[type];
    }
    return missing;
}

/* ---- external DNS ---- */

/* Ask, and wait for what others ask; again where what they asked was lost, while there is time. Returns what is
 * missing. */
static enum record_types resolve(const struct process_hold *hold, struct question *question,
                                 enum record_types missing) {
    struct fetch *fetch = &question->fetch;
    while (missing != 0) {
        fetch_board(fetch, missing);
        if (fetch->leads != 0)
            fetch_lead(hold, fetch);
        fetch_join(hold, fetch, fetch->deadline_ms);
        missing = gather(question, AGE_STALE) & ~fetch->failed;
        /* Where the cache does not keep what others were told, all would wait for all, one after another. */
        fetch->alone = missing & fetch->landed;
        if (missing != 0 && clock_now_ms() >= fetch->deadline_ms) {
            strcpy(fetch->failure.reason, "another lookup of the same name got no answer in time");
            break;
        }
    }
    return missing | fetch->failed;
}

static enum record_types without_old_answer(const struct question *question, enum record_types missing) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (is_within(&question->lookup->copy, type, AGE_ANY, question->fetch.began_ms))
            missing &= ~types[type];
    return missing;
}

/*
 * There are answers, but old ones: wait for fresh ones only so long. They are asked for beside the traffic where we may
 * not wait to the end; where they could not be had lately, nobody asks.
 */
static enum record_types renew(const struct process_hold *hold, struct question *question, enum record_types missing) {
    const struct host_settings *settings = question->settings;
    struct fetch *fetch = &question->fetch;
    uint32_t patience_ms =
        settings->cache.mode == CACHE_STALE ? settings->cache.stale_wait_ms : settings->query.deadline_ms;
    uint64_t until_ms = fetch->began_ms + patience_ms;
    enum record_types now = due(question->lookup, missing, fetch->began_ms);
    if (now == 0)
        fetch_board_as_guest(fetch, missing);
    else
        fetch_board(fetch, now);
    bool beside = fetch->leads != 0 && fetch->plan.count > 0 && until_ms < fetch->deadline_ms && refresh_start(fetch);
    if (fetch->leads != 0 && !beside) {
        if (until_ms < fetch->deadline_ms)
            fetch->deadline_ms = until_ms;
        fetch_lead(hold, fetch);
    }
    fetch_join(hold, fetch, until_ms);
    return gather(question, AGE_STALE);
}

static enum counter found_in(const struct lookup *lookup) {
    return lookup_has(lookup, OUTCOME_ADDRESSES) ? COUNTER_HITS : COUNTER_NEGATIVE_HITS;
}

static void find_answers(const struct process_hold *hold, struct question *question) {
    enum record_types missing = gather(question, AGE_STALE);
    counters_add(missing == 0 ? found_in(question->lookup) : COUNTER_MISSES);
    if (missing == 0)
        return;
    if (without_old_answer(question, missing) == 0)
        missing = renew(hold, question, missing);
    else
        missing = resolve(hold, question, missing);
    if (missing != 0)
        gather(question, AGE_ANY);
}

/* ---- the verdict: the contract's table of outcomes ---- */

bool lookup_has(const struct lookup *lookup, enum outcome outcome) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = lookup->answers[type];
        enum outcome said = answer == NULL ? OUTCOME_FAILURE : (enum outcome)answer->outcome;
        /* Rejected addresses among the answers are used for want of others. */
        if ((lookup->wanted & types[type]) && (said == OUTCOME_REJECTED ? OUTCOME_ADDRESSES : said) == outcome)
            return true;
    }
    return false;
}

size_t lookup_address_count(const struct lookup *lookup) {
    size_t count = 0;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (lookup->answers[type] != NULL)
            count += lookup->answers[type]->address_count;
    return count;
}

/* Whether external DNS (not the configuration) has addresses for the name, if only of the type that is not wanted. */
static bool has_other_addresses(const struct question *question) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = question->fetch.answers[type];
        if (answer == NULL && configured(question->settings, type) == NULL)
            answer = question->lookup->copy.answers[type];
        if (answer != NULL && answer->outcome == OUTCOME_ADDRESSES)
            return true;
    }
    return false;
}

bool lookup_lacks(const struct lookup *lookup, sa_family_t family) {
    const struct answer *answer = lookup->answers[family == AF_INET ? 0 : 1];
    return answer != NULL && (answer->outcome == OUTCOME_NO_RECORD || answer->outcome == OUTCOME_DANGLING);
}

static const struct answer *first_rejected(const struct lookup *lookup) {
    return lookup->rejected[0] != NULL ? lookup->rejected[0] : lookup->rejected[1];
}

bool lookup_use_rejected(struct lookup *lookup) {
    const struct answer *rejected = first_rejected(lookup);
    if (rejected == NULL)
        return false;
    struct address address = answer_address(rejected, 0);
    bool used = !lookup->settings->strict;
    policy_warn_of_rejection((struct warned_host){lookup->settings, &lookup->name, lookup->host}, &address, used);
    for (size_t type = 0; type < RECORD_TYPE_COUNT && used; type++)
        if (lookup->rejected[type] != NULL)
            lookup->answers[type] = lookup->rejected[type];
    return used;
}

/* Why libc is to answer; NULL: it is not. */
static const char *why_fall_back(const struct question *question) {
    const struct lookup *lookup = question->lookup;
    const char *failure = question->fetch.failure.reason;
    if (lookup_has(lookup, OUTCOME_ADDRESSES))
        return NULL;
    if (lookup_has(lookup, OUTCOME_NO_NAME))
        return "no such name (NXDOMAIN)";
    if (has_other_addresses(question))
        return NULL;
    if (first_rejected(lookup) != NULL)
        return failure[0] != '\0' ? failure : "every address is rejected";
    if (!lookup_has(lookup, OUTCOME_FAILURE))
        return NULL;
    return failure[0] != '\0' ? failure : "it failed a moment ago, and is not asked for again yet";
}

static enum lookup_verdict give_up(const struct lookup *lookup, const struct host_settings *settings,
                                   const char *reason) {
    bool final = settings->fallback_never;
    counters_add(final ? COUNTER_FAILURES : COUNTER_FALLBACKS);
    tell_failed(&lookup->name, lookup->host, reason, final);
    return final ? LOOKUP_ANSWERED : LOOKUP_FALLBACK;
}

static enum lookup_verdict verdict(const struct question *question) {
    const char *reason = why_fall_back(question);
    if (reason == NULL || (question->settings->fallback_never && lookup_use_rejected(question->lookup)))
        return LOOKUP_ANSWERED;
    return give_up(question->lookup, question->settings, reason);
}

/* A signal handler, or an allocator that we called: what it would wait for may be this thread's. */
static enum lookup_verdict refuse_reentry(const struct lookup *lookup, const struct host_settings *settings) {
    struct process_hold hold;
    process_hold_take(&hold);
    enum lookup_verdict said = give_up(lookup, settings, "called from within another lookup of the same thread");
    process_hold_release(&hold);
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
        lookup->configuration = configuration_hold();
    return settings_in(lookup->configuration, &lookup->name);
}

static bool is_remembered_as_final(const struct lookup *lookup) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (lookup->answers[type] != NULL && lookup->answers[type]->no_recovery)
            return true;
    return false;
}

/* Beyond the deadline: a lookup that has used up its time still has work to do before it lets go of the thread. */
#define MARK_MARGIN_MS 500

static enum lookup_verdict ask_around(struct lookup *lookup, const struct host_settings *settings) {
    struct question question = {.settings = settings, .lookup = lookup};
    struct process_hold hold;
    question.fetch = fetch_begin(&lookup->name, lookup->host, lookup->configuration, settings, lookup->copy.retry_ms);
    if (!process_enter(&hold, question.fetch.deadline_ms + MARK_MARGIN_MS))
        return refuse_reentry(lookup, settings);
    process_adopt_copy();
    remember_configured(&question);
    find_answers(&hold, &question);
    lookup->no_recovery = question.fetch.failure.no_recovery || is_remembered_as_final(lookup);
    memcpy(lookup->fetched, question.fetch.answers, sizeof(lookup->fetched));
    /* Where only what the cache lacked was asked for, or somebody else asked, nothing has been told of the addresses.
     */
    if (log_enabled(LOG_LEVEL_DEBUG) && first_with_addresses((const struct answer *const *)lookup->fetched) == NULL)
        tell_hit(lookup->host, lookup);
    enum lookup_verdict said = verdict(&question);
    process_leave(&hold);
    return said;
}

/* Begin to ask for what is served past its lifetime. */
static void refresh(struct lookup *lookup, enum record_types past) {
    const struct host_settings *settings = settings_of(lookup);
    struct process_hold hold;
    if (settings == NULL || !beside_has_room())
        return;
    struct fetch fetch =
        fetch_begin(&lookup->name, lookup->host, lookup->configuration, settings, lookup->copy.retry_ms);
    if (!process_enter(&hold, fetch.deadline_ms + MARK_MARGIN_MS))
        return;
    process_adopt_copy();
    fetch_board(&fetch, past);
    if (fetch.leads != 0 && (fetch.plan.count == 0 || !refresh_start(&fetch))) {
        if (fetch.plan.on_trial)
            fetch_lead(&hold, &fetch);
        else
            fetch_give_up(&fetch, "no thread can be started");
    }
    process_leave(&hold);
    fetch_end(&fetch);
}

/* A negative answer is a hit too, but for "no such name" and a failure, which are libc's. */
static bool is_hit(const struct lookup *lookup, enum record_types missing) {
    return missing == 0 && (lookup_has(lookup, OUTCOME_ADDRESSES) ||
                            (!lookup_has(lookup, OUTCOME_NO_NAME) && !lookup_has(lookup, OUTCOME_FAILURE)));
}

bool lookup_begin(struct lookup *lookup) {
    lookup->answers[0] = lookup->answers[1] = NULL;
    lookup->rejected[0] = lookup->rejected[1] = NULL;
    lookup->configuration = NULL;
    lookup->settings = NULL;
    lookup->fetched[0] = lookup->fetched[1] = NULL;
    lookup->no_recovery = false;
    lookup->sorted = NULL;
    cache_copy_begin(&lookup->copy);
    /* What is in the cache is ours: rules are looked at but once. */
    if (cache_get(&lookup->name, lookup->now_ms, &lookup->copy) || settings_of(lookup) != NULL)
        return true;
    in_force_release(lookup->configuration);
    metrics_count(COUNTER_PASS_THROUGHS, lookup->now_ms);
    return false;
}

static void serve_hit(struct lookup *lookup, uint64_t now_ms) {
    enum record_types past = past_lifetime(lookup, now_ms);
    if (!lookup_has(lookup, OUTCOME_ADDRESSES))
        counters_add(COUNTER_NEGATIVE_HITS);
    else
        counters_add(past != 0 ? COUNTER_STALE_HITS : COUNTER_HITS);
    enum record_types asked = past == 0 ? 0 : due(lookup, past, now_ms);
    if (asked != 0)
        refresh(lookup, asked);
    metrics_write_if_due(now_ms);
    if (log_enabled(LOG_LEVEL_DEBUG))
        tell_hit(lookup->host, lookup);
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
 * getaddrinfo(3) is a cancellation point where libc waits, and so it is where we have waited. poll(3) is one in every
 * libc; pthread_testcancel(3) is in a library of its own where glibc is older than 2.34.
 */
static void act_on_cancellation(const struct lookup *lookup) {
    struct process_rest before;
    if (!lookup_expose(lookup, &before))
        return;
    poll(NULL, 0, 0);
    process_cover(&before);
}

enum lookup_verdict lookup_finish(struct lookup *lookup, enum record_types wanted) {
    lookup->wanted = wanted;
    if (is_hit(lookup, take(lookup, lookup->now_ms))) {
        serve_hit(lookup, lookup->now_ms);
        return LOOKUP_ANSWERED;
    }
    lookup->settings = settings_of(lookup);
    if (lookup->settings == NULL)
        return LOOKUP_FALLBACK;
    enum lookup_verdict said = ask_around(lookup, lookup->settings);
    act_on_cancellation(lookup);
    lookup->now_ms = clock_recent_ms();
    metrics_write_if_due(lookup->now_ms);
    return said;
}

void lookup_end(struct lookup *lookup) {
    if (lookup->configuration == NULL && lookup->fetched[0] == NULL && lookup->fetched[1] == NULL &&
        lookup->sorted == NULL && lookup->copy.heap == NULL)
        return;
    int error = errno; /* which free(3) may change where libc is older than POSIX.1-2024 */
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        free(lookup->fetched[type]);
    free(lookup->sorted);
    cache_copy_release(&lookup->copy);
    if (lookup->configuration != NULL)
        in_force_release(lookup->configuration);
    errno = error;
}
