/* How the command reads ELF files: this program's own file, and the same file damaged in many ways. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "originbypass/command/programs/elf_file.h"

static int self = -1, spoiled = -1;
static char *octets;
static size_t size;

enum { TEXTS_MAX = 16 };

static void free_all(char **texts, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
}

static int take_self(void **state) {
    struct stat status = {0};
    (void)state;
    self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    spoiled = memfd_create("spoiled", MFD_CLOEXEC);
    assert_true(self >= 0 && spoiled >= 0 && fstat(self, &status) == 0);
    size = (size_t)status.st_size;
    octets = malloc(size + 1);
    assert_int_equal(pread(self, octets, size, 0), size);
    return 0;
}

static int drop_self(void **state) {
    (void)state;
    free(octets);
    close(self);
    close(spoiled);
    return 0;
}

static void tells_what_this_program_is(void **state) {
    static const char *const libc[] = {"libnone.so", "libc.so", NULL}, *const none[] = {"libnone.so", NULL};
    struct elf_file elf;
    (void)state;
    assert_int_equal(elf_begin(&elf, self, size), ELF_NATIVE);
    char *loader = elf_loader(&elf), *needed = elf_needs(&elf, libc);
    assert_string_equal(loader, elf_own_loader());
    assert_int_equal(access(loader, X_OK), 0);
    assert_non_null(needed);
    assert_memory_equal(needed, "libc.so", 7);
    assert_null(elf_needs(&elf, none));
    assert_true(elf_has_section(&elf, ".text"));
    assert_false(elf_has_section(&elf, ".tex"));
    assert_true(elf_imports(&elf, "access"));
    assert_false(elf_imports(&elf, "elf_imports"));
    assert_false(elf_is_go(&elf));
    free(needed);
    free(loader);
    elf_end(&elf);
}

static void tells_which_of_several_functions_it_imports(void **state) {
    static const char *const functions[] = {"elf_imports", "access", NULL}, *const none[] = {"elf_imports", NULL};
    struct elf_file elf;
    (void)state;
    assert_int_equal(elf_begin(&elf, self, size), ELF_NATIVE);
    assert_ptr_equal(elf_imports_one(&elf, functions), functions[1]);
    assert_null(elf_imports_one(&elf, none));
    elf_end(&elf);
}

static bool has_text(char **texts, size_t count, const char *beginning) {
    bool found = false;
    for (size_t i = 0; i < count; i++)
        found = found || strncmp(texts[i], beginning, strlen(beginning)) == 0;
    return found;
}

static void lists_the_texts_of_a_tag_and_no_more_than_there_is_room_for(void **state) {
    char *texts[TEXTS_MAX], *one[1];
    struct elf_file elf;
    (void)state;
    assert_int_equal(elf_begin(&elf, self, size), ELF_NATIVE);
    size_t count = elf_dynamic_texts(&elf, DT_NEEDED, texts, TEXTS_MAX);
    assert_true(has_text(texts, count, "libc.so") && has_text(texts, count, "libcmocka.so"));
    assert_int_equal(elf_dynamic_texts(&elf, DT_NEEDED, one, 1), 1);
    assert_string_equal(one[0], texts[0]);
    assert_int_equal(elf_dynamic_texts(&elf, DT_SONAME, one + 1, 0), 0);
    free(one[0]);
    free_all(texts, count);
    elf_end(&elf);
}

/* Whatever the file is, all questions get a result, and no foreign memory is read (a sanitizer would report it). */
static enum elf_kind ask_everything(size_t length) {
    static const char *const all[] = {"", NULL};
    struct elf_file elf;
    enum elf_kind kind = elf_begin(&elf, spoiled, length);
    if (kind != ELF_NATIVE)
        return kind;
    free(elf_loader(&elf));
    free(elf_needs(&elf, all));
    free(elf_version_needed(&elf, ""));
    char *texts[TEXTS_MAX];
    free_all(texts, elf_dynamic_texts(&elf, DT_NEEDED, texts, TEXTS_MAX));
    (void)elf_has_section(&elf, ".none");
    (void)elf_imports(&elf, "none");
    elf_end(&elf);
    return kind;
}

