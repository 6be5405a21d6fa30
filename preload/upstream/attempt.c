#include "originbypass/upstream/attempt.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/guest/beside.h"
#include "originbypass/guest/clock.h"
#include "originbypass/metrics/counters.h"
#include "originbypass/metrics/metrics.h"
#include "originbypass/upstream/health.h"
#include "originbypass/values/name.h"
#include "originbypass/values/record_types.h"

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
    case DNS_TRUNCATED:
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

/* Count the questions of an abandoned attempt that are still waiting for a reply. */
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

/* Why the upstream counts as one that does not answer; NULL if it does not count as one. */
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
    /* In a copy of the process that is not adopted yet, no lock can be trusted. */
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
    struct task task;
    struct attempt attempt;
    struct server_address server;
    uint64_t deadline_ms; /* 0: the probe has not begun */
    uint32_t timeout_ms;
    char name[NAME_LENGTH_MAX + 1];
};

static bool continue_probe(struct task *task) {
    struct probe *probe = (struct probe *)task;
    uint64_t now_ms = clock_now_ms();
    if (probe->deadline_ms == 0) {
        probe->deadline_ms = now_ms + probe->timeout_ms;
        probe->attempt = attempt_begin(&probe->server, probe->name, RECORD_A, probe->timeout_ms);
    }
    attempt_look(&probe->attempt);
    if (attempt_is_waiting(&probe->attempt, RECORD_BOTH) && now_ms < probe->deadline_ms)
        return false;
    attempt_end(&probe->attempt, 0);
    metrics_write_if_due(now_ms);
    free(probe);
    return true;
}

static uint64_t probe_due_ms(const struct task *task) {
    return ((const struct probe *)task)->deadline_ms;
}

static size_t probe_descriptors(struct task *task, struct pollfd *to_wait_for, size_t room) {
    struct attempt *attempt = &((struct probe *)task)->attempt;
    attempt->polled = dns_descriptors(attempt->query, to_wait_for, room);
    return attempt->polled;
}

static void process_probe(struct task *task, const struct pollfd *waited_for) {
    const struct attempt *attempt = &((struct probe *)task)->attempt;
    dns_process(attempt->query, waited_for, attempt->polled);
}

bool attempt_probe(const struct server_address *server, const char *name, uint32_t timeout_ms) {
    static const struct task_kind kind = {continue_probe, probe_due_ms, probe_descriptors, process_probe};
    struct probe *probe = calloc(1, sizeof(*probe));
    if (probe == NULL)
        return false;
    probe->task.kind = &kind;
    probe->server = *server;
    probe->timeout_ms = timeout_ms;
    strncpy(probe->name, name, NAME_LENGTH_MAX);
    if (beside_run(&probe->task))
        return true;
    free(probe);
    return false;
}
