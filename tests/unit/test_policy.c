/* Which addresses of an answer a host may use. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "originbypass/config/parse.h"
#include "originbypass/rules/policy.h"
#include "test_config.h"

static struct config *given_config;

static int forget(void **state) {
    (void)state;
    config_free(given_config);
    given_config = NULL;
    return 0;
}

static const struct host_settings *given(const char *text) {
    forget(NULL);
    given_config = parse_good(text);
    return given_config->rule_count > 0 ? given_config->rules[0].settings : &given_config->general;
}

static struct address address_of(const char *text) {
    struct address address;
    assert_true(address_parse(text, &address));
    return address;
}

/* The prefix because of which the address is rejected; "" if it is accepted. */
static const char *rejection(const struct host_settings *settings, const char *text) {
    static char prefix[PREFIX_TEXT_SIZE];
    struct address address = address_of(text);
    const struct prefix_entry *entry = policy_rejection(settings, &address);
    prefix[0] = '\0';
    if (entry != NULL)
        prefix_text(entry, prefix);
    return prefix;
}

static void without_lists_everything_is_accepted(void **state) {
    (void)state;
    const struct host_settings *settings = given("");
    assert_string_equal(rejection(settings, "104.21.80.230"), "");
    assert_string_equal(rejection(settings, "::1"), "");
}

static void what_matches_nothing_is_accepted(void **state) {
    (void)state;
    const struct host_settings *settings =
        given("answers = { accept = [ \"10.0.0.0/8\" ]; reject = [ \"cloudflare\" ]; };");
    assert_string_equal(rejection(settings, "203.0.113.7"), "");
    assert_string_equal(rejection(settings, "10.0.0.1"), "");
    assert_string_equal(rejection(settings, "104.21.80.230"), "104.16.0.0/13");
}

static void the_longest_prefix_of_both_lists_decides(void **state) {
    (void)state;
    const struct host_settings *settings =
        given("answers = { reject = [ \"203.0.113.0/24\", \"203.0.113.8/31\" ]; accept = [ \"203.0.113.8/30\" ]; };");
    assert_string_equal(rejection(settings, "203.0.113.7"), "203.0.113.0/24");
    assert_string_equal(rejection(settings, "203.0.113.8"), "203.0.113.8/31");
    assert_string_equal(rejection(settings, "203.0.113.10"), "");
    assert_string_equal(rejection(settings, "203.0.113.12"), "203.0.113.0/24");
}

static void a_prefix_that_is_written_is_stronger_than_the_same_in_a_set(void **state) {
    (void)state;
    assert_string_equal(
        rejection(given("answers = { reject = [ \"private\" ]; accept = [ \"10.0.0.0/8\" ]; };"), "10.0.0.1"), "");
    assert_string_equal(
        rejection(given("answers = { accept = [ \"private\" ]; reject = [ \"10.0.0.0/8\" ]; };"), "10.0.0.1"),
        "10.0.0.0/8");
}

static void mapped_and_nat64_addresses_are_what_is_inside(void **state) {
    (void)state;
    const struct host_settings *settings =
        given("answers = { reject = [ \"cloudflare\", \"::ffff:0:0/96\" ]; accept = [ \"203.0.113.0/24\" ]; };");
    assert_string_equal(rejection(settings, "64:ff9b::104.21.80.230"), "104.16.0.0/13");
    assert_string_equal(rejection(settings, "::ffff:192.0.2.1"), "::ffff:0.0.0.0/96");
    assert_string_equal(rejection(settings, "::ffff:203.0.113.7"), "");
}

static void the_lists_of_a_host_replace_the_general_ones(void **state) {
    (void)state;
    const struct host_settings *settings =
        given("answers = { reject = [ \"cloudflare\" ]; accept = [ \"104.21.0.0/16\" ]; };\n"
              "hosts = ( { name = \"*.example.com\"; reject = [ \"104.0.0.0/8\", \"203.0.113.0/24\" ]; } );");
    assert_string_equal(rejection(settings, "203.0.113.7"), "203.0.113.0/24");
    assert_string_equal(rejection(settings, "104.21.80.230"), "");
    assert_string_equal(rejection(settings, "162.158.0.1"), "");
    assert_string_equal(rejection(&given_config->general, "162.158.0.1"), "162.158.0.0/15");
}

static void a_family_may_be_all_that_there_is(void **state) {
    (void)state;
    assert_true(policy_has_family(given(""), AF_INET));
    assert_true(policy_has_family(given(""), AF_INET6));
    assert_false(policy_has_family(given("family = \"ipv4\";"), AF_INET6));
    assert_true(policy_has_family(given("family = \"ipv4\";"), AF_INET));
    assert_false(policy_has_family(given("family = \"ipv6\";"), AF_INET));
}

static void edges_are_known_without_any_list(void **state) {
    (void)state;
    const struct host_settings *settings = given("hosts = ( { name = \"a.b\"; strict = true; } );");
    struct address edge = address_of("104.21.80.230"), origin = address_of("203.0.113.7");
    assert_string_equal(policy_edge(settings, &edge), "cloudflare");
    assert_null(policy_edge(settings, &origin));
}

