#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "originbypass/upstream/cookie.h"
#include "originbypass/upstream/dns.h"
#include "originbypass/upstream/message.h"
#include "originbypass/values/record_types.h"

/*
 * What a DNS server sends, with any octets as input: first only the reader of messages, then the conversation that it
 * is a part of (dns_ask() and what follows, with c-ares), over the sockets below.
 *
 * The first octet selects TCP from the beginning, or UDP; whether the ID of the question is put into the messages,
 * because no fuzzer guesses it; and how many octets of a stream arrive at a time. The messages follow, each after its
 * length in two octets, as in TCP. A question for each type gets all of them.
 */
enum { OVER_TCP = 1, WITH_ID = 2, PIECE_SHIFT = 2 };
enum { ID_SIZE = 2, LENGTH_SIZE = 2, ROUNDS_MAX = 256 };

static void require(bool condition) {
    if (!condition)
        abort();
}

/* ---- only the message ---- */

static void check_names(const struct answer *answer) {
    const char *name = answer_first_name(answer), *end = (const char *)answer + answer->size;
    require((name == NULL) == (answer->name_count == 0));
    require(answer->name_count != 1);
    for (size_t i = 0; i < answer->name_count; i++) {
        require(name < end && memchr(name, '\0', (size_t)(end - name)) != NULL);
        require(strlen(name) < 256);
        if (i + 1U == answer->name_count)
            require(answer_canonical_name(answer) == name);
        name += strlen(name) + 1;
    }
}

static void check_answer(const struct answer *answer, sa_family_t family) {
    require(answer->family == family && answer->size % 8 == 0);
    require((answer->outcome == OUTCOME_ADDRESSES) == (answer->address_count > 0));
    require(answer->outcome != OUTCOME_FAILURE && answer->outcome <= OUTCOME_ELSEWHERE);
    require(answer->ttl_s <= INT32_MAX);
    check_names(answer);
}

static void read_as(const uint8_t *message, size_t size, sa_family_t family) {
    const char *reason = NULL;
    struct answer *answer = message_read(message, size, family, &reason);
    require(answer != NULL || reason != NULL);
    if (answer != NULL)
        check_answer(answer, family);
    free(answer);
}

static void check_edns(const struct message_edns *edns, const uint8_t *message, size_t size) {
    require(edns->rcode < 4096 && (edns->cookie != NULL || edns->cookie_size == 0));
    require(edns->cookie == NULL || (edns->cookie > message && edns->cookie + edns->cookie_size <= message + size));
}

static void try_to_add_cookie(const uint8_t *data, size_t size) {
    static const uint8_t cookie[COOKIE_SIZE_MAX] = "a cookie";
    uint8_t *message = malloc(size + MESSAGE_OPTION_HEAD + sizeof(cookie));
    if (size > 0)
        memcpy(message, data, size);
    size_t longer = message_add_cookie(message, size, cookie, sizeof(cookie));
    require(longer == size || longer == size + MESSAGE_OPTION_HEAD + sizeof(cookie));
    if (message_question(message, longer) > 0) {
        struct message_edns edns = message_edns(message, longer);
        check_edns(&edns, message, longer);
    }
    free(message);
}

/* The message is in memory of exactly its size, so that a read beyond the end is noticed. */
static void try_message(const uint8_t *data, size_t size) {
    uint8_t *message = malloc(size);
    if (size > 0)
        memcpy(message, data, size);
    read_as(message, size, AF_INET);
    read_as(message, size, AF_INET6);
    message_is_bare_failure(message, size);
    message_is_truncated(message, size);
    message_is_final_failure(message, size);
    size_t shown = message_question(message, size);
    require(shown <= size);
    if (shown > 0) {
        struct message_edns edns = message_edns(message, size);
        check_edns(&edns, message, size);
        message_show_question(message);
    }
    free(message);
    try_to_add_cookie(data, size);
}

/* ---- the conversation, with simulated sockets ---- */

static struct {
    uint8_t *octets;
    size_t size;
    bool with_id, stream_begun;
    size_t piece;
    int stream; /* the descriptor of the TCP socket */
    uint8_t id[ID_SIZE];
} wire;

/* The names that the linker gives to the replacements (--wrap). */
int __wrap_socket(int domain, int type, int protocol);
int __wrap_connect(int number, const struct sockaddr *address, socklen_t size);
int __wrap_getsockname(int number, struct sockaddr *address, socklen_t *size);
ssize_t __wrap_send(int number, const void *data, size_t size, int flags);
ssize_t __wrap_recvfrom(int number, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *from_size);
ssize_t __wrap_recv(int number, void *data, size_t size, int flags);

ssize_t __wrap_getrandom(void *octets, size_t size, unsigned flags);

static const struct sockaddr_in server = {.sin_family = AF_INET, .sin_addr = {0x010200c0}, .sin_port = 0x3500};

/*
 * The random octets are always zero, so that findings can be reproduced. With them, the question goes out in small
 * letters (a reply in other letters would lead to another question), and our cookie consists of zeros.
 */
ssize_t __wrap_getrandom(void *octets, size_t size, unsigned flags) {
    (void)flags;
    memset(octets, 0, size);
    return (ssize_t)size;
}

