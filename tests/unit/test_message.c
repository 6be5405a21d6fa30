/* What a DNS message says about a name's addresses. */
#include <arpa/nameser.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "originbypass/upstream/message.h"

/* ---- writing a message, record by record ---- */

static uint8_t message[8192];
static size_t size;

#define QR 0x8000
#define AA 0x0400
#define TC 0x0200
#define RA 0x0080
#define GOOD (QR | RA)

static void put16(unsigned value) {
    message[size++] = (uint8_t)(value >> 8);
    message[size++] = (uint8_t)value;
}

static void put32(uint32_t value) {
    put16(value >> 16);
    put16(value & 0xffff);
}

static void put_name(const char *text) {
    while (*text != '\0') {
        size_t length = strcspn(text, ".");
        message[size++] = (uint8_t)length;
        memcpy(message + size, text, length);
        size += length;
        text += length;
        text += *text == '.';
    }
    message[size++] = 0;
}

/*
 * The section's counter is at this offset of the header: 6 for answers, 8 for authorities, 10 for additional records.
 */
enum section { ANSWER = 6, AUTHORITY = 8, ADDITIONAL = 10 };

static void response(unsigned flags, const char *name, ns_type type) {
    memset(message, 0, sizeof(message));
    size = 0;
    put16(4711);
    put16(flags);
    put16(1);
    size = 12;
    put_name(name);
    put16(type);
    put16(ns_c_in);
}

static void put_head(enum section section, const char *owner, ns_type type, ns_class class, uint32_t ttl_s) {
    message[section + 1]++;
    put_name(owner);
    put16(type);
    put16(class);
    put32(ttl_s);
}

static void put_record(const char *owner, ns_type type, uint32_t ttl_s, const void *data, size_t data_size) {
    put_head(ANSWER, owner, type, ns_c_in, ttl_s);
    put16((unsigned)data_size);
    memcpy(message + size, data, data_size);
    size += data_size;
}

static void put_a(const char *owner, uint32_t ttl_s, uint8_t last_octet) {
    put_record(owner, ns_t_a, ttl_s, (uint8_t[]){203, 0, 113, last_octet}, 4);
}

static void put_aaaa(const char *owner, uint32_t ttl_s, uint8_t last_octet) {
    put_record(owner, ns_t_aaaa, ttl_s, (uint8_t[16]){0x20, 0x01, 0x0d, 0xb8, [15] = last_octet}, 16);
}

static void put_cname(const char *owner, uint32_t ttl_s, const char *target) {
    put_head(ANSWER, owner, ns_t_cname, ns_c_in, ttl_s);
    put16((unsigned)strlen(target) + 2);
    put_name(target);
}

static void put_soa(uint32_t ttl_s, uint32_t minimum_s) {
    put_head(AUTHORITY, "example.com", ns_t_soa, ns_c_in, ttl_s);
    put16(2 * 4 + 20);
    put_name("ns");
    put_name("me");
    for (uint32_t i = 0; i < 4; i++)
        put32(7777 + i);
    put32(minimum_s);
}

/* ---- reading it ---- */

static const char *reason;

/* Reads a copy that ends where the message ends, so that a sanitizer reports a read beyond the end. */
static struct answer *read_first(size_t octets, sa_family_t family) {
    uint8_t *copy = malloc(octets + (octets == 0));
    assert_non_null(copy);
    memcpy(copy, message, octets);
    reason = NULL;
    struct answer *answer = message_read(copy, octets, family, &reason);
    free(copy);
    return answer;
}

static struct answer *read_whole(sa_family_t family) {
    struct answer *answer = read_first(size, family);
    if (answer == NULL)
        fail_msg("not read: %s", reason);
    return answer;
}

static void assert_no_answer(const char *expected) {
    assert_null(read_first(size, AF_INET));
    assert_string_equal(reason, expected);
}

