/* The file that a process has its counters in. */
#include "counters_of_processes.h"

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>

static struct counters_identity own_identity(void) {
    return counters_identity_of((uint32_t)getpid());
}

static int open_own_file(void) {
    char name[COUNTERS_FILE_NAME_SIZE];
    struct counters_identity identity = own_identity();
    counters_file_name(&identity, name);
    int file = open(path_of(name, (char[256]){0}), O_RDWR);
    assert_true(file >= 0);
    return file;
}

static void assert_own_file_has(enum counters_fault fault, uint64_t hits, struct counters_copy *copy) {
    int file = open_own_file();
    assert_int_equal(counters_file_read(file, copy), fault);
    assert_int_equal(copy->figures[COUNTER_HITS], hits);
    close(file);
}

static void name_and_identity_say_the_same(void **state) {
    (void)state;
    struct counters_identity identity = {.pid_namespace = 4026531836, .pid = 12, .start_ticks = 345}, again;
    char name[COUNTERS_FILE_NAME_SIZE];
    counters_file_name(&identity, name);
    assert_string_equal(name, "4026531836-12-345.counters");
    assert_true(counters_file_parse_name(name, &again));
    assert_memory_equal(&again, &identity, sizeof(identity));
}

static void other_names_are_none(void **state) {
    (void)state;
    static const char *const others[] = {"",
                                         ".",
                                         "1-2.counters",
                                         "1-2-3.counter",
                                         "1-2-3.counters2",
                                         "01-2-3.counters",
                                         "-1-2-3.counters",
                                         " 1-2-3.counters",
                                         "1-4294967297-3.counters",
                                         "1-2-99999999999999999999.counters",
                                         "0.total"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct counters_identity identity;
        if (counters_file_parse_name(others[i], &identity))
            fail_msg("taken for a name: \"%s\"", others[i]);
    }
}

static void a_process_is_known_by_namespace_pid_and_start(void **state) {
    (void)state;
    struct counters_identity one = own_identity(), other = own_identity();
    struct stat status;
    assert_int_equal(stat("/proc/self/ns/pid", &status), 0);
    assert_int_equal(one.pid_namespace, status.st_ino);
    assert_int_equal(one.pid, getpid());
    assert_true(one.start_ticks > 0);
    assert_memory_equal(&one, &other, sizeof(one));
}

static void what_is_counted_is_in_the_file_at_once(void **state) {
    (void)state;
    const char *fault;
    struct counters_copy copy;
    struct counters_file *file = make_file(0, &fault);
    assert_non_null(file);
    atomic_fetch_add(&file->blocks[0].figures[COUNTER_HITS], 2);
    atomic_fetch_add(&file->blocks[COUNTER_BLOCKS - 1].figures[COUNTER_HITS], 3);
    assert_own_file_has(COUNTERS_READ, 5, &copy);
    assert_string_equal(copy.program, "tester");
    assert_int_equal(copy.identity.pid, getpid());
}

static void another_program_of_the_process_counts_on(void **state) {
    (void)state;
    const char *fault;
    struct counters_copy copy;
    atomic_fetch_add(&make_file(0, &fault)->blocks[0].figures[COUNTER_HITS], 2);
    atomic_fetch_add(&make_file(0, &fault)->blocks[0].figures[COUNTER_HITS], 3);
    assert_own_file_has(COUNTERS_READ, 5, &copy);
    assert_int_equal(count_files(".counters"), 1);
}

static void a_file_takes_the_place_of_another_in_memory(void **state) {
    (void)state;
    const char *fault;
    struct counters_copy copy;
    struct descriptor opened;
    struct counters_identity identity = own_identity();
    struct counters_file *place = make_file(1, &fault);
    assert_null(counters_directory_open(directory, &opened));
    assert_ptr_equal(counters_file_make(opened.number, &identity, "tester", place, &fault), place);
    descriptor_close(&opened);
    atomic_fetch_add(&place->blocks[0].figures[COUNTER_HITS], 7);
    assert_own_file_has(COUNTERS_READ, 7, &copy);
}

