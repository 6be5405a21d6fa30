#include "originbypass/command/dns/ask.h"

#include <stdlib.h>
#include <time.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"

/* c-ares times by itself: so often it is given the occasion. */
enum { TICK_MS = 20 };

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Take what has come since. False: nothing more will. */
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

static void wait_for_replies(struct dns_query *query) {
    struct pollfd descriptors[DNS_DESCRIPTORS_MAX];
    size_t count = dns_descriptors(query, descriptors, DNS_DESCRIPTORS_MAX);
    if (poll(descriptors, count, TICK_MS) < 0)
        count = 0;
    dns_process(query, descriptors, count);
}

struct ask_replies ask(const struct ask_question *question) {
    struct ask_replies replies = {0};
    uint64_t began_us = now_us();
    struct dns_query *query = memory_checked(
        dns_ask_over(question->transport, question->server, question->name, question->types, question->timeout_ms));
    while (collect_replies(query, &replies, now_us() - began_us))
        wait_for_replies(query);
    replies.heard = dns_was_heard(query);
    dns_end(query);
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