/* The last octets of an answer's addresses, in order: "7 8". */
static void assert_addresses(const struct answer *answer, const uint8_t *last_octets, size_t count) {
    assert_int_equal(answer->outcome, OUTCOME_ADDRESSES);
    assert_int_equal(answer->address_count, count);
    for (size_t i = 0; i < count; i++) {
        struct address address = answer_address(answer, i);
        assert_int_equal(address.octets[0], answer->family == AF_INET ? 203 : 0x20);
        assert_int_equal(address.octets[address_size(address.family) - 1], last_octets[i]);
    }
}
#define ASSERT_ADDRESSES(answer, ...)                                                                                  \
    assert_addresses(answer, (uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))

static void assert_chain(const struct answer *answer, size_t count, const char *const *names) {
    assert_int_equal(answer->name_count, count);
    const char *name = answer_first_name(answer);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(name, names[i]);
        name += strlen(name) + 1;
    }
}
#define ASSERT_CHAIN(answer, count, ...) assert_chain(answer, count, (const char *const[]){__VA_ARGS__})

static void addresses_keep_the_order_of_the_records(void **state) {
    (void)state;
    response(GOOD, "cdn.example.com", ns_t_a);
    put_a("cdn.example.com", 300, 7);
    put_a("cdn.example.com", 300, 9);
    put_a("cdn.example.com", 300, 8);
    struct answer *answer = read_whole(AF_INET);
    ASSERT_ADDRESSES(answer, 7, 9, 8);
    assert_int_equal(answer->family, AF_INET);
    assert_int_equal(answer->ttl_s, 300);
    assert_null(answer_first_name(answer));
    free(answer);

    response(GOOD, "cdn.example.com", ns_t_aaaa);
    put_aaaa("cdn.example.com", 60, 2);
    put_aaaa("cdn.example.com", 60, 1);
    answer = read_whole(AF_INET6);
    ASSERT_ADDRESSES(answer, 2, 1);
    assert_int_equal(answer->family, AF_INET6);
    free(answer);
}

static void owners_are_compared_without_case(void **state) {
    (void)state;
    response(GOOD, "cdn.example.com", ns_t_a);
    put_a("CDN.eXample.com", 300, 7);
    struct answer *answer = read_whole(AF_INET);
    ASSERT_ADDRESSES(answer, 7);
    free(answer);
}

static void compressed_names_are_read(void **state) {
    (void)state;
    static const uint8_t record[] = {0xc0, 12, 0, ns_t_a, 0, ns_c_in, 0, 0, 0, 60, 0, 4, 203, 0, 113, 7};
    response(GOOD, "cdn.example.com", ns_t_a);
    message[ANSWER + 1] = 1;
    memcpy(message + size, record, sizeof(record));
    size += sizeof(record);
    struct answer *answer = read_whole(AF_INET);
    ASSERT_ADDRESSES(answer, 7);
    free(answer);
}

static void a_name_that_points_to_itself_is_malformed(void **state) {
    (void)state;
    response(GOOD, "cdn.example.com", ns_t_a);
    message[ANSWER + 1] = 1;
    unsigned self = (unsigned)size;
    put16(0xc000 | self);
    put16(ns_t_a);
    put16(ns_c_in);
    put32(60);
    put16(4);
    put32(0xcb007107);
    assert_no_answer("malformed answer");
}

static void records_of_others_count_for_nothing(void **state) {
    (void)state;
    response(GOOD, "cdn.example.com", ns_t_a);
    put_a("other.example.com", 300, 1);
    put_aaaa("cdn.example.com", 300, 2);
    put_record("cdn.example.com", ns_t_txt, 300, "\3abc", 4);
    put_head(ANSWER, "cdn.example.com", ns_t_a, ns_c_chaos, 300);
    put16(4);
    put32(0xcb007103);
    put_a("cdn.example.com", 300, 4);
    struct answer *answer = read_whole(AF_INET);
    ASSERT_ADDRESSES(answer, 4);
    free(answer);
}

static void an_address_of_a_wrong_length_is_skipped(void **state) {
    (void)state;
    response(GOOD, "cdn.example.com", ns_t_a);
    put_record("cdn.example.com", ns_t_a, 300, (uint8_t[]){203, 0, 113}, 3);
    put_a("cdn.example.com", 300, 7);
    put_record("cdn.example.com", ns_t_a, 300, (uint8_t[]){203, 0, 113, 8, 0}, 5);
    put_record("cdn.example.com", ns_t_a, 300, "", 0);
    struct answer *answer = read_whole(AF_INET);
    ASSERT_ADDRESSES(answer, 7);
    free(answer);
}

