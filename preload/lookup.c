#include "originbypass/lookup.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/clock.h"
#include "originbypass/config.h"
#include "originbypass/counters.h"
#include "originbypass/flights.h"
#include "originbypass/load.h"
#include "originbypass/log.h"
#include "originbypass/order.h"
#include "originbypass/process.h"
#include "originbypass/rules.h"
#include "originbypass/upstream.h"

static const enum record_types types[RECORD_TYPE_COUNT] = {RECORD_A, RECORD_AAAA};

/* A lookup of a name that is ours and was not in the cache. */
struct question {
    const struct host_settings *settings;
    uint64_t began_ms, deadline_ms;
    struct lookup *lookup;
    enum record_types landed, failed; /* what others asked for, and have an answer or none */
    struct failure failure;
};

/* ---- messages ---- */

static void address_text(const struct answer *answer, size_t position, char text[static INET6_ADDRSTRLEN]) {
    struct address address = answer_address(answer, position);
    inet_ntop(address.family, address.octets, text, INET6_ADDRSTRLEN);
}

static const struct answer *first_with_addresses(const struct answer *const answers[static RECORD_TYPE_COUNT]) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (answers[type] != NULL && answers[type]->address_count > 0)
            return answers[type];
    return NULL;
}

/* More than a line has room for. */
#define TOLD_MAX 512

struct told {
    const char *items[TOLD_MAX];
    char texts[TOLD_MAX][INET6_ADDRSTRLEN];
};

static void tell_fetched(const char *host, const struct answer *const answers[static RECORD_TYPE_COUNT]) {
    if (!log_enabled(LOG_LEVEL_INFO) || first_with_addresses(answers) == NULL)
        return;
    struct told *told = malloc(sizeof(*told));
    if (told == NULL)
        return;
    uint32_t count = 0;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        for (size_t i = 0; answers[type] != NULL && i < answers[type]->address_count && count < TOLD_MAX; i++) {
            address_text(answers[type], i, told->texts[count]);
            told->items[count] = told->texts[count];
            count++;
        }
    log_write(LOG_LEVEL_INFO, "resolved origin IP",
              FIELDS(log_text("hostname", host), log_text("ip", told->items[0]), log_texts("ips", told->items, count)));
    free(told);
}

static void tell_hit(const char *host, const struct lookup *lookup) {
    char text[INET6_ADDRSTRLEN];
    const struct answer *answer = first_with_addresses(lookup->answers);
    if (answer == NULL)
        return;
    address_text(answer, 0, text);
    log_write(LOG_LEVEL_DEBUG, "resolved origin IP via external DNS",
              FIELDS(log_text("host", host), log_text("origin_ip", text)));
}

static void tell_failed(const char *host, const char *reason, bool final) {
    log_write(LOG_LEVEL_WARN,
              final ? "failed to resolve origin IP via external DNS"
                    : "failed to resolve origin IP via external DNS, using default DNS",
              FIELDS(log_text("host", host), log_text("reason", reason)));
}

/* ---- the cache ---- */

/* Take from the copy what is wanted and still good; returns the types that are missing. */
static enum record_types take_fresh(struct lookup *lookup, uint64_t now_ms) {
    enum record_types missing = 0;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        lookup->answers[type] = NULL;
        if (!(lookup->wanted & types[type]))
            continue;
        if (lookup->copy.answers[type] != NULL && lookup->copy.expires_ms[type] > now_ms)
            lookup->answers[type] = lookup->copy.answers[type];
        else
            missing |= types[type];
    }
    return missing;
}

static uint64_t lifetime_ms(const struct answer *answer, const struct cache_settings *cache) {
    uint32_t ttl_s = answer->ttl_s;
    uint32_t most_s = answer->outcome == OUTCOME_ADDRESSES ? cache->max_ttl_s : cache->negative_ttl_s;
    /* Also for "no such record", which some servers send without the SOA record that would say how long it holds. */
    if (answer->outcome != OUTCOME_NO_NAME && ttl_s < cache->min_ttl_s)
        ttl_s = cache->min_ttl_s;
    if (ttl_s > most_s)
        ttl_s = most_s;
    return (uint64_t)ttl_s * 1000;
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
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = configured(question->settings, type);
        if ((lookup->wanted & types[type]) && answer != NULL && lookup->copy.answers[type] == NULL)
            cache_put(&lookup->name, answer, UINT64_MAX, clock_now_ms());
    }
}

