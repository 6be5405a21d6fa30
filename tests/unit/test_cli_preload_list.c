/* The text of /etc/ld.so.preload: how it is read, and what remains of it after changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "originbypass/command/programs/preload_list.h"

static void assert_reads(const char *text, const char *const *paths) {
    struct preload_list list = preload_list_read(text);
    size_t i = 0;
    for (; paths[i] != NULL; i++) {
        assert_true(i < list.count);
        assert_string_equal(list.paths[i], paths[i]);
    }
    assert_int_equal(list.count, i);
    preload_list_free(&list);
}

static void reads_paths_between_blanks_colons_and_comments(void **state) {
    static const char *const none[] = {NULL}, *const one[] = {"/a.so", NULL}, *const two[] = {"/a.so", "/b.so", NULL};
    (void)state;
    assert_reads("", none);
    assert_reads(" \t:\n\n", none);
    assert_reads("# /a.so", none);
    assert_reads("/a.so", one);
    assert_reads("# x\n  # y /b.so\n/a.so#/b.so\n", one);
    assert_reads("/a.so:/b.so", two);
    assert_reads("\t/a.so \t/b.so # c", two);
    assert_reads("/a.so\n#\n/b.so\n#", two);
}

static void assert_without(const char *text, const char *expected) {
    char *rest = preload_list_without(text, "/x.so");
    assert_string_equal(rest, expected);
    free(rest);
}

static void takes_out_each_entry_of_a_path_and_leaves_the_others(void **state) {
    (void)state;
    assert_without("", "");
    assert_without("/x.so", "");
    assert_without("/x.so\n", "");
    assert_without(" \t/x.so: \n", "");
    assert_without("/x.so\n/x.so:/x.so /x.so\n", "");
    assert_without("/a.so\n/x.so\n/b.so\n", "/a.so\n/b.so\n");
    assert_without("/a.so /x.so /b.so", "/a.so /b.so");
    assert_without("/a.so:/x.so\n/b.so", "/a.so\n/b.so");
    assert_without("/x.so:/a.so\n", "/a.so\n");
    assert_without("  /x.so\t/a.so\n", "  /a.so\n");
    assert_without("/a.so:/x.so # why\n", "/a.so # why\n");
    assert_without("/x.so # why\n/a.so", "# why\n/a.so");
    assert_without("/x.so#why", "#why");
    assert_without("\n\n/x.so\n\n", "\n\n\n");
}

static void leaves_what_only_looks_like_it(void **state) {
    (void)state;
    static const char *const texts[] = {"/x.so.1\n", "/y/x.so", "# /x.so\n", "/a.so # :/x.so", "/x.s"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_without(texts[i], texts[i]);
}

static void is_what_it_was_after_an_entry_came_and_went(void **state) {
    static const char *const texts[] = {"",         "\n", "/a.so", "/a.so\n", "# c", "# c\n\n", "/a.so:/b.so # c\n ",
                                        "/a.so\n\n"};
    static const char *const last[] = {"/x.so", NULL};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char *with = preload_list_with(texts[i], "/x.so");
        assert_memory_equal(with, texts[i], strlen(texts[i]));
        assert_without(with, texts[i]);
        free(with);
    }
    char *commented = preload_list_with("# c", "/x.so");
    assert_reads(commented, last);
    free(commented);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_paths_between_blanks_colons_and_comments),
        cmocka_unit_test(takes_out_each_entry_of_a_path_and_leaves_the_others),
        cmocka_unit_test(leaves_what_only_looks_like_it),
        cmocka_unit_test(is_what_it_was_after_an_entry_came_and_went),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