static void the_ttl_is_the_least_of_the_chain_and_the_addresses(void **state) {
    (void)state;
    static const uint32_t ttls_s[][3] = {{10, 20, 30}, {20, 10, 30}, {30, 20, 10}};
    for (size_t i = 0; i < 3; i++) {
        response(GOOD, "cdn.example.com", ns_t_a);
        put_cname("cdn.example.com", ttls_s[i][0], "edge.example.net");
        put_a("edge.example.net", ttls_s[i][1], 7);
        put_a("edge.example.net", ttls_s[i][2], 8);
        struct answer *answer = read_whole(AF_INET);
        assert_int_equal(answer->ttl_s, 10);
        free(answer);
    }
}

static void a_ttl_with_the_top_bit_set_is_zero(void **state) {
    (void)state;
    static const struct {
        uint32_t sent_s, read_s;
    } ttls[] = {{0x7fffffff, 0x7fffffff}, {0x80000000, 0}, {0xffffffff, 0}, {0, 0}};
    for (size_t i = 0; i < sizeof(ttls) / sizeof(ttls[0]); i++) {
        response(GOOD, "cdn.example.com", ns_t_a);
        put_a("cdn.example.com", ttls[i].sent_s, 7);
        struct answer *answer = read_whole(AF_INET);
        assert_int_equal(answer->ttl_s, ttls[i].read_s);
        free(answer);
    }
}

static void a_chain_is_followed_and_remembered(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_a);
    put_cname("www.example.com", 300, "cdn.example.net");
    put_cname("cdn.example.net", 300, "edge.example.org");
    put_a("edge.example.org", 300, 7);
    struct answer *answer = read_whole(AF_INET);
    ASSERT_ADDRESSES(answer, 7);
    ASSERT_CHAIN(answer, 3, "www.example.com", "cdn.example.net", "edge.example.org");
    free(answer);
}

static void a_chain_is_followed_in_whatever_order_it_comes(void **state) {
    (void)state;
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        response(GOOD, "www.example.com", ns_t_a);
        for (size_t j = 0; j < 3; j++) {
            put_a("other.example.com", 1, 1);
            put_cname("other.example.com", 1, "another.example.com");
            if (orders[i][j] == 0)
                put_cname("WWW.example.com", 300, "cdn.example.net");
            else if (orders[i][j] == 1)
                put_cname("CDN.example.net", 200, "edge.example.org");
            else
                put_a("Edge.example.org", 300, 7);
        }
        struct answer *answer = read_whole(AF_INET);
        ASSERT_ADDRESSES(answer, 7);
        ASSERT_CHAIN(answer, 3, "www.example.com", "cdn.example.net", "edge.example.org");
        assert_int_equal(answer->ttl_s, 200);
        free(answer);
    }
}

static void a_chain_that_leads_back_to_its_name_dangles(void **state) {
    (void)state;
    response(GOOD, "a.example.com", ns_t_a);
    put_a("c.example.com", 300, 7);
    put_cname("b.example.com", 300, "a.example.com");
    put_cname("a.example.com", 300, "b.example.com");
    struct answer *answer = read_whole(AF_INET);
    assert_int_equal(answer->outcome, OUTCOME_DANGLING);
    free(answer);
}

static void a_chain_is_of_64_aliases_at_most(void **state) {
    (void)state;
    for (int count = 64; count <= 65; count++) {
        response(GOOD, "0.example.com", ns_t_a);
        for (int i = 0; i < count; i++) {
            char owner[64], target[64];
            snprintf(owner, sizeof(owner), "%d.example.com", i);
            snprintf(target, sizeof(target), "%d.example.com", i + 1);
            put_cname(owner, 300, target);
        }
        put_a(count == 64 ? "64.example.com" : "65.example.com", 300, 7);
        if (count == 65) {
            assert_no_answer("malformed answer");
            break;
        }
        struct answer *answer = read_whole(AF_INET);
        ASSERT_ADDRESSES(answer, 7);
        free(answer);
    }
}

