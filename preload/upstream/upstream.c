/*
 * Implementation notes
 *
 * A race asks the upstreams of one host for one name. The values and where they come from:
 *   timeout_ms   `query.timeout_ms`: how long one question waits for its reply (c-ares keeps that time)
 *   hedge_ms     `query.hedge_ms`: after so much silence the next upstream is asked too; at once if this race is the
 *                probe
 *   deadline_ms  the caller's: the end of the whole race. It is the shorter hedge_ms if no upstream is good, and this
 *                race is the probe
 *   next_ms      when the next attempt begins; 0 as soon as a failure or a rejected answer has come
 *   due_ms       when to look again; at most 50 ms from now, because c-ares has its own clock for each question
 *
 * The algorithm, each time that upstream_go_on() is called:
 *  1. collect: read what has come. The first usable answer for a type wins; one with only rejected addresses is kept
 *     in case nothing better comes.
 *  2. done if every wanted type has an answer and no witness is missing, or the deadline is over.
 *  3. start the next attempt, if it is time: each upstream of the plan in its order, for what is still missing; then,
 *     once each, those that were silent (one lost packet is no outage); then a witness.
 *  4. otherwise tell the caller what to wait for, and until when. Nothing here waits, except upstream_wait().
 *
 * A witness is the other record type. If only AAAA was asked for and it is missing, or if a server has said that there
 * is no such name, the other type tells whether the name exists: some servers say NXDOMAIN for a type that has no
 * record (RFC 4074, section 4.2).
 *
 * The plan leaves out upstreams that are down (upstream/health.c) and those that this host has no route to, such as the
 * IPv6 ones on a host with IPv4 alone. It begins the probes that are due.
 *
 * Signals. A handler may jump out of the wait. The thread remembers the race that it waits for (`waited_for`), and its
 * next lookup ends that race.
 *
 * Left out: no answers of two upstreams are compared or merged, and no round-trip times choose between good upstreams.
 * The operator's order decides.
 */
#include "originbypass/upstream/upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/guest/clock.h"
#include "originbypass/metrics/counters.h"
#include "originbypass/rules/policy.h"
#include "originbypass/upstream/attempt.h"
#include "originbypass/upstream/health.h"
#include "originbypass/upstream/route.h"
#include "originbypass/upstream/service.h"
#include "originbypass/values/record_types.h"

/* One call's attempts; at most `limit` of them. */
struct race {
    const struct host_settings *settings;
    const struct upstream_plan *plan;
    const char *name;
    enum record_types wanted;
    enum record_types other; /* the type that is not wanted, if only one is; its reply shows whether the name exists */
    const struct server_address *denier; /* the server that said that there is no such name */
    uint64_t deadline_ms;
    uint64_t next_ms;       /* when the next attempt begins, if nothing was heard */
    uint64_t rest_until_ms; /* no attempt begins before this time */
    struct upstream_result result;
    struct answer *rejected[RECORD_TYPE_COUNT]; /* the first with OUTCOME_REJECTED */
    bool exhausted;                             /* nobody is left to ask */
    uint64_t due_ms;
    size_t limit, count;
    struct attempt attempts[];
};

static uint64_t earlier(uint64_t a_ms, uint64_t b_ms) {
    return a_ms < b_ms ? a_ms : b_ms;
}

static uint64_t later(uint64_t a_ms, uint64_t b_ms) {
    return a_ms > b_ms ? a_ms : b_ms;
}

/* ---- the plan ---- */

void upstream_make_plan(const struct host_settings *settings, const char *name, struct upstream_plan *plan) {
    const struct server_list *upstreams = settings->upstreams;
    const struct server_address *last_resort[CONFIG_UPSTREAMS_MAX];
    size_t last_resorts = 0, trials = 0;
    uint64_t now_ms = clock_now_ms();
    *plan = (struct upstream_plan){0};
    route_find(upstreams, plan->without_route);
    for (size_t i = 0; i < upstreams->count; i++) {
        const struct server_address *server = &upstreams->servers[i];
        if (plan->without_route[i])
            continue;
        enum health_state state = health_state(server);
        /*
         * If no thread can probe, this call does, by asking the upstream in its place. It also does so if what is known
         * is outdated. Otherwise a proxy that resolves only at its reloads would be left to libc at each of them.
         */
        bool outdated = state != HEALTH_GOOD && health_is_outdated(server, now_ms);
        bool on_trial = state != HEALTH_GOOD && health_claim_probe(server, now_ms) &&
                        (outdated || !attempt_probe(server, name, settings->query.timeout_ms));
        trials += on_trial;
        if (state == HEALTH_GOOD || on_trial)
            plan->servers[plan->count++] = server;
        else if (state == HEALTH_SKIPPED)
            last_resort[last_resorts++] = server;
    }
    if (plan->count == 0)
        return;
    plan->on_trial = plan->count == trials;
    for (size_t i = 0; i < last_resorts; i++)
        plan->servers[plan->count++] = last_resort[i];
}

