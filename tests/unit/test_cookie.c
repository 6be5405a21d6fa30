/* DNS cookies: what is sent to a server, and what follows from its replies. */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "originbypass/upstream/cookie.h"
#include "originbypass/upstream/message.h"

enum { SERVER_SIZE = 12, BOTH_SIZE = COOKIE_CLIENT_SIZE + SERVER_SIZE };
static const uint8_t server_cookie[SERVER_SIZE] = "of a server";

static struct server_address new_server(void) {
    static uint16_t last_port = 1000;
    struct server_address server = {.port = ++last_port};
    if (!address_parse("127.0.0.1", &server.address))
        fail_msg("not parsed");
    return server;
}

/* The cookie for a question that is sent from this address. */
static struct cookie cookie_from(const struct server_address *server, const char *address) {
    struct sockaddr_in own = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(server->port)};
    to.sin_addr = server->address.ipv4;
    int number = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(inet_pton(AF_INET, address, &own.sin_addr), 1);
    assert_return_code(bind(number, (const struct sockaddr *)&own, sizeof(own)), 0);
    assert_return_code(connect(number, (const struct sockaddr *)&to, sizeof(to)), 0);
    struct cookie cookie = cookie_for(server, number);
    close(number);
    return cookie;
}

static struct cookie next_cookie(const struct server_address *server) {
    return cookie_from(server, "127.0.0.1");
}

/* A reply with a question for the root, and this cookie if its size is not 0. */
struct reply {
    uint8_t octets[HFIXEDSZ + 1 + QFIXEDSZ + 1 + RRFIXEDSZ + MESSAGE_OPTION_HEAD + 64];
    size_t size;
};

static struct reply reply_with(unsigned rcode, const uint8_t *cookie, size_t cookie_size) {
    static const uint8_t head[] = {0, 0, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1};
    const uint8_t opt[] = {0, 0, ns_t_opt, 4, 208, (uint8_t)(rcode >> 4), 0, 0, 0, 0, 0};
    struct reply reply = {.size = sizeof(head) + sizeof(opt)};
    memcpy(reply.octets, head, sizeof(head));
    memcpy(reply.octets + sizeof(head), opt, sizeof(opt));
    reply.octets[3] = rcode & 15;
    reply.size = message_add_cookie(reply.octets, reply.size, cookie, cookie_size);
    return reply;
}

static enum cookie_verdict judge(const struct server_address *server, const struct cookie *sent,
                                 const struct reply *reply) {
    return cookie_judge(server, sent, reply->octets, reply->size, true);
}

static enum cookie_verdict judge_over_tcp(const struct server_address *server, const struct cookie *sent,
                                          const struct reply *reply) {
    return cookie_judge(server, sent, reply->octets, reply->size, false);
}

/* Our cookie, followed by the server's. */
static struct reply good_reply(const struct cookie *sent) {
    uint8_t both[BOTH_SIZE];
    memcpy(both, sent->octets, COOKIE_CLIENT_SIZE);
    memcpy(both + COOKIE_CLIENT_SIZE, server_cookie, SERVER_SIZE);
    return reply_with(ns_r_noerror, both, sizeof(both));
}

static struct server_address server_with_cookies(struct cookie *cookie) {
    struct server_address server = new_server();
    struct cookie first = next_cookie(&server);
    struct reply reply = good_reply(&first);
    assert_int_equal(judge(&server, &first, &reply), COOKIE_BELIEVE);
    *cookie = next_cookie(&server);
    return server;
}

static void assert_ours_are_equal(const struct cookie *a, const struct cookie *b) {
    assert_memory_equal(a->octets, b->octets, COOKIE_CLIENT_SIZE);
}

static void assert_ours_differ(const struct cookie *a, const struct cookie *b) {
    assert_memory_not_equal(a->octets, b->octets, COOKIE_CLIENT_SIZE);
}

/* ---- what is sent ---- */

static void each_server_gets_a_cookie_of_its_own(void **state) {
    (void)state;
    struct server_address one = new_server(), other = new_server();
    struct cookie first = next_cookie(&one), to_other = next_cookie(&other), second = next_cookie(&one);
    assert_int_equal(first.size, COOKIE_CLIENT_SIZE);
    assert_int_equal(second.size, COOKIE_CLIENT_SIZE);
    assert_ours_are_equal(&first, &second);
    assert_ours_differ(&first, &to_other);
}

static void a_servers_cookie_goes_back_behind_ours(void **state) {
    (void)state;
    struct cookie cookie;
    server_with_cookies(&cookie);
    assert_int_equal(cookie.size, BOTH_SIZE);
    assert_memory_equal(cookie.octets + COOKIE_CLIENT_SIZE, server_cookie, SERVER_SIZE);
}

static void another_address_of_ours_begins_with_another_cookie(void **state) {
    (void)state;
    struct cookie here;
    struct server_address server = server_with_cookies(&here);
    struct cookie there = cookie_from(&server, "127.0.0.2");
    assert_int_equal(there.size, COOKIE_CLIENT_SIZE);
    assert_ours_differ(&here, &there);
}