static void behind_a_cname_the_addresses_of_its_target_count_alone(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_a);
    put_cname("www.example.com", 300, "cdn.example.net");
    put_a("www.example.com", 300, 1);
    put_a("cdn.example.net", 300, 7);
    struct answer *answer = read_whole(AF_INET);
    ASSERT_ADDRESSES(answer, 7);
    free(answer);
}

static void a_chain_without_an_address_dangles(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_a);
    put_cname("www.example.com", 300, "cdn.example.net");
    put_soa(40, 50);
    struct answer *answer = read_whole(AF_INET);
    assert_int_equal(answer->outcome, OUTCOME_DANGLING);
    assert_int_equal(answer->address_count, 0);
    assert_int_equal(answer->ttl_s, 40);
    assert_null(answer_first_name(answer));
    free(answer);
}

/* ---- a server that does not recurse ---- */

static void an_alias_out_of_a_zone_is_to_be_asked_for_elsewhere(void **state) {
    (void)state;
    response(QR | AA, "www.example.com", ns_t_a);
    put_cname("www.example.com", 300, "alias.example.com");
    put_cname("alias.example.com", 200, "cdn.example.net");
    struct answer *answer = read_whole(AF_INET);
    assert_int_equal(answer->outcome, OUTCOME_ELSEWHERE);
    assert_string_equal(answer_first_name(answer), "www.example.com");
    assert_string_equal(answer_canonical_name(answer), "cdn.example.net");
    assert_int_equal(answer->name_count, 3);
    assert_int_equal(answer->ttl_s, 200);
    free(answer);
}

static void an_alias_within_its_zone_without_the_record_dangles(void **state) {
    (void)state;
    response(QR | AA, "www.example.com", ns_t_a);
    put_cname("www.example.com", 300, "alias.example.com");
    put_soa(40, 50);
    struct answer *answer = read_whole(AF_INET);
    assert_int_equal(answer->outcome, OUTCOME_DANGLING);
    free(answer);
}

static void an_alias_to_what_is_no_host_name_is_asked_for_nowhere(void **state) {
    (void)state;
    response(QR | AA, "www.example.com", ns_t_a);
    put_cname("www.example.com", 300, "good.example.com");
    put_cname("good.example.com", 300, "not good.example.net");
    struct answer *answer = read_whole(AF_INET);
    assert_int_equal(answer->outcome, OUTCOME_DANGLING);
    free(answer);
}

static void a_target_that_is_no_host_name_is_followed_but_not_named(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_a);
    put_cname("www.example.com", 300, "not a host.example.net");
    put_a("not a host.example.net", 300, 7);
    struct answer *answer = read_whole(AF_INET);
    ASSERT_ADDRESSES(answer, 7);
    assert_int_equal(answer->name_count, 0);
    free(answer);

    response(GOOD, "www.example.com", ns_t_a);
    put_cname("www.example.com", 300, "cdn.example.net");
    put_cname("cdn.example.net", 300, "not a host.example.net");
    put_cname("not a host.example.net", 300, "edge.example.org");
    put_a("edge.example.org", 300, 7);
    answer = read_whole(AF_INET);
    ASSERT_ADDRESSES(answer, 7);
    ASSERT_CHAIN(answer, 3, "www.example.com", "cdn.example.net", "edge.example.org");
    free(answer);
}

static void the_chain_begins_with_the_name_asked_for_also_behind_a_target_that_is_no_host_name(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_a);
    put_cname("www.example.com", 300, "not a host.example.net");
    put_cname("not a host.example.net", 300, "edge.example.org");
    put_a("edge.example.org", 300, 7);
    struct answer *answer = read_whole(AF_INET);
    ASSERT_ADDRESSES(answer, 7);
    ASSERT_CHAIN(answer, 2, "www.example.com", "edge.example.org");
    free(answer);
}