static bool is_planned(const struct upstream_plan *plan, const struct server_address *server) {
    for (size_t i = 0; i < plan->count; i++)
        if (plan->servers[i] == server)
            return true;
    return false;
}

/* ---- the race ---- */

/* What this thread waits for. If a signal handler has jumped out of the wait, the race is still here. */
static __thread struct race *waited_for;

/* One lost packet is not held against an upstream that answered when it was asked again. */
static void forgive(struct race *race) {
    for (size_t i = 0; i < race->count; i++)
        for (size_t j = 0; j < race->count; j++)
            if (race->attempts[i].server == race->attempts[j].server)
                race->attempts[i].heard |= race->attempts[j].heard;
}

static void drop_answers(struct race *race, size_t type) {
    free(race->result.answers[type]);
    free(race->rejected[type]);
}

static void end_race(struct race *race, uint32_t patience_ms) {
    forgive(race);
    for (size_t i = 0; i < race->count; i++)
        attempt_end(&race->attempts[i], patience_ms);
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        drop_answers(race, type);
    free(race);
}

struct race *upstream_begin(const char *name, enum record_types wanted, const struct host_settings *settings,
                            const struct upstream_plan *plan, uint64_t deadline_ms) {
    /* One more for a witness, if a single upstream has failed at once. */
    size_t limit = plan->count == 0 ? 0 : plan->count * UPSTREAM_ROUNDS + 1;
    struct race *race = calloc(1, sizeof(*race) + limit * sizeof(race->attempts[0]));
    if (race == NULL)
        return NULL;
    race->settings = settings;
    race->plan = plan;
    race->name = name;
    race->wanted = wanted;
    race->other = wanted == RECORD_BOTH ? 0 : RECORD_BOTH & ~wanted;
    race->deadline_ms = plan->on_trial ? earlier(deadline_ms, clock_now_ms() + settings->query.hedge_ms) : deadline_ms;
    race->limit = limit;
    return race;
}

static enum record_types answered(const struct race *race) {
    enum record_types set = 0;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (race->result.answers[type] != NULL)
            set |= types[type];
    return set;
}

static enum record_types missing_of(const struct race *race) {
    return race->wanted & ~answered(race);
}

/*
 * A witness for the name is wanted if it decides the result of the lookup. An IPv6 address of the edge must not come
 * from libc when only AAAA fails. And some servers say that there is no such name when the name only has no record of
 * the type.
 */
static enum record_types witness_of(const struct race *race) {
    bool is_denied = missing_of(race) == 0 && race->denier != NULL;
    return is_denied || race->wanted == RECORD_AAAA ? race->other & ~answered(race) : 0;
}

static bool is_complete(const struct race *race) {
    return missing_of(race) == 0 && (race->denier == NULL || witness_of(race) == 0);
}

/* It was silent, or we could not hear it. */
static bool is_worth_repeating(const struct attempt *attempt, enum record_types missing) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        if (attempt->query == NULL || !(missing & types[type]))
            continue;
        const struct dns_reply *reply = dns_reply(attempt->query, type);
        bool unheard = reply->failure == DNS_SILENT || reply->failure == DNS_OUR_FAULT;
        if (reply->state == DNS_WAITING || (reply->state == DNS_FAILED && unheard))
            return true;
    }
    return false;
}

static bool was_repeated(const struct race *race, size_t upstream) {
    for (size_t i = race->plan->count; i < race->count; i++)
        if (race->attempts[i].server == race->plan->servers[upstream])
            return true;
    return false;
}

/* The upstream to ask next: each in its turn, then again those that have not been heard. NULL: none is left. */
static const struct server_address *next_server(const struct race *race) {
    const struct upstream_plan *plan = race->plan;
    enum record_types missing = missing_of(race);
    if (missing == 0)
        return NULL;
    if (race->count < plan->count)
        return plan->servers[race->count];
    for (size_t i = 0; i < plan->count; i++)
        if (!was_repeated(race, i) && is_worth_repeating(&race->attempts[i], missing))
            return race->attempts[i].server;
    return NULL;
}

static bool was_asked(const struct race *race, enum record_types wanted) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        for (size_t i = 0; i < race->count; i++)
            if ((wanted & types[type]) && race->attempts[i].query != NULL &&
                dns_reply(race->attempts[i].query, type)->state != DNS_NOT_ASKED)
                return true;
    return false;
}