int __wrap_socket(int domain, int type, int protocol) {
    (void)domain;
    (void)protocol;
    int number = open("/dev/null", O_RDWR | O_CLOEXEC);
    if ((type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) == SOCK_STREAM)
        wire.stream = number;
    return number;
}

int __wrap_connect(int number, const struct sockaddr *address, socklen_t size) {
    (void)number;
    (void)address;
    (void)size;
    return 0;
}

int __wrap_getsockname(int number, struct sockaddr *address, socklen_t *size) {
    (void)number;
    memcpy(address, &server, sizeof(server));
    *size = sizeof(server);
    return 0;
}

/* Returns how much of the stream belongs to the next message. `*at` is moved to the beginning of that message. */
static size_t next_in_stream(const uint8_t *octets, size_t size, size_t *at) {
    size_t length = (size_t)(octets[*at] << 8 | octets[*at + 1]), rest = size - *at - LENGTH_SIZE;
    *at += LENGTH_SIZE;
    return length < rest ? length : rest;
}

/* A question is always sent as a whole. */
ssize_t __wrap_send(int number, const void *data, size_t size, int flags) {
    size_t before = number == wire.stream ? LENGTH_SIZE : 0;
    (void)flags;
    if (size >= before + ID_SIZE)
        memcpy(wire.id, (const uint8_t *)data + before, ID_SIZE);
    return (ssize_t)size;
}

static ssize_t nothing_now(void) {
    errno = EAGAIN;
    return -1;
}

static void put_id(uint8_t *message, size_t size) {
    if (wire.with_id && size >= ID_SIZE)
        memcpy(message, wire.id, ID_SIZE);
}

static void put_id_into_stream(void) {
    for (size_t at = 0, length; at + LENGTH_SIZE < wire.size; at += length) {
        length = next_in_stream(wire.octets, wire.size, &at);
        put_id(wire.octets + at, length);
    }
}

static size_t take(void *data, size_t size) {
    size_t count = size < wire.size ? size : wire.size;
    memcpy(data, wire.octets, count);
    wire.octets += count;
    wire.size -= count;
    return count;
}

static size_t next_length(void) {
    uint8_t length[LENGTH_SIZE] = {0};
    size_t whole = take(length, sizeof(length)) == sizeof(length) ? (size_t)(length[0] << 8 | length[1]) : 0;
    return whole < wire.size ? whole : wire.size;
}

ssize_t __wrap_recvfrom(int number, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *from_size) {
    (void)number;
    (void)flags;
    if (wire.size == 0)
        return nothing_now();
    size_t length = next_length();
    size_t count = take(data, length < size ? length : size);
    put_id(data, count);
    memcpy(from, &server, sizeof(server));
    *from_size = sizeof(server);
    return (ssize_t)count;
}

ssize_t __wrap_recv(int number, void *data, size_t size, int flags) {
    (void)number;
    (void)flags;
    if (wire.size == 0)
        return nothing_now();
    if (!wire.stream_begun)
        put_id_into_stream();
    wire.stream_begun = true;
    return (ssize_t)take(data, size < wire.piece ? size : wire.piece);
}

/* ---- the conversation ---- */

static bool goes_on(struct dns_query *query) {
    struct pollfd descriptors[DNS_DESCRIPTORS_MAX];
    size_t count = dns_descriptors(query, descriptors, DNS_DESCRIPTORS_MAX);
    for (size_t i = 0; i < count; i++)
        descriptors[i].revents = descriptors[i].events;
    dns_process(query, descriptors, count);
    return count > 0 && wire.size > 0;
}

static void check_reply(struct dns_query *query, size_t type) {
    const struct dns_reply *reply = dns_reply(query, type);
    require(reply->state != DNS_NOT_ASKED);
    require((reply->state == DNS_ANSWERED) == (reply->answer != NULL));
    require(reply->state != DNS_FAILED || reply->reason != NULL);
    if (reply->answer != NULL)
        check_answer(reply->answer, type == 0 ? AF_INET : AF_INET6);
}

static void converse(size_t type, uint8_t control, uint8_t *octets, size_t size) {
    struct server_address upstream = {.address = {.family = AF_INET, .ipv4 = server.sin_addr}, .port = 53};
    cookies_adopt(); /* forget what the server has sent before */
    memset(&wire, 0, sizeof(wire));
    wire.stream = -1;
    wire.with_id = control & WITH_ID;
    wire.piece = 1U + (control >> PIECE_SHIFT);
    struct dns_query *query =
        dns_ask_over(control & OVER_TCP ? DNS_OVER_TCP : DNS_OVER_UDP, &upstream, "f.test", types[type], 60000);
    require(query != NULL);
    wire.octets = octets;
    wire.size = size;
    for (int round = 0; round < ROUNDS_MAX && goes_on(query); round++)
        ;
    check_reply(query, type);
    dns_end(query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size <= 1 + LENGTH_SIZE)
        return 0;
    try_message(data + 1 + LENGTH_SIZE, size - 1 - LENGTH_SIZE);
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        uint8_t *octets = malloc(size - 1);
        memcpy(octets, data + 1, size - 1);
        converse(type, data[0], octets, size - 1);
        free(octets);
    }
    return 0;
}