static void nxdomain_means_no_such_name_whatever_else_is_there(void **state) {
    (void)state;
    response(GOOD | ns_r_nxdomain, "www.example.com", ns_t_a);
    put_soa(300, 60);
    struct answer *answer = read_whole(AF_INET);
    assert_int_equal(answer->outcome, OUTCOME_NO_NAME);
    assert_int_equal(answer->ttl_s, 60);
    free(answer);

    response(GOOD | ns_r_nxdomain, "www.example.com", ns_t_a);
    put_cname("www.example.com", 300, "gone.example.com");
    put_a("gone.example.com", 300, 7);
    answer = read_whole(AF_INET);
    assert_int_equal(answer->outcome, OUTCOME_NO_NAME);
    assert_int_equal(answer->address_count, 0);
    free(answer);
}

static void a_negative_answer_holds_for_the_soas_ttl_or_its_minimum_the_smaller_one(void **state) {
    (void)state;
    static const struct {
        uint32_t ttl_s, minimum_s, expected_s;
    } soas[] = {{300, 60, 60}, {60, 300, 60}, {0, 60, 0}, {60, 0, 0}, {0x80000000, 60, 0}, {60, 0xffffffff, 0}};
    for (size_t i = 0; i < sizeof(soas) / sizeof(soas[0]); i++) {
        response(GOOD, "www.example.com", ns_t_aaaa);
        put_soa(soas[i].ttl_s, soas[i].minimum_s);
        struct answer *answer = read_whole(AF_INET6);
        assert_int_equal(answer->outcome, OUTCOME_NO_RECORD);
        assert_int_equal(answer->family, AF_INET6);
        assert_int_equal(answer->ttl_s, soas[i].expected_s);
        free(answer);
    }
}

static void without_a_soa_a_negative_answer_holds_for_no_time(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_a);
    struct answer *answer = read_whole(AF_INET);
    assert_int_equal(answer->outcome, OUTCOME_NO_RECORD);
    assert_int_equal(answer->ttl_s, 0);
    free(answer);
}

static void only_records_of_the_type_asked_for_make_an_answer(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_aaaa);
    put_a("www.example.com", 300, 7);
    struct answer *answer = read_whole(AF_INET6);
    assert_int_not_equal(answer->outcome, OUTCOME_ADDRESSES);
    assert_int_equal(answer->address_count, 0);
    free(answer);
}

static void a_message_that_is_cut_off_anywhere_is_malformed(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_a);
    put_cname("www.example.com", 300, "cdn.example.net");
    put_a("cdn.example.net", 300, 7);
    put_a("cdn.example.net", 300, 8);
    for (size_t octets = 0; octets < size; octets++) {
        assert_null(read_first(octets, AF_INET));
        assert_string_equal(reason, "malformed answer");
    }
    free(read_whole(AF_INET));
}

static void a_question_is_no_answer(void **state) {
    (void)state;
    response(RA, "www.example.com", ns_t_a);
    put_a("www.example.com", 300, 7);
    assert_no_answer("malformed answer");
}

static void a_message_has_one_question(void **state) {
    (void)state;
    for (uint8_t questions = 0; questions <= 2; questions += 2) {
        response(GOOD, "www.example.com", ns_t_a);
        put_a("www.example.com", 300, 7);
        message[5] = questions;
        assert_no_answer("malformed answer");
    }
}

static void what_is_truncated_is_no_answer(void **state) {
    (void)state;
    response(GOOD | TC, "www.example.com", ns_t_a);
    put_a("www.example.com", 300, 7);
    assert_no_answer("truncated, over TCP too");
}

static void a_truncated_reply_is_known_as_one(void **state) {
    (void)state;
    response(GOOD | TC, "www.example.com", ns_t_a);
    assert_true(message_is_truncated(message, size));
    assert_false(message_is_truncated(message, 11)); /* not even a header */
    response(GOOD, "www.example.com", ns_t_a);
    assert_false(message_is_truncated(message, size));
    response(TC, "www.example.com", ns_t_a); /* a query */
    assert_false(message_is_truncated(message, size));
}

static void of_a_reply_the_header_and_the_question_can_be_shown_alone(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_aaaa);
    size_t end = size;
    put_cname("www.example.com", 300, "cdn.example.net");
    put_aaaa("cdn.example.net", 300, 7);
    assert_int_equal(message_question(message, size), end);
    uint8_t id_and_flags[] = {message[0], message[1], message[2], message[3]};
    message_show_question(message);
    assert_memory_equal(message, id_and_flags, sizeof(id_and_flags));
    struct answer *answer = read_first(end, AF_INET6);
    assert_int_equal(answer->outcome, OUTCOME_NO_RECORD); /* no record is left, and none is missing */
    free(answer);
}

