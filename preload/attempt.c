#include "originbypass/attempt.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/clock.h"
#include "originbypass/counters.h"
#include "originbypass/health.h"
#include "originbypass/metrics.h"
#include "originbypass/name.h"

static const enum record_types types[RECORD_TYPE_COUNT] = {RECORD_A, RECORD_AAAA};

struct attempt attempt_begin(const struct server_address *server, const char *name, enum record_types asked,
                             uint32_t timeout_ms) {
    struct attempt attempt = {.server = server, .asked_ms = clock_now_ms()};
    attempt.query = dns_ask(server, name, asked, timeout_ms);
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (asked & types[type]) {
            attempt.questions++;
            health_count_query(server);
            counters_add(COUNTER_QUERIES);
            if (attempt.query == NULL)
                counters_add(COUNTER_QUERY_ABANDONED);
        }
    return attempt;
}

/* ---- figures ---- */

static enum counter end_of_answer(const struct answer *answer) {
    switch ((enum outcome)answer->outcome) {
    case OUTCOME_NO_NAME:
        return COUNTER_QUERY_NO_NAMES;
    case OUTCOME_NO_RECORD:
    case OUTCOME_DANGLING:
    case OUTCOME_ELSEWHERE:
        return COUNTER_QUERY_NO_RECORDS;
    default:
        return COUNTER_QUERY_ADDRESSES;
    }
}

static enum counter end_of_failure(enum dns_failure failure) {
    switch (failure) {
    case DNS_REFUSING:
        return COUNTER_QUERY_REFUSALS;
    case DNS_OUR_FAULT:
        return COUNTER_QUERY_ABANDONED;
    default:
        return COUNTER_QUERY_TIMEOUTS;
    }
}

static void count_ends(struct attempt *attempt) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT && attempt->query != NULL; type++) {
        const struct dns_reply *reply = dns_reply(attempt->query, type);
        if (attempt->ended & types[type] || (reply->state != DNS_ANSWERED && reply->state != DNS_FAILED))
            continue;
        counters_add(reply->state == DNS_ANSWERED ? end_of_answer(reply->answer) : end_of_failure(reply->failure));
        attempt->ended |= types[type];
    }
}

/* What is still on its way, of an attempt that is given up. */
static void count_rest(const struct attempt *attempt, enum counter end) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT && attempt->query != NULL; type++)
        if (dns_reply(attempt->query, type)->state == DNS_WAITING)
            counters_add(end);
}

/* ---- health ---- */

static bool came_from_the_server(const struct dns_reply *reply) {
    return reply->state == DNS_ANSWERED || (reply->state == DNS_FAILED && reply->failure == DNS_REFUSING);
}

void attempt_look(struct attempt *attempt) {
    bool heard = attempt->query != NULL && dns_was_heard(attempt->query), failed = attempt->query == NULL;
    for (size_t type = 0; type < RECORD_TYPE_COUNT && attempt->query != NULL; type++) {
        const struct dns_reply *reply = dns_reply(attempt->query, type);
        heard |= came_from_the_server(reply);
        failed |= reply->state == DNS_FAILED;
    }
    count_ends(attempt);
    if (failed && !attempt->failed)
        health_count_failure(attempt->server);
    if (heard && !attempt->heard) {
        uint64_t now_ms = clock_now_ms();
        health_answered(attempt->server, (uint32_t)(now_ms - attempt->asked_ms), now_ms);
    }
    attempt->heard |= heard;
    attempt->failed |= failed;
}

bool attempt_is_waiting(const struct attempt *attempt, enum record_types wanted) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (attempt->query != NULL && (wanted & types[type]) && dns_reply(attempt->query, type)->state == DNS_WAITING)
            return true;
    return false;
}

/* Why the upstream counts as one that does not answer; NULL: it does not. */
static const char *held_against(const struct attempt *attempt, uint32_t patience_ms, uint64_t now_ms) {
    if (attempt->heard || attempt->query == NULL)
        return NULL;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct dns_reply *reply = dns_reply(attempt->query, type);
        if (reply->state == DNS_FAILED && reply->failure != DNS_OUR_FAULT)
            return reply->reason;
        if (reply->state == DNS_WAITING && now_ms - attempt->asked_ms >= patience_ms)
            return "no answer in time";
    }
    return NULL;
}

void attempt_end(struct attempt *attempt, uint32_t patience_ms) {
    uint64_t now_ms = clock_now_ms();
    /* In a copy of the process that is not adopted yet no lock is to be trusted. */
    const char *why = process_is_copy() ? NULL : held_against(attempt, patience_ms, now_ms);
    if (!process_is_copy()) {
        count_ends(attempt);
        count_rest(attempt, why != NULL ? COUNTER_QUERY_TIMEOUTS : COUNTER_QUERY_ABANDONED);
    }
    if (why != NULL)
        health_unanswered(attempt->server, attempt->questions, why, attempt->asked_ms, now_ms);
    dns_end(attempt->query);
    attempt->query = NULL;
}

/* ---- probes ---- */

struct probe {
    struct server_address server;
    uint32_t timeout_ms;
    char name[NAME_LENGTH_MAX + 1];
};

static void await_answer(const struct process_hold *hold, struct attempt *attempt, uint64_t deadline_ms) {
    for (attempt_look(attempt); attempt_is_waiting(attempt, RECORD_BOTH) && clock_now_ms() < deadline_ms;
         attempt_look(attempt)) {
        struct pollfd descriptors[DNS_DESCRIPTORS_MAX];
        size_t count = dns_descriptors(attempt->query, descriptors, DNS_DESCRIPTORS_MAX);
        process_poll(hold, descriptors, count, deadline_ms);
        dns_process(attempt->query, descriptors, count);
    }
}

static void probe(void *given) {
    struct probe *probe = given;
    struct process_hold hold;
    uint64_t deadline_ms = clock_now_ms() + probe->timeout_ms;
    if (process_enter(&hold, deadline_ms)) {
        struct attempt attempt = attempt_begin(&probe->server, probe->name, RECORD_A, probe->timeout_ms);
        await_answer(&hold, &attempt, deadline_ms);
        attempt_end(&attempt, 0);
        process_leave(&hold);
    }
    metrics_write_if_due(clock_recent_ms());
    free(probe);
}

bool attempt_probe(const struct server_address *server, const char *name, uint32_t timeout_ms) {
    struct probe *given = malloc(sizeof(*given));
    if (given == NULL)
        return false;
    *given = (struct probe){.server = *server, .timeout_ms = timeout_ms};
    strncpy(given->name, name, NAME_LENGTH_MAX);
    if (process_start_thread(probe, given))
        return true;
    free(given);
    return false;
}
