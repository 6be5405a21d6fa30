/* The file in which a process keeps its counters. */
#include "counters_of_processes.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

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

static struct counters_writer own;

static int leave(void **state) {
    counters_file_leave(&own);
    return remove_directory(state);
}

static void what_is_written_is_in_the_file(void **state) {
    (void)state;
    struct counters_copy copy;
    assert_null(make_file(0, &own));
    assert_own_file_has(COUNTERS_READ, 0, &copy);
    static const uint64_t steps[] = {5, 2047, 2048, 5000, UINT32_MAX, (uint64_t)UINT32_MAX + 1, UINT64_C(1) << 40};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        assert_true(write_hits(&own, steps[i]));
        assert_own_file_has(COUNTERS_READ, steps[i], &copy);
    }
    assert_string_equal(copy.program, "tester");
    assert_int_equal(copy.identity.pid, getpid());
    assert_true(copy.locked);
}

static void another_program_of_the_process_counts_on(void **state) {
    (void)state;
    struct counters_copy copy;
    for (uint64_t i = 0; i < 3; i++) {
        assert_null(make_file(0, &own));
        assert_true(write_hits(&own, 2));
        counters_file_leave(&own);
        assert_own_file_has(COUNTERS_READ, 2 * (i + 1), &copy);
    }
    assert_int_equal(count_files(".counters"), 1);
}

/* An instruction of ours that accessed the lost part would cause SIGBUS. */
static void a_file_that_was_made_shorter_is_an_error_and_no_signal(void **state) {
    (void)state;
    assert_null(make_file(0, &own));
    int file = open_own_file();
    assert_int_equal(ftruncate(file, 0), 0);
    assert_false(write_hits(&own, 1));
    assert_int_equal(ftruncate(file, sizeof(struct counters_file)), 0);
    assert_true(write_hits(&own, 2));
    close(file);
}

static void cut_all_the_time(const char *path) {
    for (;;)
        if (truncate(path, 0) != 0 || truncate(path, sizeof(struct counters_file)) != 0)
            _exit(1);
}

static void it_is_none_at_whatever_moment(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++) {
        pid_t child = fork();
        if (child == 0)
            for (;;)
                each_file(".counters", cut_all_the_time);
        const char *fault = make_file(0, &own);
        for (uint64_t hits = 0; fault == NULL && hits < 500; hits++)
            (void)write_hits(&own, hits);
        counters_file_leave(&own);
        end_child(child);
        each_file(".counters", remove_file);
    }
}