static void a_message_without_one_whole_question_shows_none(void **state) {
    (void)state;
    for (uint8_t questions = 0; questions <= 2; questions += 2) {
        response(GOOD, "www.example.com", ns_t_a);
        message[5] = questions;
        assert_int_equal(message_question(message, size), 0);
    }
    response(GOOD, "www.example.com", ns_t_a);
    for (size_t octets = 0; octets < size; octets++)
        assert_int_equal(message_question(message, octets), 0);
    message[12] = 0xc0; /* the name is a pointer, and there is nothing before it to point to */
    assert_int_equal(message_question(message, size), 0);
}

static void a_referral_is_no_answer(void **state) {
    (void)state;
    response(QR, "www.example.com", ns_t_a);
    put_soa(300, 60);
    assert_no_answer("referred elsewhere: it neither recurses nor is authoritative");
    response(QR | AA, "www.example.com", ns_t_a);
    struct answer *answer = read_whole(AF_INET);
    assert_int_equal(answer->outcome, OUTCOME_NO_RECORD);
    free(answer);
}

static void a_refusal_is_named_as_the_standards_name_it(void **state) {
    (void)state;
    static const struct {
        const char *reason;
        ns_rcode code;
        bool is_final;
    } refusals[] = {
        {"FORMERR", ns_r_formerr, true},
        {"SERVFAIL", ns_r_servfail, false},
        {"NOTIMP", ns_r_notimpl, false},
        {"REFUSED", ns_r_refused, false},
        {"unknown response code", ns_r_notauth, true},
    };
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        response(GOOD | refusals[i].code, "www.example.com", ns_t_a);
        put_a("www.example.com", 300, 7);
        assert_no_answer(refusals[i].reason);
        assert_int_equal(message_is_final_failure(message, size), refusals[i].is_final);
    }
}

/* ---- EDNS ---- */

enum { COOKIE = 10, OTHER = 12 };

/* An OPT record with options of these codes and lengths. Each octet of an option is its length. */
static void put_opt(enum section section, const char *owner, unsigned upper_code, const uint8_t (*options)[2],
                    size_t count) {
    put_head(section, owner, ns_t_opt, 1232, (uint32_t)upper_code << 24);
    size_t length_at = size;
    put16(0);
    for (size_t i = 0; i < count; i++) {
        put16(options[i][0]);
        put16(options[i][1]);
        memset(message + size, options[i][1], options[i][1]);
        size += options[i][1];
    }
    message[length_at] = (uint8_t)((size - length_at - 2) >> 8);
    message[length_at + 1] = (uint8_t)(size - length_at - 2);
}
#define PUT_OPT(section, owner, upper_code, ...)                                                                       \
    put_opt(section, owner, upper_code, (const uint8_t[][2]){__VA_ARGS__},                                             \
            sizeof((const uint8_t[][2]){__VA_ARGS__}) / 2)

static struct message_edns edns_of_first(size_t octets) {
    uint8_t *copy = malloc(octets);
    assert_non_null(copy);
    memcpy(copy, message, octets);
    struct message_edns edns = message_edns(copy, octets);
    for (size_t i = 0; i < edns.cookie_size; i++)
        assert_int_equal(edns.cookie[i], edns.cookie_size);
    free(copy);
    return edns;
}

static void assert_cookie_size(size_t expected) {
    struct message_edns edns = edns_of_first(size);
    assert_int_equal(edns.cookie_size, expected);
    assert_int_equal(edns.cookie != NULL, expected > 0);
}

static void a_cookie_is_found_behind_all_other_records_and_options(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_a);
    put_cname("www.example.com", 300, "cdn.example.com");
    put_a("cdn.example.com", 300, 7);
    put_soa(300, 300);
    put_head(ADDITIONAL, "ns.example.com", ns_t_a, ns_c_in, 60);
    put16(4);
    put32(0);
    PUT_OPT(ADDITIONAL, "", 0, {OTHER, 9}, {COOKIE, 24}, {OTHER, 3});
    assert_cookie_size(24);
}

