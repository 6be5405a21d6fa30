#include "originbypass/dns.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "originbypass/descriptor.h"
#include "originbypass/message.h"
#include "originbypass/tame.h"

static const sa_family_t families[RECORD_TYPE_COUNT] = {AF_INET, AF_INET6};

enum { ID_SIZE = 2, LENGTH_SIZE = 2 };

struct question {
    struct dns_query *query;
    sa_family_t family;
    uint8_t id[ID_SIZE];
    bool over_tcp;         /* since its reply over UDP was truncated */
    struct dns_reply read; /* what the last message for it says, until c-ares has found it to be the reply */
    struct dns_reply reply;
};

/* A message that comes over TCP: its length (RFC 1035, section 4.2.2) and its octets, then what c-ares is shown of it.
 */
struct stream {
    uint8_t *octets;
    size_t count;        /* how many have come */
    size_t shown, given; /* how many c-ares may have, and has; shown is 0 while the message is not complete */
};

/*
 * c-ares has the conversation: IDs, ports, EDNS, TCP after a truncated reply. What a reply says is read here, from the
 * octets that came, and c-ares is shown nothing but the header and the question (message_show_question()). So it makes
 * no difference what its versions take for malformed, or how they name a response code.
 *
 * A channel has one server here, and so at most one UDP and one TCP socket.
 */
struct dns_query {
    ares_channel channel;
    bool in_time;              /* a packet came: what fails from now on fails for another reason than silence */
    bool without_socket;       /* there was none to be had */
    bool socket_taken;         /* the program has closed it, or put another file at its number */
    bool without_memory;       /* c-ares had none: the channel waits for nothing but its end */
    bool without_way;          /* the network has said of a packet that it can not get there */
    struct question *sent_now; /* the one that c-ares sends for the first time */
    struct descriptor sockets[DNS_DESCRIPTORS_MAX];
    struct stream stream;
    struct question questions[RECORD_TYPE_COUNT];
};

/* ---- c-ares' sockets: close-on-exec from the start, never one of 0 to 2, and never the program's ---- */

static struct descriptor *descriptor_of(struct dns_query *query, int number) {
    for (size_t i = 0; i < DNS_DESCRIPTORS_MAX; i++) {
        if (query->sockets[i].number != number)
            continue;
        if (descriptor_is_ours(&query->sockets[i]))
            return &query->sockets[i];
        query->socket_taken = true;
    }
    errno = EBADF;
    return NULL;
}

/* A program that closed its standard streams goes on writing to their numbers. */
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
    struct dns_query *query = context;
    if (type == SOCK_STREAM)
        query->stream.count = query->stream.shown = 0;
    for (size_t i = 0; i < DNS_DESCRIPTORS_MAX; i++) {
        if (query->sockets[i].number >= 0)
            continue;
        int number = above_standard_streams(socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
        query->without_socket |= number < 0 && is_for_want(errno);
        return descriptor_take(&query->sockets[i], number) ? number : -1;
    }
    errno = EMFILE;
    return -1;
}

static int close_socket(ares_socket_t number, void *context) {
    struct dns_query *query = context;
    for (size_t i = 0; i < DNS_DESCRIPTORS_MAX; i++)
        if (query->sockets[i].number == number)
            descriptor_close(&query->sockets[i]);
    return 0;
}

static int connect_socket(ares_socket_t number, const struct sockaddr *address, ares_socklen_t size, void *context) {
    return descriptor_of(context, number) == NULL ? -1 : connect(number, address, size);
}

/* ---- messages: read here, shown to c-ares ---- */

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

static struct question *question_of_type(struct dns_query *query, uint16_t type) {
    for (size_t i = 0; i < RECORD_TYPE_COUNT; i++) {
        struct question *question = &query->questions[i];
        if (question->reply.state == DNS_WAITING && type == (question->family == AF_INET ? ns_t_a : ns_t_aaaa))
            return question;
    }
    return NULL;
}

