#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "originbypass/config/programs.h"

/* Patterns of `programs`, and whether the text of a configuration file leaves this program (the test) alone. */

static bool matches(const char *pattern) {
    static const char arguments[] = "-O\0/usr/share/app/worker.py\0a:b";
    return programs_match(pattern, "/usr/bin/python3.11", arguments, sizeof(arguments));
}

static void a_pattern_is_matched_with_the_whole_path(void **state) {
    (void)state;
    assert_true(matches("/usr/bin/python3.11"));
    assert_true(matches("/usr/bin/python3*"));
    assert_true(matches("/usr/bin/python[23].??"));
    assert_false(matches("/usr/bin/python3"));
    assert_false(matches("/bin/python3.11"));
}

static void a_star_matches_slashes_too(void **state) {
    (void)state;
    assert_true(matches("*/python3.*"));
    assert_true(matches("/usr/*"));
    assert_true(matches("*"));
}

static void behind_a_colon_stands_a_pattern_for_any_one_argument(void **state) {
    (void)state;
    assert_true(matches("*/python3*:*/worker.py"));
    assert_true(matches("*/python3*:-O"));
    assert_true(matches("*:a:b"));
    assert_false(matches("*:a"));
    assert_false(matches("*/python3*:worker.py"));
    assert_false(matches("*/perl:*/worker.py"));
    assert_false(matches("*/python3*:/usr/bin/python3.11"));
}

static void no_argument_matches_no_pattern_for_one(void **state) {
    (void)state;
    assert_true(programs_match("/a", "/a", "", 0));
    assert_false(programs_match("/a:*", "/a", "", 0));
}

static void an_unknown_path_matches_nothing(void **state) {
    (void)state;
    assert_false(programs_match("*", NULL, "", 0));
}

static void a_pattern_longer_than_any_path_matches_nothing(void **state) {
    (void)state;
    static char pattern[20000];
    memset(pattern, '*', sizeof(pattern) - 1);
    assert_false(matches(pattern));
}

static void a_pattern_begins_as_a_path_can(void **state) {
    (void)state;
    static const char *const good[] = {"/", "/bin/sh:-c", "*", "*/nginx", "?bin", "[/]bin/*"};
    static const char *const bad[] = {"", "nginx", ":-c", "-", "/a\\*", "./a"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(programs_is_pattern(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(programs_is_pattern(bad[i]));
}

/* `%1$s` is replaced by the path of this program. */
static bool leaves_us_alone(const char *format) {
    char path[4096], text[3 * sizeof(path)];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    assert_true(length > 0);
    path[length] = '\0';
    int size = snprintf(text, sizeof(text), format, path);
    assert_true(size >= 0 && (size_t)size < sizeof(text));
    return programs_leave_alone(text, (size_t)size);
}

static void what_is_excluded_is_left_alone(void **state) {
    (void)state;
    assert_true(leaves_us_alone("programs = { exclude = [ \"%1$s\" ]; };"));
    assert_true(leaves_us_alone("programs : { exclude : ( \"/bin/a\", \"*/test_programs\" ) }"));
    assert_false(leaves_us_alone("programs = { exclude = [ \"/bin/a\" ]; };"));
}

static void with_a_list_of_those_included_all_others_are_left_alone(void **state) {
    (void)state;
    assert_true(leaves_us_alone("programs = { include = [ \"/bin/a\" ]; };"));
    assert_false(leaves_us_alone("programs = { include = [ \"/bin/a\", \"%1$s\" ]; };"));
}

static void exclusion_wins_whatever_the_order(void **state) {
    (void)state;
    assert_true(leaves_us_alone("programs = { include = [ \"%1$s\" ]; exclude = [ \"%1$s\" ]; };"));
    assert_true(leaves_us_alone("programs = { exclude = [ \"%1$s\" ]; include = [ \"%1$s\" ]; };"));
}

static void empty_lists_leave_nobody_alone(void **state) {
    (void)state;
    assert_false(leaves_us_alone("programs = { include = [ ]; exclude = ( ); };"));
    assert_false(leaves_us_alone("programs = { };"));
    assert_false(leaves_us_alone(""));
}

static void only_the_outermost_group_of_that_name_counts(void **state) {
    (void)state;
    assert_false(leaves_us_alone("other = { programs = { exclude = [ \"%1$s\" ]; }; };"));
    assert_false(leaves_us_alone("# programs = { exclude = [ \"%1$s\" ]; };\n"));
    assert_false(leaves_us_alone("hosts = ( \"programs = { exclude = [ * ]; };\" );"));
    assert_true(leaves_us_alone("hosts = ( { name = \"a.b\"; } );\nprograms = { exclude = [ \"%1$s\" ]; };"));
}

static void a_mistake_elsewhere_changes_nothing(void **state) {
    (void)state;
    assert_true(leaves_us_alone("query = 5; colour = red;\nprograms = { exclude = [ \"%1$s\" ]; };"));
    assert_true(leaves_us_alone("programs = { exclude = [ \"%1$s\" ]; };\nhosts = ( "));
}

static void a_list_with_a_mistake_leaves_nobody_alone_so_that_it_is_told(void **state) {
    (void)state;
    assert_false(leaves_us_alone("programs = { include = [ \"nginx\" ]; };"));
    assert_false(leaves_us_alone("programs = { include = \"/bin/a\"; };"));
    assert_false(leaves_us_alone("programs = { include = [ 5 ]; };"));
    assert_false(leaves_us_alone("programs = { exclude = [ \"%1$s\", \"nginx\" ]; };"));
    assert_false(leaves_us_alone("programs = { exclude = [ \"%1$s\""));
    assert_false(leaves_us_alone("programs = { exclude"));
    assert_false(leaves_us_alone("programs"));
}

static void this_program_has_no_argument_to_match(void **state) {
    (void)state;
    assert_false(leaves_us_alone("programs = { exclude = [ \"%1$s:*\" ]; };"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_is_matched_with_the_whole_path),
        cmocka_unit_test(a_star_matches_slashes_too),
        cmocka_unit_test(behind_a_colon_stands_a_pattern_for_any_one_argument),
        cmocka_unit_test(no_argument_matches_no_pattern_for_one),
        cmocka_unit_test(an_unknown_path_matches_nothing),
        cmocka_unit_test(a_pattern_longer_than_any_path_matches_nothing),
        cmocka_unit_test(a_pattern_begins_as_a_path_can),
        cmocka_unit_test(what_is_excluded_is_left_alone),
        cmocka_unit_test(with_a_list_of_those_included_all_others_are_left_alone),
        cmocka_unit_test(exclusion_wins_whatever_the_order),
        cmocka_unit_test(empty_lists_leave_nobody_alone),
        cmocka_unit_test(only_the_outermost_group_of_that_name_counts),
        cmocka_unit_test(a_mistake_elsewhere_changes_nothing),
        cmocka_unit_test(a_list_with_a_mistake_leaves_nobody_alone_so_that_it_is_told),
        cmocka_unit_test(this_program_has_no_argument_to_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