static void a_cookie_is_found_behind_names_that_are_compressed(void **state) {
    (void)state;
    static const uint8_t record[] = {1, 'a', 0xc0, 12, 0, ns_t_a, 0, ns_c_in, 0, 0, 0, 60, 0, 4, 203, 0, 113, 7};
    response(GOOD, "www.example.com", ns_t_a);
    message[ANSWER + 1]++;
    memcpy(message + size, record, sizeof(record));
    size += sizeof(record);
    PUT_OPT(ADDITIONAL, "", 0, {COOKIE, 16});
    assert_cookie_size(16);
}

static void of_several_cookies_the_first_counts(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_a);
    PUT_OPT(ADDITIONAL, "", 0, {COOKIE, 16}, {COOKIE, 24});
    PUT_OPT(ADDITIONAL, "", 0, {COOKIE, 32});
    assert_cookie_size(16);
}

static void what_is_no_opt_record_of_the_root_among_the_additional_ones_has_no_cookie(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_a);
    assert_cookie_size(0);
    PUT_OPT(ADDITIONAL, "", 0, {OTHER, 16});
    assert_cookie_size(0);
    response(GOOD, "www.example.com", ns_t_a);
    PUT_OPT(ADDITIONAL, "example.com", 1, {COOKIE, 16});
    assert_cookie_size(0);
    assert_int_equal(edns_of_first(size).rcode, 0);
    response(GOOD, "www.example.com", ns_t_a);
    PUT_OPT(ANSWER, "", 1, {COOKIE, 16});
    assert_cookie_size(0);
    assert_int_equal(edns_of_first(size).rcode, 0);
}

static void an_option_that_is_longer_than_its_record_is_none(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_a);
    PUT_OPT(ADDITIONAL, "", 0, {OTHER, 2}, {COOKIE, 16});
    message[size - 17] = 17;
    assert_cookie_size(0);
}

static void of_a_message_that_is_cut_off_anywhere_no_cookie_is_read(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_a);
    put_cname("www.example.com", 300, "cdn.example.com");
    PUT_OPT(ADDITIONAL, "", 1, {OTHER, 2}, {COOKIE, 16});
    for (size_t octets = 12; octets < size; octets++)
        assert_null(edns_of_first(octets).cookie);
    assert_cookie_size(16);
}

static void a_response_code_is_extended_by_edns(void **state) {
    (void)state;
    response(GOOD, "www.example.com", ns_t_a);
    PUT_OPT(ADDITIONAL, "", 1, {COOKIE, 16});
    assert_int_equal(edns_of_first(size).rcode, ns_r_badvers);
    assert_no_answer("BADVERS");
    response(GOOD | (MESSAGE_BADCOOKIE & 15), "www.example.com", ns_t_a);
    PUT_OPT(ADDITIONAL, "", MESSAGE_BADCOOKIE >> 4, {COOKIE, 16});
    assert_int_equal(edns_of_first(size).rcode, MESSAGE_BADCOOKIE);
    assert_no_answer("BADCOOKIE");
    response(GOOD | ns_r_nxdomain, "www.example.com", ns_t_a);
    PUT_OPT(ADDITIONAL, "", 1, {COOKIE, 16});
    assert_no_answer("unknown response code");
}

static void nothing_is_added_to_a_message_that_ends_with_something_else(void **state) {
    (void)state;
    static const uint8_t cookie[40];
    response(0, "www.example.com", ns_t_a);
    assert_int_equal(message_add_cookie(message, size, cookie, sizeof(cookie)), size);
    put_head(ADDITIONAL, "", ns_t_a, ns_c_in, 0);
    put16(0);
    assert_int_equal(message_add_cookie(message, size, cookie, sizeof(cookie)), size);
    put_opt(ADDITIONAL, "", 0, NULL, 0);
    message[size - 1] = 1; /* the record has data, which is cut off */
    assert_int_equal(message_add_cookie(message, size, cookie, sizeof(cookie)), size);
}

