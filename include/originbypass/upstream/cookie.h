#ifndef ORIGINBYPASS_UPSTREAM_COOKIE_H
#define ORIGINBYPASS_UPSTREAM_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/values/address.h"

/*
 * DNS cookies (RFC 7873, RFC 9018): octets that we and a server put into every message to each other. An attacker that
 * forges a message without seeing the others does not know them. A table for all threads has the cookies of each
 * server. All of this is thread-safe; signals must be blocked.
 */

enum { COOKIE_CLIENT_SIZE = 8, COOKIE_SERVER_SIZE_MIN = 8, COOKIE_SIZE_MAX = 40 };

/** Our cookie for a server, followed by the server's cookie if it has sent one. */
struct cookie {
    uint8_t octets[COOKIE_SIZE_MAX];
    size_t size; /**< 0: none; COOKIE_CLIENT_SIZE: ours only */
};

/**
 * The cookie for a question to the server by this connected socket. The server's own is forgotten and ours drawn again
 * if the last question was sent from another address, so that nobody can follow us from one to the other (RFC 9018,
 * section 3). There is no cookie if the kernel has no random octets, if the table is full, or if cookies are of no use
 * with this server.
 */
struct cookie cookie_for(const struct server_address *server, int socket);

/** What to do with a reply. */
enum cookie_verdict {
    COOKIE_BELIEVE,
    COOKIE_ASK_AGAIN,    /**< drop it (BADCOOKIE); the cookie for the next question is a new one */
    COOKIE_ASK_OVER_TCP, /**< drop it: it may be forged; a reply over TCP cannot be, without seeing the connection */
};

/**
 * Read the cookie in a reply (RFC 7873, section 5.3) to a question that had the cookie `sent`, and remember what it
 * says about the server. A reply over TCP is always believed.
 *
 * A cookie that is missing or not ours is no reason to wait for another reply: forwarders pass cookies on, and what
 * they answer from a cache has none, or that of another client. So such a server is asked without a cookie from then
 * on, unless its reply over TCP has the right one.
 */
enum cookie_verdict cookie_judge(const struct server_address *server, const struct cookie *sent, const uint8_t *message,
                                 size_t size, bool is_datagram);

/** To be called in a new copy of the process, which begins without cookies and shares none with its parent. */
void cookies_adopt(void);

#endif
