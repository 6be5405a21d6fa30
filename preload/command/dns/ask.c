#include "originbypass/command/dns/ask.h"

#include <stdlib.h>
#include <time.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"

/* c-ares checks its timeouts when it is called: at least this often. */
enum { TICK_MS = 20 };

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Take the replies that have arrived since the last call. False: no more will come. */
static bool collect_replies(struct dns_query *query, struct ask_replies *replies, uint64_t passed_us) {
    bool waiting = false;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        struct ask_reply *reply = &replies->types[type];
        const struct dns_reply *said = dns_reply(query, type);
        waiting |= said->state == DNS_WAITING;
        if (said->state == DNS_NOT_ASKED || said->state == DNS_WAITING || reply->asked)
            continue;
        *reply = (struct ask_reply){.asked = true, .round_trip_us = passed_us};
        if (said->state == DNS_ANSWERED) {
            reply->answer = dns_take(query, type);
        } else {
            reply->failure = said->reason;
            reply->kind = said->failure;
        }
    }
    return waiting;
}

static bool is_silent(const struct ask_replies *replies) {
    bool silent = false;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        silent = silent || (replies->types[type].asked && replies->types[type].answer == NULL &&
                            replies->types[type].kind == DNS_SILENT);
    return silent && !replies->heard;
}

/* A question under way. */
struct asking {
    struct dns_query *query;
    uint64_t began_us;
    size_t first, descriptor_count; /* the place of its descriptors in the list for poll(2) */
};

static void wait_for_replies(struct asking *all, size_t count, struct pollfd *descriptors) {
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        all[i].first = used;
        all[i].descriptor_count = dns_descriptors(all[i].query, descriptors + used, DNS_DESCRIPTORS_MAX);
        used += all[i].descriptor_count;
    }
    bool polled = poll(descriptors, used, TICK_MS) >= 0;
    for (size_t i = 0; i < count; i++)
        dns_process(all[i].query, descriptors + all[i].first, polled ? all[i].descriptor_count : 0);
}

static bool collect_all(const struct asking *all, struct ask_replies *replies, size_t count) {
    bool waiting = false;
    for (size_t i = 0; i < count; i++)
        waiting |= collect_replies(all[i].query, &replies[i], now_us() - all[i].began_us);
    return waiting;
}

static void ask_each_once(const struct ask_question *const *questions, struct ask_replies *replies, size_t count) {
    struct asking *all = memory_zeroed(count, sizeof(all[0]));
    struct pollfd *descriptors = memory_zeroed(count * DNS_DESCRIPTORS_MAX, sizeof(descriptors[0]));
    for (size_t i = 0; i < count; i++) {
        const struct ask_question *question = questions[i];
        all[i].began_us = now_us();
        all[i].query = memory_checked(
            dns_ask_over(question->transport, question->server, question->name, question->types, question->timeout_ms));
    }
    while (collect_all(all, replies, count))
        wait_for_replies(all, count, descriptors);
    for (size_t i = 0; i < count; i++) {
        replies[i].heard = dns_was_heard(all[i].query);
        replies[i].times = 1;
        replies[i].silent = is_silent(&replies[i]);
        dns_end(all[i].query);
    }
    free(descriptors);
    free(all);
}

static size_t times_of(const struct ask_question *question) {
    return question->times == 0 ? 1 : question->times;
}

void ask_together(const struct ask_question *questions, struct ask_replies *replies, size_t count) {
    size_t total = 0, used = 0;
    for (size_t i = 0; i < count; i++)
        total += times_of(&questions[i]);
    const struct ask_question **all = memory_zeroed(total, sizeof(all[0]));
    struct ask_replies *found = memory_zeroed(total, sizeof(found[0]));
    for (size_t i = 0; i < count; i++)
        for (size_t time = 0; time < times_of(&questions[i]); time++)
            all[used++] = &questions[i];
    ask_each_once(all, found, total);
    used = 0;
    for (size_t i = 0; i < count; i++) {
        replies[i] = (struct ask_replies){0};
        for (size_t time = 0; time < times_of(&questions[i]); time++)
            ask_add(&replies[i], &found[used++]);
    }
    free(found);
    free(all);
}

/* An answer says more than a failure, and a failure that the server has replied with more than silence. */
static bool says_more(const struct ask_reply *one, const struct ask_reply *other) {
    static const int worth[] = {
        [DNS_OUR_FAULT] = 0, [DNS_SILENT] = 1, [DNS_UNREACHABLE] = 2, [DNS_REFUSING] = 3, [DNS_TRUNCATED] = 3};
    if (!one->asked || !other->asked)
        return one->asked && !other->asked;
    if (one->answer != NULL || other->answer != NULL)
        return other->answer == NULL;
    return worth[one->kind] > worth[other->kind];
}

void ask_add(struct ask_replies *replies, struct ask_replies *more) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (says_more(&more->types[type], &replies->types[type])) {
            free(replies->types[type].answer);
            replies->types[type] = more->types[type];
            more->types[type].answer = NULL;
        }
    replies->heard = replies->heard || more->heard;
    replies->times += more->times;
    replies->silent += more->silent;
    ask_free(more);
}

struct ask_replies ask(const struct ask_question *question) {
    struct ask_replies replies;
    ask_together(question, &replies, 1);
    return replies;
}

void ask_free(struct ask_replies *replies) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        free(replies->types[type].answer);
    *replies = (struct ask_replies){0};
}

static char *address_count_text(size_t count) {
    return text_format(count == 1 ? "%zu address" : "%zu addresses", count);
}

char *ask_text(const struct ask_reply *reply) {
    if (!reply->asked)
        return memory_text("not asked");
    if (reply->answer == NULL)
        return memory_text(reply->failure);
    switch ((enum outcome)reply->answer->outcome) {
    case OUTCOME_NO_NAME:
        return memory_text("NXDOMAIN");
    case OUTCOME_NO_RECORD:
        return memory_text("NODATA");
    case OUTCOME_DANGLING:
        return memory_text("a CNAME without an address");
    case OUTCOME_ELSEWHERE:
        return memory_text("a CNAME out of what it serves");
    default:
        return address_count_text(reply->answer->address_count);
    }
}
