/* "Did you mean": the word that is nearest to what somebody typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "originbypass/command/base/nearest.h"

static const char *const words[] = {
    "run", "resolve", "check", "doctor", "ORIGIN_BYPASS_HOSTS", "ORIGIN_BYPASS_LOG_LEVEL"};

static const char *nearest(const char *written) {
    return nearest_word(written, words, sizeof(words) / sizeof(words[0]));
}

static void knows_a_letter_too_few_too_many_and_another(void **state) {
    (void)state;
    assert_string_equal("ORIGIN_BYPASS_HOSTS", nearest("ORIGIN_BYPASS_HOST"));
    assert_string_equal("ORIGIN_BYPASS_LOG_LEVEL", nearest("ORIGIN_BYPASS_LOGLEVEL"));
    assert_string_equal("check", nearest("chekc"));
    assert_string_equal("doctor", nearest("docter"));
    assert_string_equal("resolve", nearest("rresolve"));
}

static void does_not_mind_the_case(void **state) {
    (void)state;
    assert_string_equal("ORIGIN_BYPASS_HOSTS", nearest("origin_bypass_hosts"));
    assert_string_equal("run", nearest("RUN"));
}

static void knows_nothing_that_is_near_to_another_word(void **state) {
    (void)state;
    assert_null(nearest("install"));
    assert_null(nearest("SERVICE_HOST"));
    assert_null(nearest("r"));
    assert_null(nearest(""));
}

static void minds_no_length(void **state) {
    char longer[4096];
    (void)state;
    memset(longer, 'r', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_null(nearest(longer));
    const char *const list[] = {longer, "run"};
    assert_string_equal("run", nearest_word("rum", list, 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_a_letter_too_few_too_many_and_another),
        cmocka_unit_test(does_not_mind_the_case),
        cmocka_unit_test(knows_nothing_that_is_near_to_another_word),
        cmocka_unit_test(minds_no_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
