/*
 * The counters of many processes: which processes are alive, what the ended ones have counted, and that nothing is lost
 * or counted twice.
 */
#include "counters_of_processes.h"

#include <sys/file.h>
#include <time.h>

#include "originbypass/command/stats/stats_fold.h"
#include "originbypass/command/stats/stats_reading.h"
#include "originbypass/command/stats/stats_total.h"

/* The number of a namespace that is not ours. */
enum { ELSEWHERE = 12345 };

static struct stats_reading reading;

static void read_directory(void) {
    stats_reading_release(&reading);
    const char *fault = stats_reading_collect(directory, &reading);
    if (fault != NULL)
        fail_msg("%s", fault);
}

static uint64_t all_hits(void) {
    uint64_t hits = reading.dead[COUNTER_HITS];
    for (size_t i = 0; i < reading.process_count; i++)
        hits += reading.processes[i].figures[COUNTER_HITS];
    return hits;
}

static void assert_reading(size_t live, uint64_t dead, uint64_t hits) {
    read_directory();
    assert_int_equal(reading.process_count, live);
    assert_int_equal(reading.dead_count, dead);
    assert_int_equal(all_hits(), hits);
}

static int end(void **state) {
    stats_reading_release(&reading);
    return remove_directory(state);
}

static void a_process_is_listed_while_it_lives(void **state) {
    (void)state;
    pid_t child = count_in_child(0, 5, false);
    assert_reading(1, 0, 5);
    assert_int_equal(reading.processes[0].identity.pid, child);
    assert_int_equal(reading.processes[0].figures[COUNTER_HITS], 5);
    assert_int_equal(reading.processes[0].owner, geteuid());
    assert_string_equal(reading.processes[0].program, "tester");
    assert_true(reading.processes[0].is_here);
    end_child(child);
    assert_reading(0, 1, 5);
}

static void folding_keeps_what_the_dead_have_counted(void **state) {
    (void)state;
    pid_t child = count_in_child(0, 1, false);
    count_in_child(0, 10, true);
    count_in_child(0, 100, true);
    assert_reading(1, 2, 111);
    assert_int_equal(stats_fold(directory), 2);
    assert_int_equal(count_files(".counters"), 1);
    assert_int_equal(count_files(".total"), 1);
    assert_reading(1, 2, 111);
    end_child(child);
    assert_int_equal(stats_fold(directory), 1);
    assert_reading(0, 3, 111);
    assert_int_equal(count_files(""), 1);
}

static void of_another_namespace_lives_who_has_its_file(void **state) {
    (void)state;
    pid_t child = count_in_child(ELSEWHERE, 5, false);
    assert_reading(1, 0, 5);
    assert_false(reading.processes[0].is_here);
    assert_int_equal(stats_fold(directory), 0);
    end_child(child);
    assert_reading(0, 1, 5);
    assert_int_equal(stats_fold(directory), 1);
    assert_reading(0, 1, 5);
}

/* A child that has made no lookup still has the memory that it inherited from the process. */
static void who_has_no_process_is_dead_whoever_has_its_file(void **state) {
    (void)state;
    int pids[2];
    pid_t heir;
    assert_int_equal(pipe(pids), 0);
    pid_t child = fork();
    if (child == 0) {
        struct counters_writer writer;
        const char *fault = make_file(0, &writer);
        heir = fork();
        while (heir == 0)
            pause();
        _exit(fault != NULL || write(pids[1], &heir, sizeof(heir)) != (ssize_t)sizeof(heir));
    }
    assert_int_equal(read(pids[0], &heir, sizeof(heir)), sizeof(heir));
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_reading(0, 1, 0);
    kill(heir, SIGKILL);
    close(pids[0]);
    close(pids[1]);
}

/* ---- killed while folding ---- */

static char kept[64 * 1024];
static size_t kept_size;
static char kept_path[256];

static void keep(const char *path) {
    int file = open(path, O_RDONLY);
    kept_size = (size_t)read(file, kept, sizeof(kept));
    strcpy(kept_path, path);
    close(file);
}

