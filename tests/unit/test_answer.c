/* An answer is immutable, has no pointers, and has the size of a whole number of words. */
#include <arpa/inet.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "originbypass/values/answer.h"

static const uint8_t two_ipv4[] = {192, 0, 2, 1, 192, 0, 2, 2};
static const char chain[] = "www.example.com\0cdn.example.net\0edge.example.org";

static struct answer *build_ipv4(const char *names, size_t name_count) {
    struct answer *answer = answer_build(&(struct answer_parts){
        .outcome = OUTCOME_ADDRESSES,
        .family = AF_INET,
        .ttl_s = 300,
        .addresses = two_ipv4,
        .address_count = 2,
        .names = names,
        .name_count = name_count,
    });
    assert_non_null(answer);
    return answer;
}

static void holds_what_it_was_built_from(void **state) {
    (void)state;
    struct answer *answer = build_ipv4(chain, 3);
    assert_int_equal(answer->outcome, OUTCOME_ADDRESSES);
    assert_int_equal(answer->family, AF_INET);
    assert_int_equal(answer->ttl_s, 300);
    assert_int_equal(answer->address_count, 2);
    assert_int_equal(answer->name_count, 3);
    assert_memory_equal(answer_addresses(answer), two_ipv4, sizeof(two_ipv4));
    assert_memory_equal(answer_first_name(answer), chain, sizeof(chain));
    free(answer);
}

static void is_a_whole_number_of_words_and_zero_to_its_end(void **state) {
    (void)state;
    for (size_t length = 1; length < 40; length++) {
        char names[64] = "a";
        memset(names + 2, 'x', length);
        struct answer *answer = build_ipv4(names, 2);
        size_t used = offsetof(struct answer, data) + sizeof(two_ipv4) + 2 + length + 1;
        assert_int_equal(answer->size % 8, 0);
        assert_in_range(answer->size, used, used + 7);
        assert_int_equal(answer->no_recovery, 0);
        for (size_t i = used; i < answer->size; i++)
            assert_int_equal(((const uint8_t *)answer)[i], 0);
        free(answer);
    }
}

static void keeps_no_pointer_so_that_a_copy_of_its_octets_is_an_answer(void **state) {
    (void)state;
    uint64_t copy[32];
    struct answer *answer = build_ipv4(chain, 3);
    assert_in_range(answer->size, 1, sizeof(copy));
    memcpy(copy, answer, answer->size);
    memset(answer, 0xff, answer->size);
    free(answer);
    const struct answer *moved = (const struct answer *)copy;
    assert_string_equal(answer_canonical_name(moved), "edge.example.org");
    assert_string_equal(answer_first_name(moved), "www.example.com");
    assert_int_equal(answer_address(moved, 1).octets[3], 2);
}

static void its_canonical_name_is_the_last_of_the_chain(void **state) {
    (void)state;
    struct answer *answer = build_ipv4(chain, 2);
    assert_string_equal(answer_canonical_name(answer), "cdn.example.net");
    free(answer);
    answer = build_ipv4(chain, 3);
    assert_string_equal(answer_canonical_name(answer), "edge.example.org");
    free(answer);
}

static void without_a_chain_it_has_no_names(void **state) {
    (void)state;
    struct answer *answer = build_ipv4(NULL, 0);
    assert_null(answer_first_name(answer));
    assert_null(answer_canonical_name(answer));
    free(answer);
}

static void gives_addresses_of_either_family(void **state) {
    (void)state;
    struct answer *answer = build_ipv4(NULL, 0);
    struct address address = answer_address(answer, 0);
    assert_int_equal(address.family, AF_INET);
    assert_int_equal(address.ipv4.s_addr, inet_addr("192.0.2.1"));
    free(answer);

    uint8_t ipv6[32] = {0x20, 0x01, [15] = 1, [16] = 0xfd, [31] = 2};
    answer = answer_build(&(struct answer_parts){
        .outcome = OUTCOME_ADDRESSES, .family = AF_INET6, .addresses = ipv6, .address_count = 2});
    address = answer_address(answer, 1);
    assert_int_equal(address.family, AF_INET6);
    assert_memory_equal(address.octets, ipv6 + 16, 16);
    free(answer);
}

static void without_addresses_it_is_its_outcome(void **state) {
    (void)state;
    static const enum outcome outcomes[] = {OUTCOME_FAILURE, OUTCOME_NO_NAME, OUTCOME_NO_RECORD, OUTCOME_DANGLING};
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        struct answer *answer =
            answer_build(&(struct answer_parts){.outcome = outcomes[i], .family = AF_INET6, .ttl_s = 7});
        assert_int_equal(answer->outcome, outcomes[i]);
        assert_int_equal(answer->size, offsetof(struct answer, data));
        assert_int_equal(answer->address_count, 0);
        free(answer);
    }
}

static void the_most_that_fits_is_built_and_one_more_is_refused(void **state) {
    (void)state;
    size_t most = UINT16_MAX;
    uint8_t *addresses = calloc(most + 1, 16);
    char *names = calloc(most + 1, 2);
    assert_non_null(addresses);
    assert_non_null(names);
    for (size_t i = 0; i <= most; i++)
        names[2 * i] = 'n';
    struct answer_parts parts = {
        .family = AF_INET6, .addresses = addresses, .address_count = most, .names = names, .name_count = most};
    struct answer *answer = answer_build(&parts);
    assert_non_null(answer);
    assert_int_equal(answer->address_count, most);
    assert_int_equal(answer->name_count, most);
    assert_string_equal(answer_canonical_name(answer), "n");
    free(answer);
    parts.address_count = most + 1;
    assert_null(answer_build(&parts));
    parts.address_count = most;
    parts.name_count = most + 1;
    assert_null(answer_build(&parts));
    free(addresses);
    free(names);
}