static void write_whole(void) {
    assert_int_equal(ftruncate(spoiled, 0), 0);
    assert_int_equal(pwrite(spoiled, octets, size, 0), size);
}

static void spoil(size_t place, unsigned char octet) {
    assert_int_equal(pwrite(spoiled, &octet, 1, (off_t)place), 1);
    (void)ask_everything(size);
    assert_int_equal(pwrite(spoiled, octets + place, 1, (off_t)place), 1);
}

static void spoil_each(size_t from, size_t count) {
    static const unsigned char values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (size_t place = from; place < from + count && place < size; place++)
        for (size_t i = 0; i < sizeof(values); i++)
            spoil(place, values[i]);
}

static void survives_any_octet_of_its_headers(void **state) {
    elf_header header;
    (void)state;
    memcpy(&header, octets, sizeof(header));
    write_whole();
    spoil_each(0, sizeof(header));
    spoil_each(header.e_phoff, 3 * sizeof(elf_segment));
    spoil_each(header.e_shoff, 3 * sizeof(elf_section));
    spoil_each(header.e_shoff + header.e_shstrndx * sizeof(elf_section), sizeof(elf_section));
}

/* Damages the dynamic section, its symbols and their texts. */
static void survives_tables_that_lead_nowhere(void **state) {
    elf_header header;
    elf_section *sections;
    (void)state;
    memcpy(&header, octets, sizeof(header));
    sections = (void *)(octets + header.e_shoff);
    write_whole();
    for (size_t i = 0; i < header.e_shnum; i++)
        if (sections[i].sh_type == SHT_DYNSYM || sections[i].sh_type == SHT_DYNAMIC) {
            spoil_each(header.e_shoff + i * sizeof(elf_section), sizeof(elf_section));
            spoil_each(sections[i].sh_offset, 4 * sizeof(ElfW(Sym)));
        }
}

static void survives_a_file_that_is_cut_short(void **state) {
    (void)state;
    write_whole();
    for (size_t length = size; length > 0; length -= length / 16 + 1) {
        assert_int_equal(ftruncate(spoiled, (off_t)length), 0);
        enum elf_kind told = ask_everything(length);
        assert_int_equal(told, length < sizeof(elf_header) ? ELF_NONE : ELF_NATIVE);
        assert_int_equal(ask_everything(size), told); /* the file was longer when its size was determined */
    }
}

static void knows_other_machines_and_other_files(void **state) {
    static const unsigned char other_class = ELFCLASS32, other_order = ELFDATA2MSB, no_magic = 'G';
    (void)state;
    write_whole();
    assert_int_equal(pwrite(spoiled, &other_class, 1, EI_CLASS), 1);
    assert_int_equal(ask_everything(size), sizeof(void *) == 4 ? ELF_NATIVE : ELF_FOREIGN);
    write_whole();
    assert_int_equal(pwrite(spoiled, &other_order, 1, EI_DATA), 1);
    assert_int_equal(ask_everything(size), octets[EI_DATA] == ELFDATA2MSB ? ELF_NATIVE : ELF_FOREIGN);
    write_whole();
    assert_int_equal(pwrite(spoiled, "\xff\xff", 2, offsetof(elf_header, e_machine)), 2);
    assert_int_equal(ask_everything(size), ELF_FOREIGN);
    write_whole();
    assert_int_equal(pwrite(spoiled, &no_magic, 1, EI_MAG3), 1);
    assert_int_equal(ask_everything(size), ELF_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_this_program_is),
        cmocka_unit_test(tells_which_of_several_functions_it_imports),
        cmocka_unit_test(lists_the_texts_of_a_tag_and_no_more_than_there_is_room_for),
        cmocka_unit_test(survives_any_octet_of_its_headers),
        cmocka_unit_test(survives_tables_that_lead_nowhere),
        cmocka_unit_test(survives_a_file_that_is_cut_short),
        cmocka_unit_test(knows_other_machines_and_other_files),
    };
    return cmocka_run_group_tests(tests, take_self, drop_self);
}
