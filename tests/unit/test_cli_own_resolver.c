/* Signs of a resolver in files: this program's own, and the same file spoiled and enlarged. */
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "originbypass/command/programs/own_resolver.h"

static int copy = -1;
static char *octets, path[64];
static size_t size;

static const char resolv_conf[] = "/etc/resolv.conf";

/* This program has the path in it, as it has the reader. */
static void take_the_path_out(void) {
    for (char *at = octets; (at = memmem(at, size - (size_t)(at - octets), resolv_conf, strlen(resolv_conf))) != NULL;)
        *at = '-';
}

static int take_copy(void **state) {
    struct stat status = {0};
    (void)state;
    int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    copy = memfd_create("copy", MFD_CLOEXEC);
    assert_true(self >= 0 && copy >= 0 && fstat(self, &status) == 0);
    size = (size_t)status.st_size;
    octets = malloc(size + 1);
    assert_int_equal(pread(self, octets, size, 0), size);
    take_the_path_out();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", copy);
    close(self);
    return 0;
}

static int drop_copy(void **state) {
    (void)state;
    free(octets);
    close(copy);
    return 0;
}

static void write_copy(void) {
    assert_int_equal(ftruncate(copy, 0), 0);
    assert_int_equal(pwrite(copy, octets, size, 0), size);
}

static void look(struct own_resolver *found) {
    (void)own_resolver_find(NULL, path, found);
}

static void look_and_forget(void) {
    struct own_resolver found;
    look(&found);
    own_resolver_free(&found);
    assert_null(found.needed);
}

/* A text at the end of one piece that is read, at the beginning of the next, and across both. */
static void finds_a_path_across_the_pieces_that_it_reads(void **state) {
    static const size_t places[] = {1048560, 1048561, 1048568, 1048575, 1048576, 3 * 1048576 - 200, 5000000};
    struct own_resolver found;
    (void)state;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        size_t place = places[i] + (size / 1048576 + 1) * 1048576;
        write_copy();
        look(&found);
        bool had_it = found.has_resolv_conf;
        own_resolver_free(&found);
        assert_false(had_it);
        assert_int_equal(pwrite(copy, resolv_conf, strlen(resolv_conf), (off_t)place), strlen(resolv_conf));
        look(&found);
        assert_true(found.has_resolv_conf);
        own_resolver_free(&found);
    }
}

static void finds_nothing_where_there_is_no_file(void **state) {
    struct own_resolver found;
    (void)state;
    assert_false(own_resolver_find(NULL, "/nosuch/file", &found));
    assert_false(own_resolver_find(NULL, "/dev/zero", &found));
    assert_false(own_resolver_find("0", "/nosuch/file", &found));
    assert_int_equal(ftruncate(copy, 0), 0);
    assert_false(own_resolver_find(NULL, path, &found));
    assert_int_equal(pwrite(copy, resolv_conf, strlen(resolv_conf), 0), strlen(resolv_conf));
    assert_false(own_resolver_find(NULL, path, &found)); /* no program */
}

static void spoil_octets(size_t from, size_t count) {
    static const unsigned char values[] = {0x00, 0x7f, 0xff};
    for (size_t place = from; place < from + count && place < size; place++)
        for (size_t i = 0; i < sizeof(values); i++) {
            assert_int_equal(pwrite(copy, &values[i], 1, (off_t)place), 1);
            look_and_forget();
            assert_int_equal(pwrite(copy, octets + place, 1, (off_t)place), 1);
        }
}

/* The dynamic section names the libraries and the directories that are looked into. */
static void survives_a_dynamic_section_that_leads_anywhere(void **state) {
    ElfW(Ehdr) header;
    const ElfW(Shdr) * sections;
    (void)state;
    memcpy(&header, octets, sizeof(header));
    sections = (const void *)(octets + header.e_shoff);
    write_copy();
    for (size_t i = 0; i < header.e_shnum; i++)
        if (sections[i].sh_type == SHT_DYNAMIC) {
            spoil_octets(header.e_shoff + i * sizeof(sections[i]), sizeof(sections[i]));
            spoil_octets(sections[i].sh_offset, 3 * sizeof(ElfW(Dyn)));
        }
}

/* Each name that it needs becomes one of these: a path, a directory, a name with nothing in it. */
static void survives_libraries_of_any_name(void **state) {
    static const char *const names[] = {"/", ".", "..", "/dev/zero", "/proc/self/exe", "%s%n", ":"};
    (void)state;
    char *at = memmem(octets, size, "libc.so.6", 10);
    assert_non_null(at);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        write_copy();
        assert_true(pwrite(copy, names[i], strlen(names[i]) + 1, at - octets) > 0);
        look_and_forget();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_path_across_the_pieces_that_it_reads),
        cmocka_unit_test(finds_nothing_where_there_is_no_file),
        cmocka_unit_test(survives_a_dynamic_section_that_leads_anywhere),
        cmocka_unit_test(survives_libraries_of_any_name),
    };
    return cmocka_run_group_tests(tests, take_copy, drop_copy);
}