static void edges_can_be_listed(void **state) {
    (void)state;
    const struct host_settings *settings = given("edges = [ \"203.0.113.0/24\", \"private\" ];");
    struct address edge = address_of("203.0.113.7"), private = address_of("10.0.0.1"),
                   other = address_of("104.21.80.230");
    assert_string_equal(policy_edge(settings, &edge), "edges");
    assert_string_equal(policy_edge(settings, &private), "private");
    assert_null(policy_edge(settings, &other));
}

/* ---- whole answers ---- */

static struct answer *answer_with(const char *first, const char *second) {
    struct address a = address_of(first), b = address_of(second);
    uint8_t octets[8];
    memcpy(octets, a.octets, 4);
    memcpy(octets + 4, b.octets, 4);
    struct answer *answer = answer_build(&(struct answer_parts){
        .outcome = OUTCOME_ADDRESSES, .family = AF_INET, .ttl_s = 9, .addresses = octets, .address_count = 2});
    assert_non_null(answer);
    return answer;
}

static void rejected_addresses_are_taken_out(void **state) {
    (void)state;
    struct answer *answer =
        policy_apply(given("answers = { reject = [ \"cloudflare\" ]; };"), answer_with("104.21.80.230", "203.0.113.7"));
    assert_int_equal(answer->outcome, OUTCOME_ADDRESSES);
    assert_int_equal(answer->address_count, 1);
    assert_int_equal(answer_address(answer, 0).ipv4.s_addr, address_of("203.0.113.7").ipv4.s_addr);
    free(answer);
}

static void an_answer_without_rejected_addresses_is_itself(void **state) {
    (void)state;
    struct answer *answer = answer_with("203.0.113.8", "203.0.113.7");
    assert_ptr_equal(policy_apply(given("answers = { reject = [ \"cloudflare\" ]; };"), answer), answer);
    assert_int_equal(answer->outcome, OUTCOME_ADDRESSES);
    free(answer);
}

static void an_answer_that_is_rejected_as_a_whole_keeps_its_addresses(void **state) {
    (void)state;
    struct answer *answer =
        policy_apply(given("answers = { reject = [ \"0.0.0.0/0\" ]; };"), answer_with("104.21.80.230", "203.0.113.7"));
    assert_int_equal(answer->outcome, OUTCOME_REJECTED);
    assert_int_equal(answer->address_count, 2);
    free(answer);
}

static void an_answer_without_addresses_is_never_rejected(void **state) {
    (void)state;
    struct answer *answer =
        answer_build(&(struct answer_parts){.outcome = OUTCOME_NO_RECORD, .family = AF_INET, .ttl_s = 9});
    answer = policy_apply(given("answers = { reject = [ \"0.0.0.0/0\" ]; };"), answer);
    assert_int_equal(answer->outcome, OUTCOME_NO_RECORD);
    free(answer);
}

static void edges_stay_in_an_answer_that_is_always_used(void **state) {
    (void)state;
    struct answer *answer = answer_with("104.21.80.230", "203.0.113.7");
    assert_ptr_equal(policy_apply(given(""), answer), answer);
    assert_int_equal(answer->address_count, 2);
    free(answer);
}

static void edges_are_taken_out_of_an_answer_that_replaces_one(void **state) {
    (void)state;
    struct answer *answer = policy_apply(given("when = \"edge\";"), answer_with("104.21.80.230", "203.0.113.7"));
    assert_int_equal(answer->outcome, OUTCOME_ADDRESSES);
    assert_int_equal(answer->address_count, 1);
    assert_int_equal(answer_address(answer, 0).ipv4.s_addr, address_of("203.0.113.7").ipv4.s_addr);
    free(answer);
}

static void an_answer_of_edges_alone_has_no_origin(void **state) {
    (void)state;
    struct answer *answer = policy_apply(given("when = \"edge\";"), answer_with("104.21.80.230", "104.21.80.231"));
    assert_int_equal(answer->outcome, OUTCOME_NO_ORIGIN);
    free(answer);
    answer = policy_apply(given("when = \"edge\"; answers = { reject = [ \"203.0.113.7\" ]; };"),
                          answer_with("104.21.80.230", "203.0.113.7"));
    assert_int_equal(answer->outcome, OUTCOME_NO_ORIGIN);
    free(answer);
}

int main(void) {
#define TEST(function) cmocka_unit_test_teardown(function, forget)
    const struct CMUnitTest tests[] = {
        TEST(without_lists_everything_is_accepted),
        TEST(what_matches_nothing_is_accepted),
        TEST(the_longest_prefix_of_both_lists_decides),
        TEST(a_prefix_that_is_written_is_stronger_than_the_same_in_a_set),
        TEST(mapped_and_nat64_addresses_are_what_is_inside),
        TEST(the_lists_of_a_host_replace_the_general_ones),
        TEST(a_family_may_be_all_that_there_is),
        TEST(edges_are_known_without_any_list),
        TEST(edges_can_be_listed),
        TEST(edges_stay_in_an_answer_that_is_always_used),
        TEST(edges_are_taken_out_of_an_answer_that_replaces_one),
        TEST(an_answer_of_edges_alone_has_no_origin),
        TEST(rejected_addresses_are_taken_out),
        TEST(an_answer_without_rejected_addresses_is_itself),
        TEST(an_answer_that_is_rejected_as_a_whole_keeps_its_addresses),
        TEST(an_answer_without_addresses_is_never_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
