#include "originbypass/command/doctor/doctor_plain.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/guest/clock.h"

/* RFC 1035, 4.1.1 and 4.1.2 */
enum { HEADER = 12, LABEL_MAX = 63, QUESTION_TAIL = 4, REPLY_BIT = 0x80, TRUNCATED_BIT = 0x02 };

/* An empty OPT record (RFC 6891, 6.1.2), for replies of up to 1232 octets. */
static const uint8_t OPT[] = {0, 0, 41, 1232 >> 8, 1232 & 0xff, 0, 0, 0, 0, 0, 0};
enum { ADDITIONAL_COUNT = 11, QUERY_MAX = HEADER + 255 + QUESTION_TAIL + sizeof(OPT) };

/* The name in labels; returns its size, or 0 if it is none. */
static size_t write_labels(uint8_t *to, size_t room, const char *name) {
    size_t used = 0;
    while (name[0] != '\0') {
        size_t length = strcspn(name, ".");
        if (length == 0 || length > LABEL_MAX || used + length + 2 > room)
            return 0;
        to[used++] = (uint8_t)length;
        memcpy(to + used, name, length);
        used += length;
        name += length + (name[length] == '.');
    }
    to[used++] = 0;
    return used;
}

/* Recursion is desired, there is one question: type A, class IN. */
static size_t write_query(uint8_t *query, uint16_t id, const char *name) {
    const uint8_t header[HEADER] = {(uint8_t)(id >> 8), (uint8_t)id, 1, 0, 0, 1};
    const uint8_t tail[QUESTION_TAIL] = {0, 1, 0, 1};
    memcpy(query, header, HEADER);
    size_t length = write_labels(query + HEADER, QUERY_MAX - HEADER - QUESTION_TAIL - sizeof(OPT), name);
    if (length == 0)
        return 0;
    memcpy(query + HEADER + length, tail, QUESTION_TAIL);
    return HEADER + length + QUESTION_TAIL;
}

static uint16_t some_id(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint16_t)(now.tv_nsec >> 4);
}

static struct doctor_plain send_query(const struct server_address *server, const char *name, bool edns) {
    union doctor_socket_address to;
    uint8_t query[QUERY_MAX];
    struct doctor_plain question = {.id = some_id()};
    size_t size = write_query(query, question.id, name);
    if (size > 0 && edns) {
        query[ADDITIONAL_COUNT] = 1;
        memcpy(query + size, OPT, sizeof(OPT));
        size += sizeof(OPT);
    }
    socklen_t to_size = doctor_socket_address(&server->address, server->port, &to);
    question.descriptor = socket(server->address.family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (size == 0 || question.descriptor < 0 || connect(question.descriptor, &to.any, to_size) != 0 ||
        send(question.descriptor, query, size, MSG_NOSIGNAL) < 0)
        question.error = size == 0 ? EINVAL : errno;
    return question;
}

static void close_question(struct doctor_plain *question) {
    if (question->descriptor >= 0)
        close(question->descriptor);
    question->descriptor = -1;
}

struct doctor_plain doctor_plain_begin(const struct server_address *server, const char *name, uint32_t timeout_ms) {
    struct doctor_plain question = send_query(server, name, false);
    question.until_ms = clock_now_ms() + timeout_ms;
    return question;
}

bool doctor_plain_forbids_edns(const struct server_address *server, const char *name) {
    struct doctor_plain question = send_query(server, name, true);
    close_question(&question);
    return question.error == EPERM;
}

/* What has arrived says; PLAIN_NOT_ASKED: it is no reply to the question. */
static enum doctor_plain_result read_plain_reply(const struct doctor_plain *question) {
    uint8_t reply[HEADER];
    ssize_t size = recv(question->descriptor, reply, sizeof(reply), MSG_TRUNC);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? PLAIN_NOT_ASKED : PLAIN_SILENT;
    if (size < HEADER || reply[0] != question->id >> 8 || reply[1] != (question->id & 0xff) ||
        (reply[2] & REPLY_BIT) == 0)
        return PLAIN_NOT_ASKED;
    return (reply[2] & TRUNCATED_BIT) != 0 ? PLAIN_TRUNCATED : PLAIN_HEARD;
}

/* What has arrived before is looked at even if there is no time left. */
static enum doctor_plain_result wait_for_reply(const struct doctor_plain *question) {
    struct pollfd readable = {.fd = question->descriptor, .events = POLLIN};
    enum doctor_plain_result result = PLAIN_NOT_ASKED;
    while (result == PLAIN_NOT_ASKED) {
        uint64_t now_ms = clock_now_ms(), left_ms = question->until_ms > now_ms ? question->until_ms - now_ms : 0;
        if (poll(&readable, 1, (int)left_ms) > 0)
            result = read_plain_reply(question);
        else if (left_ms == 0)
            result = PLAIN_SILENT;
    }
    return result;
}

enum doctor_plain_result doctor_plain_end(struct doctor_plain *question) {
    enum doctor_plain_result result = question->error == EPERM ? PLAIN_FORBIDDEN
                                      : question->error != 0   ? PLAIN_SILENT
                                                               : wait_for_reply(question);
    close_question(question);
    return result;
}