/*
 * Bring together what is at hand for the wanted types: what was fetched, what is configured, and from the cache what is
 * was fresh when we began or has landed since, which is ours even with a TTL of zero (RFC 1035, section 3.2.1): what a
 * lookup had once does not expire while it waits for the rest. Returns the types that are missing.
 */
static enum record_types gather(struct question *question) {
    struct lookup *lookup = question->lookup;
    enum record_types missing = 0;
    cache_get(&lookup->name, question->began_ms, &lookup->copy);
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = lookup->fetched[type];
        if (answer == NULL)
            answer = configured(question->settings, type);
        if (answer == NULL && (lookup->copy.expires_ms[type] > question->began_ms || question->landed & types[type]))
            answer = lookup->copy.answers[type];
        lookup->answers[type] = lookup->wanted & types[type] ? answer : NULL;
        if ((lookup->wanted & types[type]) && answer == NULL)
            missing |= types[type];
    }
    return missing;
}

/* ---- external DNS ---- */

/* Ask for these types, remember what comes, and hand it to the lookup. */
static void ask(const struct process_hold *hold, struct question *question, enum record_types missing) {
    struct upstream_result result;
    const struct host_settings *settings = question->settings;
    struct lookup *lookup = question->lookup;
    const char *name = settings->query_name != NULL ? settings->query_name : lookup->name.text;
    upstream_ask(hold, name, missing, settings, question->deadline_ms, &result);
    uint64_t now_ms = clock_now_ms();
    tell_fetched(question->lookup->host, (const struct answer *const *)result.answers);
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        struct answer *answer = result.answers[type];
        if (answer == NULL)
            continue;
        cache_put(&question->lookup->name, answer, now_ms + lifetime_ms(answer, &settings->cache), now_ms);
        free(lookup->fetched[type]);
        lookup->fetched[type] = answer;
    }
    question->failure = result.failure;
}

struct boarding {
    enum record_types leads, joins;
    bool lands[RECORD_TYPE_COUNT]; /* of those that we lead: whether others wait for us to land */
    struct flight flights[RECORD_TYPE_COUNT];
};

static void board(const struct question *question, enum record_types missing, struct boarding *boarding) {
    *boarding = (struct boarding){0};
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        if (!(missing & types[type]))
            continue;
        switch (flight_board(&question->lookup->name, types[type], question->deadline_ms, clock_now_ms(),
                             &boarding->flights[type])) {
        case FLIGHT_LEADS:
            boarding->lands[type] = true;
            boarding->leads |= types[type];
            break;
        case FLIGHT_ALONE:
            boarding->leads |= types[type];
            break;
        case FLIGHT_JOINS:
            boarding->joins |= types[type];
        }
    }
}

static void lead(const struct process_hold *hold, struct question *question, const struct boarding *boarding) {
    /* Between our look into the cache and our boarding, another one may have landed. */
    enum record_types missing = boarding->leads & gather(question);
    if (missing != 0)
        ask(hold, question, missing);
    missing = gather(question);
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (boarding->lands[type])
            flight_land(&boarding->flights[type], missing & types[type] ? &question->failure : NULL);
}

/* Wait for what others ask. Returns the types to board again for, while there is time. */
static enum record_types join(const struct process_hold *hold, struct question *question,
                              const struct boarding *boarding) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        struct failure failure;
        if (!(boarding->joins & types[type]))
            continue;
        enum flight_end end = flight_wait(hold, &boarding->flights[type], question->deadline_ms, &failure);
        if (end == FLIGHT_LANDED)
            question->landed |= types[type];
        if (end == FLIGHT_FAILED) {
            question->failed |= types[type];
            question->failure = failure;
        }
    }
    return gather(question) & boarding->joins & ~question->failed;
}

static void resolve(const struct process_hold *hold, struct question *question, enum record_types missing) {
    while (missing != 0) {
        struct boarding boarding;
        board(question, missing, &boarding);
        if (boarding.leads != 0)
            lead(hold, question, &boarding);
        missing = boarding.joins != 0 ? join(hold, question, &boarding) : 0;
        if (missing != 0 && clock_now_ms() >= question->deadline_ms) {
            strcpy(question->failure.reason, "another lookup of the same name got no answer in time");
            return;
        }
    }
}

