#include "originbypass/upstream/cookie.h"

#include <arpa/nameser.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "originbypass/guest/lock.h"
#include "originbypass/upstream/message.h"

/* A process asks only a few servers, so a linear search finds them. */
enum { PLACES = 64 };

/* A place is filled once; its server's address has no family before that. */
struct cookie_place {
    struct cookie cookie;
    struct address ours; /* the address from which the server was asked */
    struct server_address server;
    bool is_of_no_use; /* the server refuses cookies, or passes on the cookies of others */
};

static struct cookie_place places[PLACES];
static struct lock lock = {PTHREAD_MUTEX_INITIALIZER};

/* Call it under the lock, like the functions that follow. NULL: all places are taken. */
static struct cookie_place *place_of(const struct server_address *server) {
    for (size_t i = 0; i < PLACES; i++) {
        if (places[i].server.address.family == AF_UNSPEC)
            places[i].server = *server;
        if (server_address_equal(&places[i].server, server))
            return &places[i];
    }
    return NULL;
}

static bool is_for(const struct cookie_place *place, const struct address *ours) {
    return place->cookie.size != 0 && address_equal(&place->ours, ours);
}

static void begin(struct cookie_place *place, const struct address *ours, const uint8_t *octets) {
    place->ours = *ours;
    memcpy(place->cookie.octets, octets, COOKIE_CLIENT_SIZE);
    place->cookie.size = COOKIE_CLIENT_SIZE;
    place->is_of_no_use = false;
}

static bool own_address(int socket, struct address *ours) {
    struct sockaddr_storage own;
    socklen_t size = sizeof(own);
    return getsockname(socket, (struct sockaddr *)&own, &size) == 0 &&
           address_of_socket((const struct sockaddr *)&own, ours);
}

struct cookie cookie_for(const struct server_address *server, int socket) {
    struct cookie cookie = {.size = 0};
    struct address ours;
    uint8_t fresh[COOKIE_CLIENT_SIZE];
    if (!own_address(socket, &ours) || getrandom(fresh, sizeof(fresh), GRND_NONBLOCK) != (ssize_t)sizeof(fresh))
        return cookie;
    lock_acquire(&lock);
    struct cookie_place *place = place_of(server);
    if (place != NULL && !is_for(place, &ours))
        begin(place, &ours, fresh);
    if (place != NULL && !place->is_of_no_use)
        cookie = place->cookie;
    lock_release(&lock);
    return cookie;
}

/* ---- replies ---- */

static bool has_server_cookie(size_t size) {
    return size >= COOKIE_CLIENT_SIZE + COOKIE_SERVER_SIZE_MIN && size <= COOKIE_SIZE_MAX;
}

/* Some servers send back options that they do not know. Nobody else has our cookie. */
static bool proves_sender(const struct cookie *sent, const struct message_edns *edns) {
    return (edns->cookie_size == COOKIE_CLIENT_SIZE || has_server_cookie(edns->cookie_size)) &&
           memcmp(edns->cookie, sent->octets, COOKIE_CLIENT_SIZE) == 0;
}

/* Learn nothing if the cookie was drawn again since the question was sent. */
static void learn(const struct server_address *server, const struct message_edns *edns, bool is_datagram) {
    lock_acquire(&lock);
    struct cookie_place *place = place_of(server);
    if (place != NULL && memcmp(place->cookie.octets, edns->cookie, COOKIE_CLIENT_SIZE) == 0) {
        if (has_server_cookie(edns->cookie_size)) {
            memcpy(place->cookie.octets, edns->cookie, edns->cookie_size);
            place->cookie.size = edns->cookie_size;
        }
        place->is_of_no_use &= is_datagram;
    }
    lock_release(&lock);
}

static void end_use(const struct server_address *server) {
    lock_acquire(&lock);
    struct cookie_place *place = place_of(server);
    if (place != NULL)
        place->is_of_no_use = true;
    lock_release(&lock);
}

/*
 * The server refuses messages with this option. A cookie with a server part shows that it accepted the option before.
 */
static bool refuses_option(const struct message_edns *edns) {
    return edns->rcode == ns_r_formerr || edns->rcode == ns_r_badvers;
}

enum cookie_verdict cookie_judge(const struct server_address *server, const struct cookie *sent, const uint8_t *message,
                                 size_t size, bool is_datagram) {
    if (sent->size == 0)
        return COOKIE_BELIEVE;
    struct message_edns edns = message_edns(message, size);
    bool is_proof = proves_sender(sent, &edns);
    bool is_doubtful =
        !is_proof && (edns.cookie != NULL || sent->size > COOKIE_CLIENT_SIZE || edns.rcode == MESSAGE_BADCOOKIE);
    if (is_proof)
        learn(server, &edns, is_datagram);
    if (!is_datagram)
        return COOKIE_BELIEVE;
    if (is_doubtful || (refuses_option(&edns) && sent->size == COOKIE_CLIENT_SIZE))
        end_use(server);
    if (is_doubtful)
        return COOKIE_ASK_OVER_TCP;
    return edns.rcode == MESSAGE_BADCOOKIE ? COOKIE_ASK_AGAIN : COOKIE_BELIEVE;
}

void cookies_adopt(void) {
    lock_adopt(&lock);
    memset(places, 0, sizeof(places));
}