static void a_cookie_is_added_to_the_opt_record_at_the_end(void **state) {
    (void)state;
    uint8_t cookie[40];
    memset(cookie, sizeof(cookie), sizeof(cookie));
    response(0, "www.example.com", ns_t_a);
    put_opt(ADDITIONAL, "", 0, NULL, 0);
    assert_int_equal(message_add_cookie(message, size, cookie, 0), size);
    assert_cookie_size(0);
    size_t longer = message_add_cookie(message, size, cookie, sizeof(cookie));
    assert_int_equal(longer, size + MESSAGE_OPTION_HEAD + sizeof(cookie));
    size = longer;
    assert_cookie_size(sizeof(cookie));
    assert_int_equal(message_add_cookie(message, size, cookie, sizeof(cookie)), size);
}

int main(void) {
    mallopt(M_PERTURB, 0xa5); /* so that fresh memory is not zero by chance */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_keep_the_order_of_the_records),
        cmocka_unit_test(owners_are_compared_without_case),
        cmocka_unit_test(compressed_names_are_read),
        cmocka_unit_test(a_name_that_points_to_itself_is_malformed),
        cmocka_unit_test(records_of_others_count_for_nothing),
        cmocka_unit_test(an_address_of_a_wrong_length_is_skipped),
        cmocka_unit_test(the_ttl_is_the_least_of_the_chain_and_the_addresses),
        cmocka_unit_test(a_ttl_with_the_top_bit_set_is_zero),
        cmocka_unit_test(a_chain_is_followed_and_remembered),
        cmocka_unit_test(a_chain_is_followed_in_whatever_order_it_comes),
        cmocka_unit_test(a_chain_that_leads_back_to_its_name_dangles),
        cmocka_unit_test(a_chain_is_of_64_aliases_at_most),
        cmocka_unit_test(behind_a_cname_the_addresses_of_its_target_count_alone),
        cmocka_unit_test(a_chain_without_an_address_dangles),
        cmocka_unit_test(an_alias_out_of_a_zone_is_to_be_asked_for_elsewhere),
        cmocka_unit_test(an_alias_within_its_zone_without_the_record_dangles),
        cmocka_unit_test(an_alias_to_what_is_no_host_name_is_asked_for_nowhere),
        cmocka_unit_test(a_target_that_is_no_host_name_is_followed_but_not_named),
        cmocka_unit_test(the_chain_begins_with_the_name_asked_for_also_behind_a_target_that_is_no_host_name),
        cmocka_unit_test(nxdomain_means_no_such_name_whatever_else_is_there),
        cmocka_unit_test(a_negative_answer_holds_for_the_soas_ttl_or_its_minimum_the_smaller_one),
        cmocka_unit_test(without_a_soa_a_negative_answer_holds_for_no_time),
        cmocka_unit_test(only_records_of_the_type_asked_for_make_an_answer),
        cmocka_unit_test(a_message_that_is_cut_off_anywhere_is_malformed),
        cmocka_unit_test(a_question_is_no_answer),
        cmocka_unit_test(a_message_has_one_question),
        cmocka_unit_test(what_is_truncated_is_no_answer),
        cmocka_unit_test(a_truncated_reply_is_known_as_one),
        cmocka_unit_test(of_a_reply_the_header_and_the_question_can_be_shown_alone),
        cmocka_unit_test(a_message_without_one_whole_question_shows_none),
        cmocka_unit_test(a_referral_is_no_answer),
        cmocka_unit_test(a_refusal_is_named_as_the_standards_name_it),
        cmocka_unit_test(a_cookie_is_found_behind_all_other_records_and_options),
        cmocka_unit_test(a_cookie_is_found_behind_names_that_are_compressed),
        cmocka_unit_test(of_several_cookies_the_first_counts),
        cmocka_unit_test(what_is_no_opt_record_of_the_root_among_the_additional_ones_has_no_cookie),
        cmocka_unit_test(an_option_that_is_longer_than_its_record_is_none),
        cmocka_unit_test(of_a_message_that_is_cut_off_anywhere_no_cookie_is_read),
        cmocka_unit_test(a_response_code_is_extended_by_edns),
        cmocka_unit_test(nothing_is_added_to_a_message_that_ends_with_something_else),
        cmocka_unit_test(a_cookie_is_added_to_the_opt_record_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
