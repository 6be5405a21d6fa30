/* When a new answer replaces a remembered one: the tests cover every cell of the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "originbypass/cache/replacement.h"

static enum replacement rule(enum outcome known, enum outcome new, bool has_soa) {
    struct answer old = {.outcome = (uint8_t)known}, answer = {.outcome = (uint8_t) new, .has_soa = has_soa};
    return replacement_rule(&old, &answer);
}

static void addresses_are_replaced_by_addresses_and_by_well_formed_negative_answers(void **state) {
    (void)state;
    for (int soa = 0; soa < 2; soa++) {
        assert_int_equal(rule(OUTCOME_ADDRESSES, OUTCOME_ADDRESSES, soa), REPLACEMENT_NOW);
        assert_int_equal(rule(OUTCOME_ADDRESSES, OUTCOME_NO_ORIGIN, soa), REPLACEMENT_NOW);
    }
    assert_int_equal(rule(OUTCOME_ADDRESSES, OUTCOME_NO_NAME, true), REPLACEMENT_NOW);
    assert_int_equal(rule(OUTCOME_ADDRESSES, OUTCOME_NO_RECORD, true), REPLACEMENT_NOW);
}

static void addresses_are_replaced_by_a_negative_answer_without_soa_when_it_comes_again(void **state) {
    (void)state;
    assert_int_equal(rule(OUTCOME_ADDRESSES, OUTCOME_NO_NAME, false), REPLACEMENT_WHEN_AGAIN);
    assert_int_equal(rule(OUTCOME_ADDRESSES, OUTCOME_NO_RECORD, false), REPLACEMENT_WHEN_AGAIN);
}

static void addresses_are_replaced_by_nothing_that_is_of_no_use(void **state) {
    (void)state;
    static const enum outcome useless[] = {OUTCOME_FAILURE, OUTCOME_DANGLING, OUTCOME_ELSEWHERE, OUTCOME_REJECTED};
    for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++)
        for (int soa = 0; soa < 2; soa++)
            assert_int_equal(rule(OUTCOME_ADDRESSES, useless[i], soa), REPLACEMENT_NEVER);
}

static void what_is_no_address_is_replaced_by_whatever_comes(void **state) {
    (void)state;
    for (enum outcome new = OUTCOME_FAILURE; new < OUTCOME_COUNT; new ++)
        for (int soa = 0; soa < 2; soa++) {
            struct answer answer = {.outcome = (uint8_t) new, .has_soa = soa};
            assert_int_equal(replacement_rule(NULL, &answer), REPLACEMENT_NOW);
            for (enum outcome known = OUTCOME_FAILURE; known < OUTCOME_COUNT; known++)
                if (known != OUTCOME_ADDRESSES)
                    assert_int_equal(rule(known, new, soa), REPLACEMENT_NOW);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_replaced_by_addresses_and_by_well_formed_negative_answers),
        cmocka_unit_test(addresses_are_replaced_by_a_negative_answer_without_soa_when_it_comes_again),
        cmocka_unit_test(addresses_are_replaced_by_nothing_that_is_of_no_use),
        cmocka_unit_test(what_is_no_address_is_replaced_by_whatever_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