static void put_back(void) {
    int file = open(kept_path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    assert_int_equal(write(file, kept, kept_size), kept_size);
    close(file);
}

static void a_file_counts_once_whose_folder_was_killed_before_he_removed_it(void **state) {
    (void)state;
    count_in_child(0, 5, true);
    each_file(".counters", keep);
    stats_fold(directory);
    put_back();
    assert_reading(0, 1, 5);
    assert_int_equal(stats_fold(directory), 0);
    assert_int_equal(count_files(".counters"), 0);
    assert_reading(0, 1, 5);
}

static void it_counts_once_though_another_process_has_died_meanwhile(void **state) {
    (void)state;
    count_in_child(0, 5, true);
    each_file(".counters", keep);
    stats_fold(directory);
    put_back();
    count_in_child(0, 10, true);
    assert_reading(0, 2, 15);
    assert_int_equal(stats_fold(directory), 1);
    assert_reading(0, 2, 15);
}

static void half_a_total_of_one_who_was_killed_is_not_in_the_way(void **state) {
    (void)state;
    char name[64];
    count_in_child(0, 5, true);
    snprintf(name, sizeof(name), "%u.total.new", (unsigned)geteuid());
    close(open(path_of(name, (char[256]){0}), O_WRONLY | O_CREAT, 0644));
    assert_int_equal(stats_fold(directory), 1);
    assert_reading(0, 1, 5);
    assert_int_equal(count_files(".new"), 0);
}

/* Two processes fold and are killed at any moment, while other processes start and end. */
static void no_sum_falls_while_folders_are_killed(void **state) {
    (void)state;
    enum { PROCESSES = 150 };
    uint64_t last = 0;
    for (int i = 0; i < PROCESSES; i++) {
        pid_t folders[2];
        count_in_child(i % 3 == 0 ? ELSEWHERE : 0, 1, true);
        for (int j = 0; j < 2; j++)
            if ((folders[j] = fork()) == 0)
                for (;;)
                    stats_fold(directory);
        struct timespec moment = {.tv_nsec = 1000L * (i * 37 % 400)};
        nanosleep(&moment, NULL);
        read_directory();
        assert_true(all_hits() >= last);
        last = all_hits();
        assert_int_equal(last, i + 1);
        for (int j = 0; j < 2; j++)
            end_child(folders[j]);
    }
    stats_fold(directory);
    assert_reading(0, PROCESSES, PROCESSES);
    assert_int_equal(count_files(".counters"), 0);
}

/* Only somebody who may write there can hold the lock, and nobody waits for it. */
static void nobody_waits_for_who_is_folding(void **state) {
    (void)state;
    struct stats_next_total next;
    count_in_child(0, 5, true);
    int other = open(directory, O_RDONLY);
    assert_true(stats_total_prepare(other, geteuid(), &next));
    assert_int_equal(stats_fold(directory), 0);
    assert_reading(0, 1, 5);
    stats_total_release(&next);
    assert_int_equal(stats_fold(directory), 1);
    assert_reading(0, 1, 5);
    close(other);
}

static void lock_to_read(const char *path) {
    int file = open(path, O_RDONLY);
    assert_int_equal(flock(file, LOCK_EX | LOCK_NB), 0); /* locked until the end of the program */
}

static void who_may_but_read_keeps_nobody_from_folding(void **state) {
    (void)state;
    count_in_child(0, 5, true);
    each_file("", lock_to_read);
    assert_int_equal(flock(open(directory, O_RDONLY), LOCK_EX | LOCK_NB), 0);
    assert_int_equal(stats_fold(directory), 1);
    count_in_child(0, 5, true);
    each_file(".total", lock_to_read);
    assert_int_equal(stats_fold(directory), 1);
    assert_reading(0, 2, 10);
}

static void give_if_it_is_another(const char *path) {
    if (strcmp(path, kept_path) != 0)
        assert_int_equal(chown(path, 65534, 65534), 0);
}

/* A user could write a total of their own to make root remove or hide another user's file. */
static void a_total_has_no_power_over_another_user_s_file(void **state) {
    (void)state;
    if (geteuid() != 0) {
        print_message("only root can give a file away\n");
        skip();
    }
    struct stats_total total = {.magic = STATS_TOTAL_MAGIC, .layout = STATS_TOTAL_LAYOUT, .serial = 1};
    count_in_child(0, 5, true);
    each_file(".counters", keep);
    assert_true(counters_file_parse_name(strrchr(kept_path, '/') + 1, &total.last));
    int file = open(path_of("65534.total", (char[256]){0}), O_WRONLY | O_CREAT, 0644);
    assert_int_equal(write(file, &total, sizeof(total)), sizeof(total));
    assert_int_equal(fchown(file, 65534, 65534), 0);
    close(file);
    assert_reading(0, 1, 5);
    count_in_child(0, 5, true);
    each_file(".counters", give_if_it_is_another);
    assert_int_equal(stats_fold(directory), 2);
    assert_reading(0, 2, 10);
}

static void a_process_that_lives_here_is_not_folded_whatever_its_file_says(void **state) {
    (void)state;
    struct counters_writer writer;
    assert_null(make_file(0, &writer));
    assert_true(write_hits(&writer, 3));
    counters_file_leave(&writer); /* as after execve(2) */
    assert_int_equal(stats_fold(directory), 0);
    assert_reading(1, 0, 3);
    assert_null(make_file(0, &writer));
    assert_true(write_hits(&writer, 4));
    assert_reading(1, 0, 7);
    counters_file_leave(&writer);
}

/* ---- what else the directory may contain ---- */

static void make(const char *name, const char *text) {
    int file = open(path_of(name, (char[256]){0}), O_WRONLY | O_CREAT | O_EXCL, 0644);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
}

static void other_files_are_passed_over(void **state) {
    (void)state;
    pid_t child = count_in_child(0, 5, false);
    make("README", "");
    make("1-2.counters", "");
    assert_int_equal(mkdir(path_of("x.total", (char[256]){0}), 0700), 0);
    assert_reading(1, 0, 5);
    assert_int_equal(reading.unread_count, 0);
    rmdir(path_of("x.total", (char[256]){0}));
    end_child(child);
}

static void what_can_not_be_read_is_named_and_left_alone(void **state) {
    (void)state;
    char path[256];
    make("1-2-3.counters", "");
    assert_int_equal(truncate(path_of("1-2-3.counters", path), sizeof(struct counters_file)), 0);
    int file = open(path, O_WRONLY);
    assert_int_equal(write(file, "nonsense", 8), 8);
    close(file);
    assert_int_equal(mkfifo(path_of("1-2-4.counters", path), 0600), 0);
    assert_int_equal(symlink("1-2-3.counters", path_of("1-2-5.counters", path)), 0);
    make("4711.total", "oops");
    assert_reading(0, 0, 0);
    assert_int_equal(reading.unread_count, 4);
    assert_string_equal(reading.unread[0].name, "1-2-3.counters");
    assert_non_null(strstr(reading.unread[0].reason, "another layout"));
    assert_string_equal(reading.unread[2].name, "1-2-5.counters");
    assert_non_null(strstr(reading.unread[2].reason, "symbolic link"));
    assert_string_equal(reading.unread[3].name, "4711.total");
    assert_int_equal(stats_fold(directory), 0);
    assert_int_equal(count_files(""), 4);
}

static void what_stands_in_place_of_a_total_is_not_followed(void **state) {
    (void)state;
    static const char *const places[] = {"%u.total", "%u.total.new"};
    char name[32], path[256], target[256];
    count_in_child(0, 5, true);
    make("target", "text");
    for (size_t i = 0; i < 2; i++) {
        struct stat status;
        snprintf(name, sizeof(name), places[i], (unsigned)geteuid());
        assert_int_equal(symlink(path_of("target", target), path_of(name, path)), 0);
        assert_int_equal(stats_fold(directory), 0);
        assert_reading(0, 1, 5);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(link(target, path), 0);
        assert_int_equal(stats_fold(directory), 0);
        assert_reading(0, 1, 5);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(stats_fold(directory), 0);
        assert_reading(0, 1, 5);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(stat(target, &status), 0);
        assert_int_equal(status.st_size, 4);
    }
    assert_int_equal(stats_fold(directory), 1);
    assert_reading(0, 1, 5);
}

static void cut(const char *path) {
    assert_int_equal(truncate(path, 100), 0);
}

static void grow(const char *path) {
    assert_int_equal(truncate(path, (off_t)1 << 40), 0);
}

static void a_file_of_another_size_does_no_harm(void **state) {
    (void)state;
    count_in_child(0, 5, true);
    each_file(".counters", grow);
    assert_reading(0, 1, 5);
    each_file(".counters", cut);
    assert_reading(0, 0, 0);
    assert_int_equal(stats_fold(directory), 0);
    assert_int_equal(count_files(""), 0);
    count_in_child(0, 5, true);
    assert_int_equal(stats_fold(directory), 1);
    each_file(".total", cut);
    assert_reading(0, 0, 0);
    assert_int_equal(reading.unread_count, 1);
}

static void a_directory_that_a_link_leads_to_or_all_may_write_is_not_folded(void **state) {
    (void)state;
    char link[128];
    count_in_child(0, 5, true);
    snprintf(link, sizeof(link), "%s.link", directory);
    assert_int_equal(symlink(directory, link), 0);
    assert_int_equal(stats_fold(link), 0);
    assert_non_null(stats_reading_collect(link, &reading));
    assert_int_equal(unlink(link), 0);
    assert_int_equal(chmod(directory, 0777), 0);
    assert_int_equal(stats_fold(directory), 0);
    assert_int_equal(chmod(directory, 01777), 0);
    assert_int_equal(stats_fold(directory), 1);
}

static void a_file_under_another_process_s_name_is_none(void **state) {
    (void)state;
    char path[256];
    count_in_child(0, 5, true);
    each_file(".counters", keep);
    assert_int_equal(rename(kept_path, path_of("1-2-3.counters", path)), 0);
    assert_reading(0, 0, 0);
    assert_int_equal(reading.unread_count, 1);
}

static void an_unfinished_file_goes_with_its_process(void **state) {
    (void)state;
    char name[COUNTERS_FILE_NAME_SIZE];
    struct counters_identity identity = counters_identity_of((uint32_t)getpid());
    counters_file_name(&identity, name);
    make(name, "");
    stats_fold(directory);
    assert_int_equal(count_files(".counters"), 1);
    identity.start_ticks++; /* of a former process with the same PID */
    counters_file_name(&identity, name);
    make(name, "");
    stats_fold(directory);
    assert_int_equal(count_files(".counters"), 1);
    assert_reading(0, 0, 0);
}

static void a_broken_total_is_not_written_over(void **state) {
    (void)state;
    char name[64];
    snprintf(name, sizeof(name), "%u.total", (unsigned)geteuid());
    make(name, "from another release");
    count_in_child(0, 5, true);
    assert_int_equal(stats_fold(directory), 0);
    assert_reading(0, 1, 5);
    assert_int_equal(reading.unread_count, 1);
}

static void a_total_is_believed_of_its_user_alone(void **state) {
    (void)state;
    if (geteuid() != 0) {
        print_message("only root can give a file away\n");
        skip();
    }
    count_in_child(0, 5, true);
    stats_fold(directory);
    assert_int_equal(chown(path_of("0.total", (char[256]){0}), 65534, 65534), 0);
    assert_reading(0, 0, 0);
    assert_int_equal(reading.unread_count, 1);
    count_in_child(0, 7, true);
    assert_int_equal(stats_fold(directory), 1); /* root's total replaces it */
    assert_reading(0, 1, 7);
    assert_int_equal(reading.unread_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_process_is_listed_while_it_lives),
        TEST(folding_keeps_what_the_dead_have_counted),
        TEST(of_another_namespace_lives_who_has_its_file),
        TEST(who_has_no_process_is_dead_whoever_has_its_file),
        TEST(a_file_counts_once_whose_folder_was_killed_before_he_removed_it),
        TEST(it_counts_once_though_another_process_has_died_meanwhile),
        TEST(half_a_total_of_one_who_was_killed_is_not_in_the_way),
        TEST(no_sum_falls_while_folders_are_killed),
        TEST(nobody_waits_for_who_is_folding),
        TEST(who_may_but_read_keeps_nobody_from_folding),
        TEST(a_total_has_no_power_over_another_user_s_file),
        TEST(a_process_that_lives_here_is_not_folded_whatever_its_file_says),
        TEST(other_files_are_passed_over),
        TEST(what_can_not_be_read_is_named_and_left_alone),
        TEST(what_stands_in_place_of_a_total_is_not_followed),
        TEST(a_file_of_another_size_does_no_harm),
        TEST(a_directory_that_a_link_leads_to_or_all_may_write_is_not_folded),
        TEST(a_file_under_another_process_s_name_is_none),
        TEST(an_unfinished_file_goes_with_its_process),
        TEST(a_broken_total_is_not_written_over),
        TEST(a_total_is_believed_of_its_user_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