static void start_attempt(struct race *race, const struct server_address *server, enum record_types asked,
                          uint64_t now_ms) {
    const struct query_settings *query = &race->settings->query;
    race->attempts[race->count++] = attempt_begin(server, race->name, asked, query->timeout_ms);
    /* A race on trial has the time of one question, so that all upstreams are asked at the same time. */
    bool at_once = race->plan->on_trial && race->count < race->plan->count;
    race->next_ms = now_ms + (at_once ? 0 : query->hedge_ms);
}

/* Begin what is due. False: nothing is left to begin. */
static bool start_next(struct race *race, uint64_t now_ms) {
    enum record_types witness = witness_of(race);
    const struct server_address *server = race->count < race->limit ? next_server(race) : NULL;
    if (server != NULL) {
        start_attempt(race, server, race->count == 0 ? race->wanted : missing_of(race) | witness, now_ms);
        return true;
    }
    if (witness != 0 && race->count < race->limit && !was_asked(race, witness)) {
        start_attempt(race, race->denier != NULL ? race->denier : race->plan->servers[0], witness, now_ms);
        return true;
    }
    return false;
}

/*
 * The next upstream is asked without waiting for the reply to the other question. That reply may still be on its way,
 * so no upstream is asked again before the wait counts as silence.
 */
static void begin_next_soon(struct race *race) {
    if (race->count < race->plan->count)
        race->next_ms = 0;
}

/* Keep an answer: to use it, or, if all its addresses are rejected, in case there is no better one. */
static void keep_answer(struct race *race, const struct server_address *server, size_t type, struct answer *answer) {
    if (answer != NULL)
        answer = policy_apply(race->settings, answer);
    if (answer != NULL && answer->outcome == OUTCOME_NO_NAME && race->wanted & types[type])
        race->denier = server;
    if (answer == NULL || answer->outcome != OUTCOME_REJECTED) {
        race->result.answers[type] = answer;
        return;
    }
    counters_add(COUNTER_REJECTIONS);
    begin_next_soon(race);
    if (race->rejected[type] == NULL)
        race->rejected[type] = answer;
    else
        free(answer);
}

/*
 * A program that closes our socket is closing all its descriptors, as a daemon does. It may expect that what it opens
 * next gets the first numbers, without a socket of ours among them.
 */
#define REST_MS 100

static void fail_over(struct race *race, const struct attempt *failed) {
    begin_next_soon(race);
    if (failed->query != NULL && dns_lost_socket(failed->query))
        race->rest_until_ms = clock_now_ms() + REST_MS;
}

static void collect_replies_of_race(struct race *race) {
    for (size_t i = 0; i < race->count; i++) {
        struct attempt *attempt = &race->attempts[i];
        bool had_failed = attempt->failed;
        attempt_look(attempt);
        if (attempt->failed && !had_failed)
            fail_over(race, attempt);
        race->result.failure.heard |= attempt->heard;
        for (size_t type = 0; type < RECORD_TYPE_COUNT && attempt->query != NULL; type++)
            if (dns_reply(attempt->query, type)->state == DNS_ANSWERED && race->result.answers[type] == NULL)
                keep_answer(race, attempt->server, type, dns_take(attempt->query, type));
    }
}

static bool is_waiting(const struct race *race) {
    for (size_t i = 0; i < race->count; i++)
        if (attempt_is_waiting(&race->attempts[i], RECORD_BOTH & ~answered(race)))
            return true;
    return false;
}

/* How often the timeouts that c-ares keeps by itself are checked. */
#define TICK_MS 50

bool upstream_go_on(struct race *race) {
    for (;;) {
        uint64_t now_ms = clock_now_ms();
        collect_replies_of_race(race);
        if (is_complete(race) || now_ms >= race->deadline_ms)
            return true;
        uint64_t next_ms = later(is_waiting(race) ? race->next_ms : 0, race->rest_until_ms);
        if (race->exhausted && !is_waiting(race))
            return true;
        race->due_ms = earlier(race->deadline_ms, now_ms + TICK_MS);
        if (race->exhausted)
            return false;
        if (now_ms < next_ms) {
            race->due_ms = earlier(race->due_ms, next_ms);
            return false;
        }
        race->exhausted = !start_next(race, now_ms);
    }
}

uint64_t upstream_due_ms(const struct race *race) {
    return race->due_ms;
}

size_t upstream_descriptors(struct race *race, struct pollfd *descriptors, size_t room) {
    size_t count = 0;
    for (size_t i = 0; i < race->count; i++) {
        struct attempt *attempt = &race->attempts[i];
        attempt->polled =
            attempt->query == NULL ? 0 : dns_descriptors(attempt->query, descriptors + count, room - count);
        count += attempt->polled;
    }
    return count;
}

