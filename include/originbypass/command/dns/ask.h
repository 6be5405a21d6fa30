#ifndef ORIGINBYPASS_COMMAND_DNS_ASK_H
#define ORIGINBYPASS_COMMAND_DNS_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "originbypass/upstream/dns.h"
#include "originbypass/values/answer.h"

/**
 * One question to one server, independent of the library's lookups: no cache, no policy, and no effect on the health
 * that is recorded for the server.
 */
struct ask_question {
    const struct server_address *server;
    enum dns_transport transport;
    const char *name; /**< absolute, with or without the final dot */
    enum record_types types;
    uint32_t timeout_ms;
    unsigned times; /**< so often, at the same time, to tell a lost packet from silence; 0 counts as 1 */
};

/** What the server said about one record type. */
struct ask_reply {
    bool asked;
    const char *failure;    /**< static text; NULL: there is an answer */
    enum dns_failure kind;  /**< the kind of a failure */
    struct answer *answer;  /**< as the server gave it; freed by ask_free(). NULL: failed, or not asked */
    uint64_t round_trip_us; /**< from the question to the answer or the failure */
};

/** The replies by record type (0: A, 1: AAAA). */
struct ask_replies {
    struct ask_reply types[RECORD_TYPE_COUNT];
    bool heard;      /**< the server has replied, whatever the reply was: so it can be reached */
    unsigned times;  /**< how often it was asked */
    unsigned silent; /**< how often of these it sent nothing */
};

/** Ask, and wait for all replies: at most `timeout_ms`, and the same time again if an answer is truncated. */
struct ask_replies ask(const struct ask_question *question);

/**
 * Ask `count` questions at the same time, so that silent servers cost the longest timeout and not the sum of all. Waits
 * like ask(). `replies` has room for one result per question: of a question that is asked several times, the first
 * reply that says most. The caller must free each with ask_free().
 */
void ask_together(const struct ask_question *questions, struct ask_replies *replies, size_t count);

/** Add the replies to the same question at another time. Frees these. */
void ask_add(struct ask_replies *replies, struct ask_replies *more);

void ask_free(struct ask_replies *replies);

/**
 * A reply in a word or two, such as `NXDOMAIN`, `2 addresses` or the reason of a failure. The caller must free(3) the
 * text.
 */
char *ask_text(const struct ask_reply *reply);

#endif
