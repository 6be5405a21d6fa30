#include "originbypass/upstream/dns.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "originbypass/guest/descriptor.h"
#include "originbypass/upstream/cookie.h"
#include "originbypass/upstream/message.h"
#include "originbypass/upstream/tame.h"
#include "originbypass/values/name.h"

static const sa_family_t families[RECORD_TYPE_COUNT] = {AF_INET, AF_INET6};

enum {
    ID_SIZE = 2,
    FLAGS = 2,
    RESPONSE_CODE = 3,
    IS_REPLY = 0x80,
    IS_TRUNCATED = 0x02,
    LENGTH_SIZE = 2,
    CASE_BIT = 0x20,
    QUESTION_MAX = NS_MAXCDNAME + QFIXEDSZ
};
enum { DATAGRAMS, STREAM, SOCKETS }; /* a channel has one server here, and so at most one socket for each */

/* A message that comes over TCP: its length (RFC 1035, section 4.2.2) and its octets, later the part of it that
 * c-ares is shown. */
struct stream {
    uint8_t *octets;
    size_t count;        /* how many have come */
    size_t shown, given; /* how many c-ares may read, and has read; shown is 0 while the message is incomplete */
};

/*
 * What is asked: the header and the question as c-ares has them, and the question as it goes out, with the case of each
 * letter chosen at random. An attacker that forges a reply over UDP without seeing the question has to guess the case
 * and the cookie too.
 */
struct asked {
    uint8_t message[HFIXEDSZ + QUESTION_MAX];
    uint8_t mixed[QUESTION_MAX];
    size_t size;    /* of the header and the question; 0: nothing was sent */
    bool with_edns; /* the last time */
    struct cookie cookie;
};

/*
 * c-ares manages the exchange: IDs, ports, EDNS, TCP after a truncated reply. The content of a reply is read here, from
 * the octets that came, and c-ares is shown only the header and the question (message_show_question()). So it makes no
 * difference what its versions regard as malformed, or how they name a response code.
 *
 * Each question has a channel of its own. On a shared channel, what happens to one question affects the other. After a
 * FORMERR, c-ares 1.18 repeats only one of them without EDNS, and a TCP connection that is refused, or closed after the
 * first reply, ends both.
 */
struct question {
    struct dns_query *query;
    sa_family_t family;
    ares_channel channel; /* NULL: not asked */
    struct asked asked;
    bool in_one_case;     /* asked again, because the server does not keep the case */
    bool case_lost;       /* a reply came in another case */
    bool with_its_cookie; /* asked again, because the server wants its own cookie back */
    bool cookie_lost;     /* a reply that says so has come */
    bool without_socket;  /* no socket was available */
    bool socket_taken;    /* the program has closed it, or put another file at its number */
    bool without_memory;  /* c-ares got no memory: the channel can only be destroyed */
    bool over_tcp;        /* because its reply over UDP was truncated */
    bool connected;       /* over TCP */
    struct descriptor sockets[SOCKETS];
    struct stream stream;
    struct dns_reply read; /* what the last message says, until c-ares accepts it as the reply */
    struct dns_reply reply;
};

struct dns_query {
    struct server_address server;
    enum dns_transport transport;
    uint32_t timeout_ms;
    char name[NAME_LENGTH_MAX + 1];
    bool in_time; /* a packet came: a later failure has another reason than silence */
    struct question questions[RECORD_TYPE_COUNT];
};

/* ---- c-ares' sockets: close-on-exec from the start, never one of 0 to 2, and never the program's ---- */

static struct descriptor *descriptor_of(struct question *question, int number) {
    for (size_t i = 0; i < SOCKETS; i++) {
        if (question->sockets[i].number != number)
            continue;
        if (descriptor_is_ours(&question->sockets[i]))
            return &question->sockets[i];
        question->socket_taken = true;
    }
    errno = EBADF;
    return NULL;
}

/* A program that has closed its standard streams may continue to write to their numbers. */
static int above_standard_streams(int number) {
    if (number < 0 || number > 2)
        return number;
    int above = fcntl(number, F_DUPFD_CLOEXEC, 3);
    int error = errno;
    close(number);
    errno = error;
    return above;
}