/* ---- the verdict: the contract's table of outcomes ---- */

bool lookup_has(const struct lookup *lookup, enum outcome outcome) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = lookup->answers[type];
        if ((lookup->wanted & types[type]) && (answer == NULL ? OUTCOME_FAILURE : answer->outcome) == outcome)
            return true;
    }
    return false;
}

/* Whether external DNS (not the configuration) has just said, or said a while ago that is not over yet, that the name
 * exists. */
static bool is_known(const struct question *question) {
    const struct lookup *lookup = question->lookup;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = lookup->fetched[type];
        if (answer == NULL && configured(question->settings, type) == NULL &&
            (lookup->copy.expires_ms[type] > question->began_ms || question->landed & types[type]))
            answer = lookup->copy.answers[type];
        if (answer != NULL && answer->outcome != OUTCOME_NO_NAME)
            return true;
    }
    return false;
}

/* Why libc is to answer; NULL: it is not. */
static const char *why_fall_back(const struct question *question) {
    const struct lookup *lookup = question->lookup;
    if (lookup_has(lookup, OUTCOME_ADDRESSES))
        return NULL;
    if (lookup_has(lookup, OUTCOME_NO_NAME))
        return "no such name (NXDOMAIN)";
    return lookup_has(lookup, OUTCOME_FAILURE) && !is_known(question) ? question->failure.reason : NULL;
}

static enum lookup_verdict verdict(const struct question *question) {
    const char *reason = why_fall_back(question);
    if (reason == NULL)
        return LOOKUP_ANSWERED;
    bool final = question->settings->fallback_never;
    counters_add(COUNTER_FALLBACKS);
    tell_failed(question->lookup->host, reason, final);
    return final ? LOOKUP_ANSWERED : LOOKUP_FALLBACK;
}

static const struct host_settings *settings_of(const struct name *name) {
    const struct rules *rules = rules_current();
    if (rules == NULL)
        return NULL;
    cache_open(rules_config(rules)->max_entries);
    return rules_settings(rules, name);
}

/* Beyond the deadline: a lookup that has used up its time still has work to do before it lets go of the thread. */
#define MARK_MARGIN_MS 500

static enum lookup_verdict ask_around(struct lookup *lookup, const struct host_settings *settings) {
    struct question question = {.settings = settings, .lookup = lookup};
    struct process_hold hold;
    question.began_ms = clock_now_ms();
    question.deadline_ms = question.began_ms + settings->query.deadline_ms;
    if (!process_enter(&hold, question.deadline_ms + MARK_MARGIN_MS))
        return LOOKUP_FALLBACK;
    process_adopt_copy(load_adopt);
    remember_configured(&question);
    enum record_types missing = gather(&question);
    if (missing != 0) {
        counters_add(COUNTER_MISSES);
        resolve(&hold, &question, missing);
    }
    process_leave(&hold);
    /* Where only the other type was missing, or another thread has asked, nobody has told of the addresses. */
    if (log_enabled(LOG_LEVEL_DEBUG) && first_with_addresses((const struct answer *const *)lookup->fetched) == NULL)
        tell_hit(lookup->host, lookup);
    lookup->no_recovery = question.failure.no_recovery;
    return verdict(&question);
}

/* A negative answer is a hit too, but for "no such name", which is libc's. */
static bool is_hit(const struct lookup *lookup, enum record_types missing) {
    return missing == 0 && (lookup_has(lookup, OUTCOME_ADDRESSES) || !lookup_has(lookup, OUTCOME_NO_NAME));
}

bool lookup_begin(struct lookup *lookup, const char *host) {
    lookup->host = host;
    lookup->answers[0] = lookup->answers[1] = NULL;
    lookup->fetched[0] = lookup->fetched[1] = NULL;
    lookup->no_recovery = false;
    lookup->sorted = NULL;
    cache_copy_begin(&lookup->copy);
    if (!load_ensure())
        return false;
    /* What is in the cache is ours: rules are looked at but once. */
    if (name_fold(&lookup->name, host) &&
        (cache_get(&lookup->name, clock_recent_ms(), &lookup->copy) || settings_of(&lookup->name) != NULL))
        return true;
    counters_add(COUNTER_PASS_THROUGHS);
    return false;
}

