/*
 * The lists with which calls were answered: one list per name, for one kind of call, valid while its answers do not
 * change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "originbypass/cache/cache.h"

#define NOW_MS UINT64_C(5000000)
#define LATER_MS UINT64_C(6000000)

static struct name name, other_name;

static void put_answer(const struct name *of, sa_family_t family) {
    static const uint8_t address[16] = {1};
    struct answer *answer = answer_build(&(struct answer_parts){
        .outcome = OUTCOME_ADDRESSES, .family = family, .ttl_s = 1, .addresses = address, .address_count = 1});
    assert_non_null(answer);
    cache_put(of, answer, &(struct cache_term){LATER_MS, LATER_MS, cache_generation()}, NOW_MS);
    free(answer);
}

static int with_two_names(void **state) {
    (void)state;
    cache_open(64);
    cache_clear();
    assert_true(name_fold(&name, "cdn.example.com"));
    assert_true(name_fold(&other_name, "www.example.com"));
    put_answer(&name, AF_INET);
    put_answer(&name, AF_INET6);
    put_answer(&other_name, AF_INET);
    return 0;
}

static uint32_t version_of(const struct name *of) {
    struct cache_copy copy;
    cache_copy_begin(&copy);
    assert_true(cache_get(of, NOW_MS, &copy));
    cache_copy_release(&copy);
    return copy.version;
}

static struct cache_list make_list(uint64_t key, uint32_t word_count) {
    struct cache_list list = {.key = {key, key, key}, .until_ms = LATER_MS, .word_count = word_count};
    for (uint32_t i = 0; i < word_count; i++)
        list.words[i] = key * 1000 + i;
    return list;
}

static void put_list(uint64_t key, uint32_t word_count) {
    struct cache_list list = make_list(key, word_count);
    cache_put_list(&name, version_of(&name), &list);
}

static bool has_list(const struct name *of, uint64_t key, uint32_t word_count, uint64_t at_ms) {
    struct cache_list expected = make_list(key, word_count), list = {.key = {key, key, key}};
    return cache_get_list(of, at_ms, &list) && list.word_count == word_count &&
           memcmp(list.words, expected.words, word_count * sizeof(list.words[0])) == 0;
}

static void a_list_is_found_by_name_and_key(void **state) {
    (void)state;
    put_list(7, 6);
    assert_true(has_list(&name, 7, 6, NOW_MS));
    assert_false(has_list(&name, 8, 6, NOW_MS));
    assert_false(has_list(&other_name, 7, 6, NOW_MS));
}

static void every_word_of_the_key_counts(void **state) {
    (void)state;
    put_list(7, 6);
    for (size_t i = 0; i < CACHE_KEY_WORDS; i++) {
        struct cache_list list = {.key = {7, 7, 7}};
        list.key[i]++;
        assert_false(cache_get_list(&name, NOW_MS, &list));
    }
}

static void a_list_has_its_time(void **state) {
    (void)state;
    put_list(7, 6);
    assert_true(has_list(&name, 7, 6, LATER_MS - 1));
    assert_false(has_list(&name, 7, 6, LATER_MS));
}

static void a_list_of_any_length_comes_back_whole(void **state) {
    (void)state;
    for (uint32_t words = 3; words <= CACHE_LIST_WORDS_MAX; words += 3) {
        put_list(words, words);
        assert_true(has_list(&name, words, words, NOW_MS));
    }
}

static void the_newer_list_takes_the_place_of_the_older(void **state) {
    (void)state;
    put_list(7, CACHE_LIST_WORDS_MAX);
    put_list(8, 3);
    assert_false(has_list(&name, 7, CACHE_LIST_WORDS_MAX, NOW_MS));
    assert_true(has_list(&name, 8, 3, NOW_MS));
}

static void a_new_answer_forgets_the_list(void **state) {
    (void)state;
    put_list(7, 6);
    put_answer(&name, AF_INET6);
    assert_false(has_list(&name, 7, 6, NOW_MS));
}

static void a_new_order_forgets_the_list(void **state) {
    (void)state;
    const uint16_t order[4] = {1, 0};
    put_list(7, 6);
    cache_put_order(&name, order, (size_t[]){1, 1}, LATER_MS);
    assert_false(has_list(&name, 7, 6, NOW_MS));
}

static void a_list_made_of_older_answers_is_dropped(void **state) {
    (void)state;
    struct cache_list list = make_list(7, 6);
    uint32_t version = version_of(&name);
    put_answer(&name, AF_INET);
    cache_put_list(&name, version, &list);
    assert_false(has_list(&name, 7, 6, NOW_MS));
}

static void a_cleared_cache_has_no_list(void **state) {
    (void)state;
    put_list(7, 6);
    cache_clear();
    assert_false(has_list(&name, 7, 6, NOW_MS));
    put_answer(&name, AF_INET);
    assert_false(has_list(&name, 7, 6, NOW_MS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_list_is_found_by_name_and_key, with_two_names),
        cmocka_unit_test_setup(every_word_of_the_key_counts, with_two_names),
        cmocka_unit_test_setup(a_list_has_its_time, with_two_names),
        cmocka_unit_test_setup(a_list_of_any_length_comes_back_whole, with_two_names),
        cmocka_unit_test_setup(the_newer_list_takes_the_place_of_the_older, with_two_names),
        cmocka_unit_test_setup(a_new_answer_forgets_the_list, with_two_names),
        cmocka_unit_test_setup(a_new_order_forgets_the_list, with_two_names),
        cmocka_unit_test_setup(a_list_made_of_older_answers_is_dropped, with_two_names),
        cmocka_unit_test_setup(a_cleared_cache_has_no_list, with_two_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
