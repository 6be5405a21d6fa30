#ifndef ORIGINBYPASS_UPSTREAM_MESSAGE_H
#define ORIGINBYPASS_UPSTREAM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/values/answer.h"

/**
 * Read a DNS message (RFC 1035, section 4) that answers a question for the addresses of `family`, as libc reads it, in
 * one pass in the order of the records. After a CNAME, only the addresses of its target count. CNAME targets that are
 * not host names are not reported as names.
 *
 * A chain without an address is OUTCOME_ELSEWHERE if the server does not recurse and does not say that it knows the end
 * of the chain. The answer then has the chain; the name at its end must be asked for elsewhere.
 *
 * Returns the answer, on the heap for the caller to free(3). NULL: there is no usable answer, and `*reason` says why
 * (static text).
 */
struct answer *message_read(const uint8_t *message, size_t size, sa_family_t family, const char **reason);

/** The end of the question in a query or a reply that has exactly one. 0: this is not such a message. */
size_t message_question(const uint8_t *message, size_t size);

/** Remove all records from a message for which message_question() found an end. The message then ends there. */
void message_show_question(uint8_t *message);

/**
 * Whether the message is a failure without the question, as unbound sends it to clients that it refuses. It can be
 * recognised only by the ID.
 */
bool message_is_bare_failure(const uint8_t *message, size_t size);

/** What a message's OPT record (RFC 6891, section 6.1) adds to it. */
struct message_edns {
    unsigned rcode;        /**< the header's response code, extended: ns_r_badvers, MESSAGE_BADCOOKIE */
    const uint8_t *cookie; /**< the first COOKIE option (RFC 7873, section 4), in the message; NULL: it has none */
    size_t cookie_size;
};
#define MESSAGE_BADCOOKIE 23

/**
 * Look for the OPT record in a message of at least a header. Without one, the result has the header's code and no
 * cookie.
 */
struct message_edns message_edns(const uint8_t *message, size_t size);

/**
 * Add a COOKIE option to a message that ends with an OPT record without options. Nothing is added to any other message,
 * or if `cookie_size` is 0. There must be room for MESSAGE_OPTION_HEAD octets and the cookie. Returns the message's new
 * size.
 */
size_t message_add_cookie(uint8_t *message, size_t size, const uint8_t *cookie, size_t cookie_size);
#define MESSAGE_OPTION_HEAD 4

/** Whether the message is a reply that is marked as truncated (RFC 2181, section 9). */
bool message_is_truncated(const uint8_t *message, size_t size);

/**
 * Whether libc treats a message as a failure that repeating the question cannot cure (h_errno's NO_RECOVERY). Its
 * response code, for example FORMERR, says neither "no such name" nor that this server could not answer now (SERVFAIL,
 * NOTIMP, REFUSED).
 */
bool message_is_final_failure(const uint8_t *message, size_t size);

#endif