/* The reply belongs to a question that was sent earlier. */
static void a_reply_to_an_older_cookie_brings_no_new_one(void **state) {
    (void)state;
    struct cookie here;
    struct server_address server = server_with_cookies(&here);
    struct cookie there = cookie_from(&server, "127.0.0.2");
    struct reply late = good_reply(&here);
    assert_int_equal(judge(&server, &here, &late), COOKIE_BELIEVE);
    struct cookie again = cookie_from(&server, "127.0.0.2");
    assert_int_equal(again.size, COOKIE_CLIENT_SIZE);
    assert_ours_are_equal(&there, &again);
}

static void no_cookie_is_sent_from_no_address(void **state) {
    (void)state;
    struct server_address server = new_server();
    assert_int_equal(cookie_for(&server, -1).size, 0);
}

static bool forbid_random_octets(void) {
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = sizeof(rules) / sizeof(rules[0]), .filter = rules};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void no_cookie_is_sent_without_random_octets(void **state) {
    (void)state;
    struct server_address server = new_server();
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(forbid_random_octets() ? (int)next_cookie(&server).size : 77);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_copy_of_the_process_begins_with_other_cookies(void **state) {
    (void)state;
    struct cookie parents;
    struct server_address server = server_with_cookies(&parents);
    cookies_adopt();
    struct cookie childs = next_cookie(&server);
    assert_int_equal(childs.size, COOKIE_CLIENT_SIZE);
    assert_ours_differ(&parents, &childs);
}

static void servers_beyond_the_table_get_none(void **state) {
    (void)state;
    struct server_address first = new_server();
    assert_int_equal(next_cookie(&first).size, COOKIE_CLIENT_SIZE);
    struct cookie cookie;
    size_t count = 0;
    do {
        struct server_address server = new_server();
        cookie = next_cookie(&server);
        struct reply reply = reply_with(ns_r_noerror, NULL, 0);
        assert_int_equal(judge(&server, &cookie, &reply), COOKIE_BELIEVE);
    } while (cookie.size != 0 && ++count < 1000);
    assert_in_range(count, 1, 999);
    assert_int_equal(next_cookie(&first).size, COOKIE_CLIENT_SIZE);
}

/* ---- what comes back ---- */

static void a_server_may_have_no_cookies(void **state) {
    (void)state;
    struct server_address server = new_server();
    struct cookie cookie = next_cookie(&server);
    struct reply reply = reply_with(ns_r_noerror, NULL, 0);
    assert_int_equal(judge(&server, &cookie, &reply), COOKIE_BELIEVE);
    assert_int_equal(next_cookie(&server).size, COOKIE_CLIENT_SIZE);
}

static void a_question_without_cookie_takes_every_reply(void **state) {
    (void)state;
    const struct cookie none = {.size = 0};
    struct server_address server = new_server();
    struct reply reply = reply_with(ns_r_noerror, server_cookie, SERVER_SIZE);
    assert_int_equal(judge(&server, &none, &reply), COOKIE_BELIEVE);
}

static void a_known_server_is_not_believed_without_a_cookie(void **state) {
    (void)state;
    struct cookie cookie;
    struct server_address server = server_with_cookies(&cookie);
    struct reply reply = reply_with(ns_r_noerror, NULL, 0);
    assert_int_equal(judge(&server, &cookie, &reply), COOKIE_ASK_OVER_TCP);
    assert_int_equal(next_cookie(&server).size, 0);
    assert_int_equal(cookie_from(&server, "127.0.0.2").size,
                     COOKIE_CLIENT_SIZE); /* another network may lead to another server */
}

static void another_cookie_than_ours_is_not_believed(void **state) {
    (void)state;
    struct server_address server = new_server();
    struct cookie cookie = next_cookie(&server), other = cookie;
    other.octets[COOKIE_CLIENT_SIZE - 1] ^= 1;
    struct reply reply = good_reply(&other);
    assert_int_equal(judge(&server, &cookie, &reply), COOKIE_ASK_OVER_TCP);
    assert_int_equal(next_cookie(&server).size, 0);
}

/* RFC 7873, section 4: the length is 8, or 16 to 40. */
static void a_cookie_of_another_length_is_not_believed(void **state) {
    (void)state;
    for (size_t size = 1; size <= COOKIE_SIZE_MAX + 2; size++) {
        uint8_t octets[COOKIE_SIZE_MAX + 2] = {0};
        cookies_adopt();
        struct server_address server = new_server();
        struct cookie cookie = next_cookie(&server);
        memcpy(octets, cookie.octets, COOKIE_CLIENT_SIZE);
        struct reply reply = reply_with(ns_r_noerror, octets, size);
        bool is_good = size == 8 || (size >= 16 && size <= 40);
        assert_int_equal(judge(&server, &cookie, &reply), is_good ? COOKIE_BELIEVE : COOKIE_ASK_OVER_TCP);
        assert_int_equal(next_cookie(&server).size, is_good ? size : 0);
    }
}

static void a_cookie_over_tcp_is_a_reason_to_send_one_again(void **state) {
    (void)state;
    struct cookie cookie;
    struct server_address server = server_with_cookies(&cookie);
    struct reply without = reply_with(ns_r_noerror, NULL, 0), with = good_reply(&cookie);
    assert_int_equal(judge(&server, &cookie, &without), COOKIE_ASK_OVER_TCP);
    assert_int_equal(judge(&server, &cookie, &with), COOKIE_BELIEVE); /* a cached answer proves nothing further */
    assert_int_equal(next_cookie(&server).size, 0);
    assert_int_equal(judge_over_tcp(&server, &cookie, &without), COOKIE_BELIEVE);
    assert_int_equal(next_cookie(&server).size, 0);
    assert_int_equal(judge_over_tcp(&server, &cookie, &with), COOKIE_BELIEVE);
    assert_int_equal(next_cookie(&server).size, BOTH_SIZE);
}

static void a_refusal_brings_the_cookie_that_it_wants(void **state) {
    (void)state;
    struct server_address server = new_server();
    struct cookie cookie = next_cookie(&server);
    struct reply reply = good_reply(&cookie);
    reply.octets[3] |= MESSAGE_BADCOOKIE & 15;
    reply.octets[HFIXEDSZ + 1 + QFIXEDSZ + 5] = MESSAGE_BADCOOKIE >> 4;
    assert_int_equal(judge(&server, &cookie, &reply), COOKIE_ASK_AGAIN);
    assert_int_equal(next_cookie(&server).size, BOTH_SIZE);
    assert_int_equal(judge_over_tcp(&server, &cookie, &reply), COOKIE_BELIEVE);
}

static void a_refusal_without_a_cookie_is_not_believed(void **state) {
    (void)state;
    struct server_address server = new_server();
    struct cookie cookie = next_cookie(&server);
    struct reply reply = reply_with(MESSAGE_BADCOOKIE, NULL, 0);
    assert_int_equal(judge(&server, &cookie, &reply), COOKIE_ASK_OVER_TCP);
}

static void a_server_that_takes_no_option_gets_none(void **state) {
    (void)state;
    const unsigned codes[] = {ns_r_formerr, ns_r_badvers};
    cookies_adopt();
    for (size_t i = 0; i < 2; i++) {
        struct server_address server = new_server();
        struct cookie cookie = next_cookie(&server);
        struct reply reply = reply_with(codes[i], cookie.octets, i == 0 ? COOKIE_CLIENT_SIZE : 0);
        assert_int_equal(judge(&server, &cookie, &reply), COOKIE_BELIEVE);
        assert_int_equal(next_cookie(&server).size, 0);
    }
}

static void a_failure_is_no_reason_to_send_none(void **state) {
    (void)state;
    struct server_address server = new_server();
    struct cookie cookie = next_cookie(&server);
    struct reply reply = reply_with(ns_r_servfail, NULL, 0);
    assert_int_equal(judge(&server, &cookie, &reply), COOKIE_BELIEVE);
    assert_int_equal(next_cookie(&server).size, COOKIE_CLIENT_SIZE);
}

static int forget(void **state) {
    (void)state;
    cookies_adopt();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_server_gets_a_cookie_of_its_own, forget),
        cmocka_unit_test_setup(a_servers_cookie_goes_back_behind_ours, forget),
        cmocka_unit_test_setup(another_address_of_ours_begins_with_another_cookie, forget),
        cmocka_unit_test_setup(a_reply_to_an_older_cookie_brings_no_new_one, forget),
        cmocka_unit_test_setup(no_cookie_is_sent_from_no_address, forget),
        cmocka_unit_test_setup(no_cookie_is_sent_without_random_octets, forget),
        cmocka_unit_test_setup(a_copy_of_the_process_begins_with_other_cookies, forget),
        cmocka_unit_test_setup(servers_beyond_the_table_get_none, forget),
        cmocka_unit_test_setup(a_server_may_have_no_cookies, forget),
        cmocka_unit_test_setup(a_question_without_cookie_takes_every_reply, forget),
        cmocka_unit_test_setup(a_known_server_is_not_believed_without_a_cookie, forget),
        cmocka_unit_test_setup(another_cookie_than_ours_is_not_believed, forget),
        cmocka_unit_test_setup(a_cookie_of_another_length_is_not_believed, forget),
        cmocka_unit_test_setup(a_cookie_over_tcp_is_a_reason_to_send_one_again, forget),
        cmocka_unit_test_setup(a_refusal_brings_the_cookie_that_it_wants, forget),
        cmocka_unit_test_setup(a_refusal_without_a_cookie_is_not_believed, forget),
        cmocka_unit_test_setup(a_server_that_takes_no_option_gets_none, forget),
        cmocka_unit_test_setup(a_failure_is_no_reason_to_send_none, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