static void what_stands_in_its_place_is_not_touched(void **state) {
    (void)state;
    char name[COUNTERS_FILE_NAME_SIZE], path[256], target[256];
    const char *fault;
    struct stat status;
    struct counters_identity identity = own_identity();
    counters_file_name(&identity, name);
    int file = open(path_of("target", target), O_WRONLY | O_CREAT, 0600);
    assert_int_equal(symlink(target, path_of(name, path)), 0);
    assert_null(make_file(0, &fault));
    assert_non_null(fault);
    assert_int_equal(fstat(file, &status), 0);
    assert_int_equal(status.st_size, 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(link(target, path), 0);
    assert_null(make_file(0, &fault));
    assert_int_equal(fstat(file, &status), 0);
    assert_int_equal(status.st_size, 0);
    close(file);
}

static void a_limit_for_files_is_an_error_and_no_signal(void **state) {
    (void)state;
    const char *fault = "none";
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct counters_file *file = make_file(0, &fault);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_null(file);
    assert_non_null(strstr(fault, "ulimit -f"));
    assert_int_equal(count_files(""), 0);
}

static void no_descriptor_stays_open(void **state) {
    (void)state;
    const char *fault;
    int before = dup(0);
    close(before);
    assert_non_null(make_file(0, &fault));
    int after = dup(0);
    close(after);
    assert_int_equal(after, before);
}

static void what_is_known_of_the_configuration_is_read_as_a_whole(void **state) {
    (void)state;
    const char *fault;
    struct counters_copy copy;
    struct counters_file *file = make_file(0, &fault);
    struct counters_load load = {.generation = 3, .successful = 0, .loaded_s = 100, .refused_s = 200};
    strcpy(load.error, "/etc/x.conf:2: oops");
    counters_file_tell(file, &load);
    assert_own_file_has(COUNTERS_READ, 0, &copy);
    assert_memory_equal(&copy.load, &load, sizeof(load));
    atomic_fetch_add(&file->header.sequence, 1); /* as of one who died over it */
    assert_own_file_has(COUNTERS_READ, 0, &copy);
    assert_int_equal(copy.load.generation, 0);
    counters_file_tell(file, &load);
    assert_own_file_has(COUNTERS_READ, 0, &copy);
    assert_int_equal(copy.load.generation, 3);
}

static void a_file_that_is_not_whole_is_not_read(void **state) {
    (void)state;
    const char *fault;
    struct counters_copy copy;
    struct counters_file *file = make_file(0, &fault);
    int number = open_own_file();
    atomic_store(&file->header.magic, 0);
    assert_int_equal(counters_file_read(number, &copy), COUNTERS_UNFINISHED);
    atomic_store(&file->header.magic, COUNTERS_FILE_MAGIC + 1);
    assert_int_equal(counters_file_read(number, &copy), COUNTERS_FOREIGN);
    atomic_store(&file->header.magic, COUNTERS_FILE_MAGIC);
    file->header.layout++;
    assert_int_equal(counters_file_read(number, &copy), COUNTERS_FOREIGN);
    file->header.layout--;
    assert_int_equal(counters_file_read(number, &copy), COUNTERS_READ);
    assert_int_equal(ftruncate(number, 100), 0);
    assert_int_equal(counters_file_read(number, &copy), COUNTERS_UNFINISHED);
    close(number);
    number = open("/dev/zero", O_RDONLY);
    assert_int_equal(counters_file_read(number, &copy), COUNTERS_FOREIGN);
    close(number);
}

static void texts_that_have_no_end_get_one(void **state) {
    (void)state;
    const char *fault;
    struct counters_copy copy;
    struct counters_file *file = make_file(0, &fault);
    memset(file->header.program, 'p', sizeof(file->header.program));
    memset(file->header.version, 'v', sizeof(file->header.version));
    memset(file->header.load.error, 'e', sizeof(file->header.load.error));
    assert_own_file_has(COUNTERS_READ, 0, &copy);
    assert_int_equal(strlen(copy.program), sizeof(copy.program) - 1);
    assert_int_equal(strlen(copy.version), sizeof(copy.version) - 1);
    assert_int_equal(strlen(copy.load.error), sizeof(copy.load.error) - 1);
}

static void the_file_is_locked_as_long_as_it_is_mapped(void **state) {
    (void)state;
    const char *fault;
    struct counters_file *file = make_file(0, &fault);
    int number = open_own_file();
    assert_int_equal(file->header.held, 1);
    assert_int_equal(flock(number, LOCK_EX | LOCK_NB), -1);
    assert_int_equal(munmap(file, sizeof(*file)), 0);
    assert_int_equal(flock(number, LOCK_EX | LOCK_NB), 0);
    close(number);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(name_and_identity_say_the_same),
        TEST(other_names_are_none),
        TEST(a_process_is_known_by_namespace_pid_and_start),
        TEST(what_is_counted_is_in_the_file_at_once),
        TEST(another_program_of_the_process_counts_on),
        TEST(a_file_takes_the_place_of_another_in_memory),
        TEST(what_stands_in_its_place_is_not_touched),
        TEST(a_limit_for_files_is_an_error_and_no_signal),
        TEST(no_descriptor_stays_open),
        TEST(what_is_known_of_the_configuration_is_read_as_a_whole),
        TEST(a_file_that_is_not_whole_is_not_read),
        TEST(texts_that_have_no_end_get_one),
        TEST(the_file_is_locked_as_long_as_it_is_mapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