static bool ends_in(const struct address *address, void *octet) {
    return address->octets[address_size(address->family) - 1] == *(const uint8_t *)octet;
}

static void a_filter_keeps_addresses_in_order_and_all_else(void **state) {
    (void)state;
    static const uint8_t addresses[] = {192, 0, 2, 1, 192, 0, 2, 9, 192, 0, 3, 1};
    uint8_t wanted = 1;
    struct answer *answer = answer_build(&(struct answer_parts){.outcome = OUTCOME_ADDRESSES,
                                                                .family = AF_INET,
                                                                .ttl_s = 12,
                                                                .addresses = addresses,
                                                                .address_count = 3,
                                                                .names = chain,
                                                                .name_count = 3});
    struct answer *kept = answer_filter(answer, ends_in, &wanted);
    assert_int_equal(kept->address_count, 2);
    assert_int_equal(answer_address(kept, 0).octets[2], 2);
    assert_int_equal(answer_address(kept, 1).octets[2], 3);
    assert_int_equal(kept->ttl_s, 12);
    assert_int_equal(kept->outcome, OUTCOME_ADDRESSES);
    assert_int_equal(kept->size % 8, 0);
    assert_string_equal(answer_first_name(kept), "www.example.com");
    assert_string_equal(answer_canonical_name(kept), "edge.example.org");
    assert_int_equal(answer->address_count, 3);
    free(kept);
    free(answer);
}

static void a_filter_that_keeps_nothing_leaves_the_outcome(void **state) {
    (void)state;
    uint8_t wanted = 77;
    struct answer *answer = build_ipv4(chain, 3);
    struct answer *kept = answer_filter(answer, ends_in, &wanted);
    assert_int_equal(kept->address_count, 0);
    assert_int_equal(kept->outcome, OUTCOME_ADDRESSES);
    assert_string_equal(answer_first_name(kept), "www.example.com");
    free(kept);
    free(answer);
}

static void a_filter_takes_an_answer_without_addresses_or_names(void **state) {
    (void)state;
    uint8_t wanted = 1;
    struct answer *answer = answer_build(&(struct answer_parts){.outcome = OUTCOME_NO_NAME, .family = AF_INET});
    struct answer *kept = answer_filter(answer, ends_in, &wanted);
    assert_int_equal(kept->outcome, OUTCOME_NO_NAME);
    assert_null(answer_first_name(kept));
    free(kept);
    free(answer);
}

/* ---- an alias and its target ---- */

static struct answer *build_alias(void) {
    struct answer *alias = answer_build(&(struct answer_parts){
        .outcome = OUTCOME_ELSEWHERE, .family = AF_INET, .ttl_s = 60, .names = "a.b\0c.d", .name_count = 2});
    assert_non_null(alias);
    return alias;
}

static void an_alias_and_its_target_have_one_chain_and_the_lower_ttl(void **state) {
    (void)state;
    static const char expected[] = "a.b\0c.d\0e.f\0g.h";
    struct answer *alias = build_alias(), *target = build_ipv4("c.d\0e.f\0g.h", 3);
    struct answer *joined = answer_join(alias, target);
    assert_int_equal(joined->outcome, OUTCOME_ADDRESSES);
    assert_int_equal(joined->ttl_s, 60);
    assert_int_equal(joined->name_count, 4);
    assert_memory_equal(answer_first_name(joined), expected, sizeof(expected));
    assert_memory_equal(answer_addresses(joined), two_ipv4, sizeof(two_ipv4));
    free(joined);
    free(target);
    free(alias);
}

static void the_target_of_an_alias_may_be_its_canonical_name(void **state) {
    (void)state;
    struct answer *alias = build_alias(), *target = build_ipv4(NULL, 0);
    struct answer *joined = answer_join(alias, target);
    assert_int_equal(joined->name_count, 2);
    assert_string_equal(answer_canonical_name(joined), "c.d");
    free(joined);
    free(target);
    free(alias);
}

static void an_alias_whose_target_has_no_record_dangles(void **state) {
    (void)state;
    static const struct answer nothing = {
        .size = sizeof(nothing), .outcome = OUTCOME_NO_RECORD, .family = AF_INET, .ttl_s = 5};
    struct answer *alias = build_alias();
    struct answer *joined = answer_join(alias, &nothing);
    assert_int_equal(joined->outcome, OUTCOME_DANGLING);
    assert_int_equal(joined->ttl_s, 5);
    assert_null(answer_first_name(joined));
    free(joined);
    free(alias);
}

int main(void) {
    mallopt(M_PERTURB, 0xa5); /* so that fresh memory is not zero by chance */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_it_was_built_from),
        cmocka_unit_test(is_a_whole_number_of_words_and_zero_to_its_end),
        cmocka_unit_test(keeps_no_pointer_so_that_a_copy_of_its_octets_is_an_answer),
        cmocka_unit_test(its_canonical_name_is_the_last_of_the_chain),
        cmocka_unit_test(without_a_chain_it_has_no_names),
        cmocka_unit_test(gives_addresses_of_either_family),
        cmocka_unit_test(without_addresses_it_is_its_outcome),
        cmocka_unit_test(the_most_that_fits_is_built_and_one_more_is_refused),
        cmocka_unit_test(a_filter_keeps_addresses_in_order_and_all_else),
        cmocka_unit_test(a_filter_that_keeps_nothing_leaves_the_outcome),
        cmocka_unit_test(a_filter_takes_an_answer_without_addresses_or_names),
        cmocka_unit_test(an_alias_and_its_target_have_one_chain_and_the_lower_ttl),
        cmocka_unit_test(the_target_of_an_alias_may_be_its_canonical_name),
        cmocka_unit_test(an_alias_whose_target_has_no_record_dangles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