/* A failure without the question is told by the ID. c-ares would drop it, and wait on. */
static void take_bare_failure(struct dns_query *query, const uint8_t *message, size_t size) {
    for (size_t i = 0; i < RECORD_TYPE_COUNT; i++) {
        struct question *question = &query->questions[i];
        if (question->reply.state != DNS_WAITING || memcmp(question->id, message, ID_SIZE) != 0)
            continue;
        question->reply = read_reply(question, message, size);
        query->in_time = true;
    }
}

/*
 * Reads a message, and leaves of it what c-ares is shown. Returns the size of that; 0: nothing of it is for c-ares.
 * Whether it is the reply (ID and question) is for c-ares to say, which then calls take_reply().
 */
static size_t take_message(struct dns_query *query, uint8_t *message, size_t size, bool is_datagram) {
    if (message_is_bare_failure(message, size)) {
        take_bare_failure(query, message, size);
        return 0;
    }
    uint16_t type;
    size_t shown = message_question(message, size, &type);
    struct question *question = shown == 0 ? NULL : question_of_type(query, type);
    /*
     * What still comes over UDP then is no reply. A FORMERR would make c-ares 1.18 write the question without EDNS into
     * new memory, while the old one waits to be sent over TCP.
     */
    if (question == NULL || (is_datagram && question->over_tcp))
        return 0;
    bool truncated = message_is_truncated(message, size) && memcmp(question->id, message, ID_SIZE) == 0;
    question->over_tcp |= truncated;
    /* c-ares tells nobody of a truncated reply, which shows that the server is there, though TCP may not reach it. */
    query->in_time |= truncated;
    free(question->read.answer);
    question->read = read_reply(question, message, size);
    message_show_question(message);
    return shown;
}

static ares_ssize_t nothing_now(void) {
    errno = EAGAIN;
    return -1;
}