enum lookup_verdict lookup_finish(struct lookup *lookup, enum record_types wanted) {
    lookup->wanted = wanted;
    if (is_hit(lookup, take_fresh(lookup, clock_recent_ms()))) {
        counters_add(lookup_has(lookup, OUTCOME_ADDRESSES) ? COUNTER_HITS : COUNTER_NEGATIVE_HITS);
        if (log_enabled(LOG_LEVEL_DEBUG))
            tell_hit(lookup->host, lookup);
        return LOOKUP_ANSWERED;
    }
    const struct host_settings *settings = settings_of(&lookup->name);
    return settings == NULL ? LOOKUP_FALLBACK : ask_around(lookup, settings);
}

/* ---- libc's order ---- */

size_t lookup_address_count(const struct lookup *lookup) {
    size_t count = 0;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (lookup->answers[type] != NULL)
            count += lookup->answers[type]->address_count;
    return count;
}

/* All addresses that are at hand for the name, wanted or not, so that one order serves every kind of call. */
static size_t list_places(const struct answer *const answers[static RECORD_TYPE_COUNT], uint16_t *places,
                          struct address *addresses) {
    size_t count = 0;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        for (size_t i = 0; answers[type] != NULL && i < answers[type]->address_count; i++) {
            if (addresses != NULL)
                addresses[count] = answer_address(answers[type], i);
            places[count++] = (uint16_t)(type << 15 | i);
        }
    return count;
}

/* How long an order is good: finding it costs more than all the rest of a hit. */
#define ORDER_KEPT_MS 1000

static void sort(struct lookup *lookup, const struct answer *const answers[static RECORD_TYPE_COUNT],
                 const size_t counts[static RECORD_TYPE_COUNT]) {
    size_t count = counts[0] + counts[1];
    size_t padded = (count * sizeof(uint16_t) + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);
    uint16_t *sorted = calloc(1, padded);
    uint16_t *places = malloc(2 * count * sizeof(uint16_t));
    struct address *addresses = malloc(count * sizeof(*addresses));
    if (sorted != NULL && places != NULL && addresses != NULL) {
        uint16_t *order = places + count;
        list_places(answers, places, addresses);
        bool found = order_addresses(addresses, count, order);
        for (size_t i = 0; i < count; i++)
            sorted[i] = places[order[i]];
        if (found) {
            cache_put_order(&lookup->name, sorted, counts, clock_now_ms() + ORDER_KEPT_MS);
            lookup->sorted = sorted;
            sorted = NULL;
        }
    }
    free(sorted);
    free(places);
    free(addresses);
}

static void find_order(struct lookup *lookup) {
    const struct answer *answers[RECORD_TYPE_COUNT];
    struct process_hold hold;
    size_t counts[RECORD_TYPE_COUNT];
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        answers[type] = lookup->answers[type] != NULL ? lookup->answers[type] : lookup->copy.answers[type];
        counts[type] = answers[type] != NULL ? answers[type]->address_count : 0;
    }
    if (!process_enter(&hold, clock_now_ms() + MARK_MARGIN_MS))
        return;
    process_adopt_copy(load_adopt);
    sort(lookup, answers, counts);
    process_leave(&hold);
}

/* The order that came with the answers, fresh or not: it is of these very addresses. */
static const uint16_t *order_from_cache(const struct lookup *lookup) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (lookup->answers[type] != NULL && lookup->answers[type] != lookup->copy.answers[type])
            return NULL;
    return lookup->copy.order;
}

void lookup_order(struct lookup *lookup, uint16_t *places) {
    size_t count = lookup_address_count(lookup);
    const uint16_t *order = order_from_cache(lookup);
    if (count > 1 && (order == NULL || lookup->copy.order_until_ms <= clock_recent_ms())) {
        find_order(lookup);
        /* Where none could be found, for want of a descriptor, the last one stays. */
        if (lookup->sorted != NULL)
            order = lookup->sorted;
    }
    if (count < 2 || order == NULL) {
        list_places(lookup->answers, places, NULL);
        return;
    }
    /* Of an order of all addresses those that are wanted. */
    for (size_t i = 0, found = 0; found < count; i++)
        if (lookup->answers[ORDER_TYPE(order[i])] != NULL)
            places[found++] = order[i];
}

void lookup_end(struct lookup *lookup) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        free(lookup->fetched[type]);
    free(lookup->sorted);
    cache_copy_release(&lookup->copy);
}