static void what_stands_in_its_place_is_not_touched(void **state) {
    (void)state;
    char name[COUNTERS_FILE_NAME_SIZE], path[256], target[256];
    struct stat status;
    struct counters_identity identity = own_identity();
    counters_file_name(&identity, name);
    int file = open(path_of("target", target), O_WRONLY | O_CREAT, 0600);
    assert_int_equal(symlink(target, path_of(name, path)), 0);
    assert_non_null(make_file(0, &own));
    assert_int_equal(fstat(file, &status), 0);
    assert_int_equal(status.st_size, 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(link(target, path), 0);
    assert_non_null(make_file(0, &own));
    assert_int_equal(fstat(file, &status), 0);
    assert_int_equal(status.st_size, 0);
    close(file);
}

static void a_limit_for_files_is_an_error_and_no_signal(void **state) {
    (void)state;
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = sizeof(struct counters_file) - 1;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const char *fault = make_file(0, &own);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_non_null(fault);
    assert_non_null(strstr(fault, "ulimit -f"));
    assert_int_equal(count_files(""), 0);
}

static void no_descriptor_stays_open(void **state) {
    (void)state;
    int before = dup(0);
    close(before);
    assert_null(make_file(0, &own));
    int after = dup(0);
    close(after);
    assert_int_equal(after, before);
}

/* Write into the file as another process or a broken disk would. */
static void poke(size_t offset, const void *octets, size_t size) {
    int file = open_own_file();
    assert_int_equal(pwrite(file, octets, size, (off_t)offset), size);
    close(file);
}

#define OFFSET(member) offsetof(struct counters_header, member)

static void what_is_known_of_the_configuration_is_read_as_a_whole(void **state) {
    (void)state;
    struct counters_copy copy;
    struct counters_load load = {.generation = 3, .successful = 0, .loaded_s = 100, .refused_s = 200};
    uint64_t figures[COUNTER_COUNT] = {0};
    uint32_t odd = 5;
    strcpy(load.error, "/etc/x.conf:2: oops");
    assert_null(make_file(0, &own));
    assert_true(counters_file_write(&own, figures, &load));
    assert_own_file_has(COUNTERS_READ, 0, &copy);
    assert_memory_equal(&copy.load, &load, sizeof(load));
    poke(OFFSET(sequence), &odd, sizeof(odd)); /* as if a writer had died in the middle */
    assert_own_file_has(COUNTERS_READ, 0, &copy);
    assert_int_equal(copy.load.generation, 0);
    counters_file_leave(&own);
    assert_null(make_file(0, &own)); /* the next program of the process */
    assert_true(counters_file_write(&own, figures, &load));
    assert_own_file_has(COUNTERS_READ, 0, &copy);
    assert_int_equal(copy.load.generation, 3);
}

/* Writes forever, with pauses in which a reader finds the file settled. */
static void write_again_and_again(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (uint64_t i = 1;; i++) {
        uint64_t figures[COUNTER_COUNT] = {[COUNTER_HITS] = i, [COUNTER_REFUSED_RELOADS] = i};
        struct counters_load load = {.generation = (uint32_t)i, .loaded_s = (int64_t)i};
        counters_file_write(&own, figures, &load);
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
}

/* The exception: if a writer was active for too long, the copy says nothing about the configuration. */
static void a_copy_is_of_one_moment(void **state) {
    (void)state;
    assert_null(make_file(0, &own));
    pid_t child = fork();
    if (child == 0)
        write_again_and_again();
    for (int settled = 0; settled < 1000;) {
        struct counters_copy copy;
        int file = open_own_file();
        assert_int_equal(counters_file_read(file, &copy), COUNTERS_READ);
        close(file);
        if (copy.load.generation == 0)
            continue;
        settled++;
        assert_int_equal(copy.figures[COUNTER_HITS], copy.figures[COUNTER_REFUSED_RELOADS]);
        assert_int_equal(copy.load.generation, copy.load.loaded_s);
    }
    end_child(child);
}

static void a_file_that_is_not_whole_is_not_read(void **state) {
    (void)state;
    struct counters_copy copy;
    uint64_t magic = COUNTERS_FILE_MAGIC, other_magic = COUNTERS_FILE_MAGIC + 1;
    uint32_t layout = COUNTERS_FILE_LAYOUT, other_layout = COUNTERS_FILE_LAYOUT + 1;
    assert_null(make_file(0, &own));
    poke(OFFSET(magic), &other_magic, sizeof(magic));
    assert_own_file_has(COUNTERS_FOREIGN, 0, &copy);
    poke(OFFSET(magic), &magic, sizeof(magic));
    poke(OFFSET(layout), &other_layout, sizeof(layout));
    assert_own_file_has(COUNTERS_FOREIGN, 0, &copy);
    poke(OFFSET(layout), &layout, sizeof(layout));
    assert_own_file_has(COUNTERS_READ, 0, &copy);
    int number = open_own_file();
    assert_int_equal(ftruncate(number, 100), 0);
    assert_int_equal(counters_file_read(number, &copy), COUNTERS_UNFINISHED);
    close(number);
    number = open("/dev/zero", O_RDONLY);
    assert_int_equal(counters_file_read(number, &copy), COUNTERS_FOREIGN);
    close(number);
}

static void texts_that_have_no_end_get_one(void **state) {
    (void)state;
    struct counters_copy copy;
    char letters[512];
    memset(letters, 'x', sizeof(letters));
    assert_null(make_file(0, &own));
    poke(OFFSET(program), letters, 64);
    poke(OFFSET(version), letters, 28);
    poke(OFFSET(load.error), letters, 512);
    assert_own_file_has(COUNTERS_READ, 0, &copy);
    assert_int_equal(strlen(copy.program), sizeof(copy.program) - 1);
    assert_int_equal(strlen(copy.version), sizeof(copy.version) - 1);
    assert_int_equal(strlen(copy.load.error), sizeof(copy.load.error) - 1);
}

static void the_file_has_a_sign_of_life_as_long_as_it_is_mapped(void **state) {
    (void)state;
    assert_null(make_file(0, &own));
    int number = open_own_file();
    assert_int_equal(counters_file_sign(number), COUNTERS_SIGN_LIFE);
    assert_false(counters_file_lock(number, F_WRLCK));
    counters_file_leave(&own);
    assert_int_equal(counters_file_sign(number), COUNTERS_SIGN_NONE);
    assert_true(counters_file_lock(number, F_WRLCK));
    int other = open_own_file();
    assert_int_equal(counters_file_sign(other), COUNTERS_SIGN_FOLDED);
    close(other);
    close(number);
}

static void who_is_just_folded_comes_back_later(void **state) {
    (void)state;
    struct counters_copy copy;
    assert_null(make_file(0, &own));
    assert_true(write_hits(&own, 3));
    counters_file_leave(&own);
    int folder = open_own_file();
    assert_true(counters_file_lock(folder, F_WRLCK));
    assert_null(make_file(0, &own));
    assert_null(own.mapped);
    each_file(".counters", remove_file);
    close(folder);
    assert_null(make_file(0, &own));
    assert_true(write_hits(&own, 2));
    assert_own_file_has(COUNTERS_READ, 2, &copy);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, leave)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(name_and_identity_say_the_same),
        TEST(other_names_are_none),
        TEST(a_process_is_known_by_namespace_pid_and_start),
        TEST(what_is_written_is_in_the_file),
        TEST(another_program_of_the_process_counts_on),
        TEST(a_file_that_was_made_shorter_is_an_error_and_no_signal),
        TEST(it_is_none_at_whatever_moment),
        TEST(what_stands_in_its_place_is_not_touched),
        TEST(a_limit_for_files_is_an_error_and_no_signal),
        TEST(no_descriptor_stays_open),
        TEST(what_is_known_of_the_configuration_is_read_as_a_whole),
        TEST(a_copy_is_of_one_moment),
        TEST(a_file_that_is_not_whole_is_not_read),
        TEST(texts_that_have_no_end_get_one),
        TEST(the_file_has_a_sign_of_life_as_long_as_it_is_mapped),
        TEST(who_is_just_folded_comes_back_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