void upstream_process(struct race *race, const struct pollfd *descriptors) {
    for (size_t i = 0; i < race->count; i++) {
        const struct attempt *attempt = &race->attempts[i];
        if (attempt->query != NULL)
            dns_process(attempt->query, descriptors, attempt->polled);
        descriptors += attempt->polled;
    }
}

/*
 * A handler that ran while we waited may have looked up a name itself after a long time, and ended our race because it
 * looked abandoned. Or the handler has copied the process, and this is the copy: only the parent reads the sockets, and
 * they are closed here.
 */
bool upstream_wait(const struct process_section *section, struct race *race) {
    struct pollfd descriptors[UPSTREAM_DESCRIPTORS_MAX];
    size_t count = upstream_descriptors(race, descriptors, UPSTREAM_DESCRIPTORS_MAX);
    waited_for = race;
    process_poll(section, descriptors, count, race->due_ms);
    if (process_is_copy())
        upstream_abandon();
    bool is_there = waited_for == race;
    waited_for = NULL;
    if (is_there)
        upstream_process(race, descriptors);
    return is_there;
}

void upstream_abandon(void) {
    struct race *race = waited_for;
    waited_for = NULL;
    if (race != NULL)
        end_race(race, UINT32_MAX); /* an upstream that was silent may have answered since */
}

static const char *failure_of_attempt(const struct race *race, const struct attempt *attempt,
                                      enum record_types missing) {
    if (attempt->query == NULL)
        return "no memory";
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct dns_reply *reply = dns_reply(attempt->query, type);
        if (!(missing & types[type]) || reply->state == DNS_NOT_ASKED)
            continue;
        if (reply->state == DNS_FAILED)
            return reply->reason;
        if (reply->state == DNS_ANSWERED)
            return "every address is rejected";
        return clock_now_ms() < race->deadline_ms ? "another one was quicker" : "no answer in time";
    }
    return NULL;
}

static bool is_final(const struct attempt *attempt, enum record_types missing) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT && attempt->query != NULL; type++)
        if ((missing & types[type]) && dns_reply(attempt->query, type)->no_recovery)
            return true;
    return false;
}

/* How each upstream contributed to a failure. A service with addresses of both families is named once. */
struct reasons {
    struct failure *failure;
    const struct server_address *named[CONFIG_UPSTREAMS_MAX];
    size_t count;
};

/* As far as there is room. */
static void add_reason(struct reasons *reasons, const struct server_address *server, const char *why) {
    struct failure *failure = reasons->failure;
    char text[SERVER_ADDRESS_TEXT_SIZE];
    for (size_t i = 0; i < reasons->count; i++)
        if (service_is_same(reasons->named[i], server))
            return;
    reasons->named[reasons->count++] = server;
    size_t used = strlen(failure->reason);
    server_address_text(server, text);
    snprintf(failure->reason + used, sizeof(failure->reason) - used, "%s%s: %s", used > 0 ? "; " : "", text, why);
}

static void explain_left_out(const struct race *race, struct reasons *reasons) {
    const struct server_list *upstreams = race->settings->upstreams;
    for (size_t i = 0; i < upstreams->count; i++)
        if (!is_planned(race->plan, &upstreams->servers[i]) && !race->plan->without_route[i])
            add_reason(reasons, &upstreams->servers[i], "not asked: it has not answered lately");
    for (size_t i = 0; i < upstreams->count; i++)
        if (race->plan->without_route[i])
            add_reason(reasons, &upstreams->servers[i], "not asked: this host has no route to it");
}

static void explain(struct race *race) {
    enum record_types missing = missing_of(race);
    struct reasons reasons = {.failure = &race->result.failure};
    for (size_t i = 0; i < race->count && i < race->plan->count; i++) {
        const char *why = failure_of_attempt(race, &race->attempts[i], missing);
        if (why == NULL)
            continue;
        reasons.failure->no_recovery = is_final(&race->attempts[i], missing);
        add_reason(&reasons, race->attempts[i].server, why);
    }
    explain_left_out(race, &reasons);
}

static void hand_over_result(struct race *race, struct upstream_result *result) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        if (race->result.answers[type] != NULL)
            continue;
        race->result.answers[type] = race->rejected[type];
        race->rejected[type] = NULL;
    }
    *result = race->result;
    race->result = (struct upstream_result){0};
}

void upstream_end(struct race *race, struct upstream_result *result) {
    uint32_t patience_ms = race->settings->query.hedge_ms;
    if (!is_complete(race))
        explain(race);
    hand_over_result(race, result);
    end_race(race, patience_ms);
}