/* Takes from the socket what belongs to this message. Returns how much has come now, or as recv(2). */
static ssize_t receive_more(struct stream *stream, int number, size_t wanted) {
    uint8_t *octets = realloc(stream->octets, wanted);
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

/* As recv(2): 1, where a message is complete. */
static ssize_t receive_message(struct dns_query *query, int number) {
    struct stream *stream = &query->stream;
    while (stream->count < wanted_of(stream)) {
        ssize_t received = receive_more(stream, number, wanted_of(stream));
        if (received <= 0)
            return received;
    }
    size_t shown = take_message(query, stream->octets + LENGTH_SIZE, stream->count - LENGTH_SIZE, false);
    stream->count = 0;
    if (shown == 0)
        return nothing_now();
    stream->octets[0] = (uint8_t)(shown >> 8);
    stream->octets[1] = (uint8_t)shown;
    stream->shown = LENGTH_SIZE + shown;
    stream->given = 0;
    return 1;
}

static ares_ssize_t receive_from_stream(struct dns_query *query, int number, void *data, size_t size) {
    struct stream *stream = &query->stream;
    if (stream->shown == 0) {
        ssize_t received = receive_message(query, number);
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
    size_t shown = take_message(context, data, (size_t)received, true);
    return shown == 0 ? nothing_now() : (ares_ssize_t)shown;
}

/* By send(2), which every resolver uses: a filter of system calls that lets libc's through lets it through. */
static ssize_t send_parts(int number, const struct iovec *parts, int count) {
    ssize_t all = 0;
    for (int i = 0; i < count; i++) {
        ssize_t sent = send(number, parts[i].iov_base, parts[i].iov_len, MSG_NOSIGNAL);
        if (sent < 0)
            return all > 0 ? all : -1;
        all += sent;
        if ((size_t)sent < parts[i].iov_len)
            break;
    }
    return all;
}

static ares_ssize_t transmit(ares_socket_t number, const struct iovec *parts, int count, void *context) {
    struct dns_query *query = context;
    if (descriptor_of(query, number) == NULL)
        return -1;
    if (query->sent_now != NULL && parts[0].iov_len >= ID_SIZE)
        memcpy(query->sent_now->id, parts[0].iov_base, ID_SIZE);
    ssize_t sent = send_parts(number, parts, count);
    /*
     * The second question's send(2) may be told of the first one's ICMP error. c-ares then takes that for
     * the second's alone, and would wait for the first until it times out.
     */
    if (sent < 0 && errno != EAGAIN)
        query->without_way = true;
    return sent;
}

static const struct ares_socket_functions socket_functions = {open_socket, close_socket, connect_socket, receive,
                                                              transmit};

/* ---- questions and answers ---- */

static void fail_for_want_of_a_way(const struct dns_query *query, struct dns_reply *reply) {
    if (query->without_socket)
        fail(reply, DNS_OUR_FAULT, "not asked: no descriptor or no memory for a socket");
    else if (query->socket_taken)
        fail(reply, DNS_OUR_FAULT, "the program has closed our socket");
    else
        fail(reply, query->in_time ? DNS_REFUSING : DNS_UNREACHABLE, "not reachable: refused, or no route");
}

static void fail_without_message(const struct dns_query *query, struct dns_reply *reply, int status) {
    switch (status) {
    case ARES_ETIMEOUT:
        fail(reply, query->in_time ? DNS_REFUSING : DNS_SILENT, "no answer in time");
        return;
    case ARES_ECONNREFUSED:
        fail_for_want_of_a_way(query, reply);
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

/* A message here is the one that take_message() has just read, as far as c-ares was shown it. */
// cppcheck-suppress constParameter ; the type is ares_callback
static void take_reply(void *context, int status, int timeouts, unsigned char *message, int size) {
    struct question *question = context;
    (void)timeouts;
    (void)size;
    if (question->reply.state != DNS_WAITING)
        return;
    if (message == NULL) {
        fail_without_message(question->query, &question->reply, status);
        return;
    }
    question->query->in_time = true;
    question->reply = question->read;
    question->read.answer = NULL;
}

/*
 * With all of these given, c-ares reads no file: a server is among them at this point already, because without one it
 * would read /etc/resolv.conf. Its structure has room for IPv4 servers alone; others follow.
 */
static bool open_channel(struct dns_query *query, enum dns_transport transport, const struct server_address *server,
                         uint32_t timeout_ms) {
    static char lookups[] = "b";
    static struct in_addr placeholder;
    tame_missed_memory(); /* of another channel */
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS |
                 (transport == DNS_OVER_TCP ? ARES_FLAG_USEVC : 0),
        .timeout = (int)timeout_ms,
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
#ifdef ARES_OPT_QUERY_CACHE /* since 1.23; it is on by default there, and ours is the cache */
    given |= ARES_OPT_QUERY_CACHE;
#endif
    int made = ares_init_options(&query->channel, &options, given);
    tame_forget_random();
    if (made != ARES_SUCCESS)
        return false;
    struct ares_addr_port_node node = {
        .family = server->address.family, .udp_port = server->port, .tcp_port = server->port};
    memcpy(&node.addr, server->address.octets, address_size(server->address.family));
    if (ares_set_servers_ports(query->channel, &node) != ARES_SUCCESS) {
        ares_destroy(query->channel);
        return false;
    }
    ares_set_socket_functions(query->channel, &socket_functions, query);
    return true;
}

/* What c-ares tells nobody, or would tell too late. */
static void fail_all_after_an_error(struct dns_query *query) {
    for (size_t i = 0; i < RECORD_TYPE_COUNT; i++) {
        struct dns_reply *reply = &query->questions[i].reply;
        if (reply->state == DNS_WAITING && query->without_memory)
            fail_without_message(query, reply, ARES_ENOMEM);
        else if (reply->state == DNS_WAITING && query->without_way)
            fail_for_want_of_a_way(query, reply);
    }
}

static void send_question(struct dns_query *query, struct question *question, const char *name) {
    query->sent_now = question;
    ares_query(query->channel, name, ns_c_in, question->family == AF_INET ? ns_t_a : ns_t_aaaa, take_reply, question);
    query->sent_now = NULL;
    query->without_memory |= tame_missed_memory();
}

struct dns_query *dns_ask_over(enum dns_transport transport, const struct server_address *server, const char *name,
                               enum record_types types, uint32_t timeout_ms) {
    struct dns_query *query = calloc(1, sizeof(*query));
    if (query == NULL)
        return NULL;
    for (size_t i = 0; i < DNS_DESCRIPTORS_MAX; i++)
        query->sockets[i] = DESCRIPTOR_NONE;
    if (!open_channel(query, transport, server, timeout_ms)) {
        free(query);
        return NULL;
    }
    for (size_t i = 0; i < RECORD_TYPE_COUNT; i++) {
        struct question *question = &query->questions[i];
        *question = (struct question){.query = query, .family = families[i]};
        if (!(types & (families[i] == AF_INET ? RECORD_A : RECORD_AAAA)))
            continue;
        question->reply.state = DNS_WAITING;
        if (!query->without_memory)
            send_question(query, question, name);
    }
    fail_all_after_an_error(query);
    return query;
}

struct dns_query *dns_ask(const struct server_address *server, const char *name, enum record_types types,
                          uint32_t timeout_ms) {
    return dns_ask_over(DNS_OVER_UDP, server, name, types, timeout_ms);
}

size_t dns_descriptors(const struct dns_query *query, struct pollfd *descriptors, size_t room) {
    ares_socket_t sockets[DNS_DESCRIPTORS_MAX];
    int bits = query->without_memory ? 0 : ares_getsock(query->channel, sockets, DNS_DESCRIPTORS_MAX);
    size_t count = 0;
    for (int i = 0; i < DNS_DESCRIPTORS_MAX && count < room; i++) {
        short events = 0;
        if (ARES_GETSOCK_READABLE(bits, i))
            events |= POLLIN;
        if (ARES_GETSOCK_WRITABLE(bits, i))
            events |= POLLOUT;
        if (events != 0)
            descriptors[count++] = (struct pollfd){.fd = sockets[i], .events = events};
    }
    return count;
}

static void process(struct dns_query *query, ares_socket_t readable, ares_socket_t writable) {
    if (query->without_memory)
        return;
    ares_process_fd(query->channel, readable, writable);
    query->without_memory |= tame_missed_memory();
}

/* Older versions read the length and the message one at a time: the socket itself may have no more to say then. */
static void process_readable(struct dns_query *query, int number) {
    size_t given;
    do {
        given = query->stream.given;
        process(query, number, ARES_SOCKET_BAD);
    } while (query->stream.shown > 0 && query->stream.given != given);
}

void dns_process(struct dns_query *query, const struct pollfd *descriptors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (descriptors[i].revents & POLLOUT)
            process(query, ARES_SOCKET_BAD, descriptors[i].fd);
        if (descriptors[i].revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL))
            process_readable(query, descriptors[i].fd);
    }
    process(query, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    fail_all_after_an_error(query);
}

const struct dns_reply *dns_reply(const struct dns_query *query, size_t type) {
    return &query->questions[type].reply;
}

bool dns_was_heard(const struct dns_query *query) {
    return query->in_time;
}

bool dns_lost_socket(const struct dns_query *query) {
    return query->socket_taken;
}

struct answer *dns_take(struct dns_query *query, size_t type) {
    struct answer *answer = query->questions[type].reply.answer;
    query->questions[type].reply.answer = NULL;
    return answer;
}

void dns_end(struct dns_query *query) {
    if (query == NULL)
        return;
    ares_destroy(query->channel);
    for (size_t i = 0; i < RECORD_TYPE_COUNT; i++) {
        free(query->questions[i].read.answer);
        free(query->questions[i].reply.answer);
    }
    free(query->stream.octets);
    free(query);
}