static bool is_for_want(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

static ares_socket_t open_socket(int domain, int type, int protocol, void *context) {
    struct question *question = context;
    struct descriptor *free_one = &question->sockets[type == SOCK_STREAM ? STREAM : DATAGRAMS];
    if (type == SOCK_STREAM)
        question->stream.count = question->stream.shown = 0;
    if (free_one->number >= 0) {
        errno = EMFILE;
        return -1;
    }
    int number = above_standard_streams(socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
    question->without_socket |= number < 0 && is_for_want(errno);
    return descriptor_take(free_one, number) ? number : -1;
}

static int close_socket(ares_socket_t number, void *context) {
    struct question *question = context;
    for (size_t i = 0; i < SOCKETS; i++)
        if (question->sockets[i].number == number)
            descriptor_close(&question->sockets[i]);
    return 0;
}

static int connect_socket(ares_socket_t number, const struct sockaddr *address, ares_socklen_t size, void *context) {
    return descriptor_of(context, number) == NULL ? -1 : connect(number, address, size);
}

/* ---- messages: read here, shown to c-ares ---- */

static int type_of(const struct question *question) {
    return question->family == AF_INET ? ns_t_a : ns_t_aaaa;
}

static void fail(struct dns_reply *reply, enum dns_failure failure, const char *reason) {
    reply->state = DNS_FAILED;
    reply->failure = failure;
    reply->reason = reason;
}

static struct dns_reply read_reply(const struct question *question, const uint8_t *message, size_t size) {
    struct dns_reply reply = {.state = DNS_ANSWERED};
    const char *reason;
    reply.answer = message_read(message, size, question->family, &reason);
    if (reply.answer == NULL) {
        fail(&reply, DNS_REFUSING, reason);
        reply.no_recovery = message_is_final_failure(message, size);
    }
    return reply;
}

static size_t question_size(const struct asked *asked) {
    return asked->size - HFIXEDSZ;
}

/*
 * A message that is the reply except for the case comes from a server that does not keep the case, or is forged.
 * dns_process() then asks again.
 */
static bool is_reply(struct question *question, const uint8_t *message, size_t shown, bool is_datagram) {
    const struct asked *asked = &question->asked;
    const uint8_t *its_question = message + HFIXEDSZ;
    if (shown == 0 || shown != asked->size || !(message[FLAGS] & IS_REPLY) ||
        memcmp(message, asked->message, ID_SIZE) != 0 ||
        !name_octets_match(its_question, asked->mixed, question_size(asked)))
        return false;
    bool keeps_case = memcmp(its_question, asked->mixed, question_size(asked)) == 0;
    question->case_lost = is_datagram && !keeps_case && !question->in_one_case;
    return !question->case_lost;
}

/*
 * A failure without the question can be recognised only by the ID. It is believed if the server may not have understood
 * the rest, because of EDNS. c-ares would drop it and continue to wait, so the question is added. Returns the message's
 * size.
 */
static size_t with_question(const struct question *question, uint8_t *message, size_t size, size_t room) {
    const struct asked *asked = &question->asked;
    if (!message_is_bare_failure(message, size) || !asked->with_edns || asked->size > room)
        return size;
    static const uint8_t one_question[] = {0, 1, 0, 0, 0, 0, 0, 0};
    memcpy(message + HFIXEDSZ - sizeof(one_question), one_question, sizeof(one_question));
    memcpy(message + HFIXEDSZ, asked->mixed, question_size(asked));
    return asked->size;
}

/* A reply that cannot be believed is marked as truncated, so c-ares asks over TCP. False: dns_process() asks again. */
static bool take_cookie(struct question *question, uint8_t *message, size_t size, bool is_datagram) {
    const struct cookie *sent = &question->asked.cookie;
    enum cookie_verdict verdict = cookie_judge(&question->query->server, sent, message, size, is_datagram);
    question->cookie_lost = verdict == COOKIE_ASK_AGAIN && !question->with_its_cookie;
    question->query->in_time |= question->cookie_lost;
    if (verdict != COOKIE_BELIEVE)
        message[FLAGS] |= IS_TRUNCATED;
    return !question->cookie_lost;
}

/*
 * Reads a message, and reduces it to the part that c-ares is shown. Returns the size of that part; 0: c-ares is shown
 * nothing.
 */
static size_t take_message(struct question *question, uint8_t *message, size_t size, size_t room, bool is_datagram) {
    /*
     * After the switch to TCP, nothing that comes over UDP is a reply. A FORMERR would make c-ares 1.18 write the
     * question without EDNS into new memory, while the old one waits to be sent over TCP.
     */
    if (is_datagram && question->over_tcp)
        return 0;
    size = with_question(question, message, size, room);
    size_t shown = message_question(message, size);
    if (!is_reply(question, message, shown, is_datagram) || !take_cookie(question, message, size, is_datagram))
        return 0;
    /* So that no name in the answer that points to the question's name gets the random case. */
    memcpy(message + HFIXEDSZ, question->asked.message + HFIXEDSZ, question_size(&question->asked));
    bool truncated = message_is_truncated(message, size);
    question->over_tcp |= truncated;
    /*
     * c-ares does not report a truncated reply. But such a reply shows that the server is there, even if TCP does not
     * reach it.
     */
    question->query->in_time |= truncated;
    free(question->read.answer);
    question->read = read_reply(question, message, size);
    /* BADVERS is not an answer to EDNS version 0. c-ares must ask without EDNS, as after a FORMERR. */
    if (message_edns(message, size).rcode == ns_r_badvers)
        message[RESPONSE_CODE] |= ns_r_formerr;
    message_show_question(message);
    return shown;
}

static ares_ssize_t nothing_now(void) {
    errno = EAGAIN;
    return -1;
}

/*
 * Reads from the socket what belongs to this message. Returns the number of octets that came now; otherwise like
 * recv(2).
 */
static ssize_t receive_more(struct stream *stream, int number, size_t wanted) {
    uint8_t *octets = realloc(stream->octets, wanted + QUESTION_MAX);
    if (octets == NULL)
        return -1;
    stream->octets = octets;
    ssize_t received = recv(number, octets + stream->count, wanted - stream->count, 0);
    if (received > 0)
        stream->count += (size_t)received;
    return received;
}

static size_t wanted_of(const struct stream *stream) {
    return stream->count < LENGTH_SIZE ? LENGTH_SIZE
                                       : LENGTH_SIZE + (size_t)(stream->octets[0] << 8 | stream->octets[1]);
}

/* Like recv(2), but returns 1 if a message is complete. */
static ssize_t receive_message(struct question *question, int number) {
    struct stream *stream = &question->stream;
    while (stream->count < wanted_of(stream)) {
        ssize_t received = receive_more(stream, number, wanted_of(stream));
        if (received <= 0)
            return received;
    }
    size_t size = stream->count - LENGTH_SIZE;
    size_t shown = take_message(question, stream->octets + LENGTH_SIZE, size, size + QUESTION_MAX, false);
    stream->count = 0;
    if (shown == 0)
        return nothing_now();
    stream->octets[0] = (uint8_t)(shown >> 8);
    stream->octets[1] = (uint8_t)shown;
    stream->shown = LENGTH_SIZE + shown;
    stream->given = 0;
    return 1;
}

static ares_ssize_t receive_from_stream(struct question *question, int number, void *data, size_t size) {
    struct stream *stream = &question->stream;
    if (stream->shown == 0) {
        ssize_t received = receive_message(question, number);
        if (received <= 0)
            return received;
    }
    size_t rest = stream->shown - stream->given, count = size < rest ? size : rest;
    memcpy(data, stream->octets + stream->given, count);
    stream->given += count;
    if (stream->given == stream->shown)
        stream->shown = 0;
    return (ares_ssize_t)count;
}

static ares_ssize_t receive(ares_socket_t number, void *data, size_t size, int flags, struct sockaddr *from,
                            ares_socklen_t *from_size, void *context) {
    if (descriptor_of(context, number) == NULL)
        return -1;
    bool is_datagram = from != NULL;
    if (!is_datagram)
        return receive_from_stream(context, number, data, size);
    ssize_t received = recvfrom(number, data, size, flags, from, from_size);
    if (received <= 0)
        return received;
    size_t shown = take_message(context, data, (size_t)received, size, true);
    return shown == 0 ? nothing_now() : (ares_ssize_t)shown;
}

/* ---- questions: the case of their letters is chosen at random ---- */

static void draw_case(uint8_t *octets, size_t size) {
    uint8_t random[QUESTION_MAX];
    if (getrandom(random, size, GRND_NONBLOCK) != (ssize_t)size)
        return;
    for (size_t i = 0; i < size; i++)
        if (octets[i] >= 'a' && octets[i] <= 'z')
            octets[i] ^= random[i] & CASE_BIT;
}

/* Called only when the question is first sent. When it is sent again, without EDNS or over TCP, it is the same. */
static void note_question(struct question *question, int number, const uint8_t *message, size_t size) {
    struct asked *asked = &question->asked;
    size_t end = message_question(message, size);
    if (end == 0 || end > sizeof(asked->message))
        return;
    memcpy(asked->message, message, end);
    memcpy(asked->mixed, message + HFIXEDSZ, end - HFIXEDSZ);
    asked->size = end;
    asked->cookie = cookie_for(&question->query->server, number);
    if (!question->in_one_case)
        draw_case(asked->mixed, end - HFIXEDSZ);
}

static void note_message(struct question *question, int number, const uint8_t *message, size_t size) {
    struct asked *asked = &question->asked;
    if (asked->size == 0)
        note_question(question, number, message, size);
    asked->with_edns = size > asked->size;
    if (!asked->with_edns)
        asked->cookie.size = 0;
}

/*
 * Send a message that c-ares has made, with our additions; over TCP its length comes first. send(2) is used, as in
 * every resolver, because a system call filter that allows libc's resolver allows it too. A socket on which nothing was
 * sent before takes the whole message.
 */
static ssize_t send_message(struct question *question, int number, const struct iovec *part, size_t length_size) {
    const struct asked *asked = &question->asked;
    uint8_t octets[LENGTH_SIZE + PACKETSZ], *message = octets + length_size;
    if (part->iov_len < length_size || part->iov_len > sizeof(octets) - MESSAGE_OPTION_HEAD - COOKIE_SIZE_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    memcpy(octets, part->iov_base, part->iov_len);
    size_t size = part->iov_len - length_size;
    note_message(question, number, message, size);
    if (asked->size != 0)
        memcpy(message + HFIXEDSZ, asked->mixed, question_size(asked));
    size = message_add_cookie(message, size, asked->cookie.octets, asked->cookie.size);
    if (length_size > 0) {
        octets[0] = (uint8_t)(size >> 8);
        octets[1] = (uint8_t)size;
    }
    ssize_t sent = send(number, octets, length_size + size, MSG_NOSIGNAL);
    question->connected |= sent >= 0 && length_size > 0;
    if (sent >= 0 && (size_t)sent < length_size + size) {
        errno = EMSGSIZE;
        return -1;
    }
    return sent < 0 ? -1 : (ssize_t)part->iov_len;
}

static ares_ssize_t transmit(ares_socket_t number, const struct iovec *parts, int count, void *context) {
    struct question *question = context;
    if (descriptor_of(question, number) == NULL)
        return -1;
    (void)count; /* always one, because there is one question */
    return send_message(question, number, &parts[0], question->sockets[DATAGRAMS].number == number ? 0 : LENGTH_SIZE);
}

static const struct ares_socket_functions socket_functions = {open_socket, close_socket, connect_socket, receive,
                                                              transmit};

/* ---- questions and answers ---- */

static void fail_as_unreachable(struct question *question) {
    struct dns_reply *reply = &question->reply;
    if (question->without_socket)
        fail(reply, DNS_OUR_FAULT, "not asked: no descriptor or no memory for a socket");
    else if (question->socket_taken)
        fail(reply, DNS_OUR_FAULT, "the program has closed our socket");
    else if (question->over_tcp)
        fail(reply, DNS_TRUNCATED,
             question->connected ? "truncated over UDP, and it closes TCP without an answer"
                                 : "truncated over UDP, and not reachable over TCP");
    else if (question->connected)
        fail(reply, DNS_REFUSING, "it closes TCP without an answer");
    else
        fail(reply, question->query->in_time ? DNS_REFUSING : DNS_UNREACHABLE, "not reachable: refused, or no route");
}

static void fail_as_silent(struct question *question) {
    if (question->over_tcp)
        fail(&question->reply, DNS_TRUNCATED, "truncated over UDP, and no answer over TCP in time");
    else
        fail(&question->reply, question->query->in_time ? DNS_REFUSING : DNS_SILENT, "no answer in time");
}

static void fail_without_message(struct question *question, int status) {
    struct dns_reply *reply = &question->reply;
    switch (status) {
    case ARES_ETIMEOUT:
        fail_as_silent(question);
        return;
    case ARES_ECONNREFUSED:
        fail_as_unreachable(question);
        return;
    case ARES_ENOMEM:
        fail(reply, DNS_OUR_FAULT, "no memory");
        return;
    case ARES_EDESTRUCTION:
    case ARES_ECANCELLED:
        fail(reply, DNS_OUR_FAULT, "given up");
        return;
    default:
        fail(reply, DNS_OUR_FAULT, "the question could not be sent");
    }
}

/* The message here is the one that take_message() has just read, reduced to the part that c-ares was shown. */
// cppcheck-suppress constParameter ; the type is ares_callback
static void take_reply(void *context, int status, int timeouts, unsigned char *message, int size) {
    struct question *question = context;
    (void)timeouts;
    (void)size;
    if (question->reply.state != DNS_WAITING)
        return;
    if (message == NULL) {
        fail_without_message(question, status);
        return;
    }
    question->query->in_time = true;
    question->reply = question->read;
    question->read.answer = NULL;
}

/*
 * If all of these options are given, c-ares reads no file. They already include a server here, because without one
 * c-ares would read /etc/resolv.conf. Its structure has room only for IPv4 servers; others are set later.
 */
static bool open_channel(struct question *question) {
    const struct dns_query *query = question->query;
    const struct server_address *server = &query->server;
    static char lookups[] = "b";
    static struct in_addr placeholder;
    tame_missed_memory(); /* of another channel */
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS |
                 (query->transport == DNS_OVER_TCP ? ARES_FLAG_USEVC : 0),
        .timeout = (int)query->timeout_ms,
        .tries = 1,
        .ndots = 1,
        .udp_port = server->port,
        .tcp_port = server->port,
        .lookups = lookups,
        .ednspsz = 1232,
        .nservers = 1,
        .servers = &placeholder,
    };
    int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_UDP_PORT |
                ARES_OPT_TCP_PORT | ARES_OPT_LOOKUPS | ARES_OPT_EDNSPSZ | ARES_OPT_SERVERS | ARES_OPT_DOMAINS |
                ARES_OPT_SORTLIST;
#ifdef ARES_OPT_QUERY_CACHE /* since 1.23, where it is on by default; we have our own cache */
    given |= ARES_OPT_QUERY_CACHE;
#endif
    int made = ares_init_options(&question->channel, &options, given);
    tame_forget_random();
    if (made != ARES_SUCCESS) {
        question->channel = NULL;
        return false;
    }
    struct ares_addr_port_node node = {
        .family = server->address.family, .udp_port = server->port, .tcp_port = server->port};
    memcpy(&node.addr, server->address.octets, address_size(server->address.family));
    if (ares_set_servers_ports(question->channel, &node) != ARES_SUCCESS) {
        ares_destroy(question->channel);
        question->channel = NULL;
        return false;
    }
    ares_set_socket_functions(question->channel, &socket_functions, question);
    return true;
}

/* Errors that c-ares does not report, or would report too late. */
static void fail_after_an_error(struct dns_query *query) {
    bool without_way = false;
    for (size_t i = 0; i < RECORD_TYPE_COUNT; i++) {
        struct question *question = &query->questions[i];
        if (question->reply.state == DNS_WAITING && question->without_memory)
            fail_without_message(question, ARES_ENOMEM);
        without_way |= question->reply.state == DNS_FAILED && question->reply.failure == DNS_UNREACHABLE;
    }
    /* If two packets cannot get there, the network may report only one of them. */
    for (size_t i = 0; i < RECORD_TYPE_COUNT && without_way; i++)
        if (query->questions[i].reply.state == DNS_WAITING)
            fail_as_unreachable(&query->questions[i]);
}

static bool ask_question(struct question *question) {
    if (!open_channel(question))
        return false;
    question->reply.state = DNS_WAITING;
    ares_query(question->channel, question->query->name, ns_c_in, type_of(question), take_reply, question);
    question->without_memory |= tame_missed_memory();
    return true;
}

/* Ask from another port and with another ID, because the reply that did not keep the case may be forged. */
static void ask_again(struct question *question) {
    question->reply.state = DNS_NOT_ASKED; /* because c-ares calls back when a channel ends */
    ares_destroy(question->channel);
    question->channel = NULL;
    question->asked = (struct asked){0};
    question->in_one_case |= question->case_lost;
    question->with_its_cookie |= question->cookie_lost;
    question->case_lost = question->cookie_lost = false;
    if (!ask_question(question))
        fail_without_message(question, ARES_ENOMEM);
}

static struct dns_query *new_query(void) {
    struct dns_query *query = calloc(1, sizeof(*query));
    for (size_t i = 0; i < RECORD_TYPE_COUNT && query != NULL; i++)
        query->questions[i] =
            (struct question){.query = query, .family = families[i], .sockets = {DESCRIPTOR_NONE, DESCRIPTOR_NONE}};
    return query;
}

struct dns_query *dns_ask_over(enum dns_transport transport, const struct server_address *server, const char *name,
                               enum record_types types, uint32_t timeout_ms) {
    struct dns_query *query = new_query();
    if (query == NULL)
        return NULL;
    query->server = *server;
    query->transport = transport;
    query->timeout_ms = timeout_ms;
    strncpy(query->name, name, NAME_LENGTH_MAX);
    for (size_t i = 0; i < RECORD_TYPE_COUNT; i++) {
        if ((types & (families[i] == AF_INET ? RECORD_A : RECORD_AAAA)) && !ask_question(&query->questions[i])) {
            dns_end(query);
            return NULL;
        }
    }
    fail_after_an_error(query);
    return query;
}

struct dns_query *dns_ask(const struct server_address *server, const char *name, enum record_types types,
                          uint32_t timeout_ms) {
    return dns_ask_over(DNS_OVER_UDP, server, name, types, timeout_ms);
}

/* The descriptor by which the question's reply comes; false: it waits for none. */
static bool descriptor_to_wait_for(const struct question *question, struct pollfd *descriptor) {
    ares_socket_t sockets[SOCKETS];
    if (question->channel == NULL || question->without_memory)
        return false;
    int bits = ares_getsock(question->channel, sockets, SOCKETS);
    *descriptor = (struct pollfd){.fd = -1};
    for (int i = 0; i < SOCKETS; i++) {
        short events =
            (short)((ARES_GETSOCK_READABLE(bits, i) ? POLLIN : 0) | (ARES_GETSOCK_WRITABLE(bits, i) ? POLLOUT : 0));
        if (events != 0 && !(question->over_tcp && sockets[i] == question->sockets[DATAGRAMS].number))
            *descriptor = (struct pollfd){.fd = sockets[i], .events = events};
    }
    return descriptor->fd >= 0;
}

size_t dns_descriptors(const struct dns_query *query, struct pollfd *descriptors, size_t room) {
    size_t count = 0;
    for (size_t i = 0; i < RECORD_TYPE_COUNT && count < room; i++)
        count += descriptor_to_wait_for(&query->questions[i], &descriptors[count]);
    return count;
}

static void process(struct question *question, ares_socket_t readable, ares_socket_t writable) {
    if (question->channel == NULL || question->without_memory)
        return;
    ares_process_fd(question->channel, readable, writable);
    question->without_memory |= tame_missed_memory();
}

/*
 * Older versions read the length and the message one at a time, and the socket itself may have nothing more to read
 * then.
 */
static void process_readable(struct question *question, int number) {
    size_t given;
    do {
        given = question->stream.given;
        process(question, number, ARES_SOCKET_BAD);
    } while (question->stream.shown > 0 && question->stream.given != given);
}

static bool has_socket(const struct question *question, int number) {
    return question->sockets[DATAGRAMS].number == number || question->sockets[STREAM].number == number;
}

static void process_question(struct question *question, const struct pollfd *descriptors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!has_socket(question, descriptors[i].fd))
            continue;
        if (descriptors[i].revents & POLLOUT)
            process(question, ARES_SOCKET_BAD, descriptors[i].fd);
        if (descriptors[i].revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL))
            process_readable(question, descriptors[i].fd);
    }
    process(question, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    if ((question->case_lost || question->cookie_lost) && question->reply.state == DNS_WAITING)
        ask_again(question);
}

void dns_process(struct dns_query *query, const struct pollfd *descriptors, size_t count) {
    for (size_t i = 0; i < RECORD_TYPE_COUNT; i++)
        process_question(&query->questions[i], descriptors, count);
    fail_after_an_error(query);
}

const struct dns_reply *dns_reply(const struct dns_query *query, size_t type) {
    return &query->questions[type].reply;
}

bool dns_was_heard(const struct dns_query *query) {
    return query->in_time;
}

bool dns_lost_socket(const struct dns_query *query) {
    bool lost = false;
    for (size_t i = 0; i < RECORD_TYPE_COUNT; i++)
        lost |= query->questions[i].socket_taken;
    return lost;
}

struct answer *dns_take(struct dns_query *query, size_t type) {
    struct answer *answer = query->questions[type].reply.answer;
    query->questions[type].reply.answer = NULL;
    return answer;
}

void dns_end(struct dns_query *query) {
    if (query == NULL)
        return;
    for (size_t i = 0; i < RECORD_TYPE_COUNT; i++) {
        struct question *question = &query->questions[i];
        if (question->channel != NULL)
            ares_destroy(question->channel);
        free(question->stream.octets);
        free(question->read.answer);
        free(question->reply.answer);
    }
    free(query);
}
