/* Where lines go, and that the program does not notice. Every test looks from the program's side. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "originbypass/guest/clock.h"
#include "originbypass/guest/destination.h"
#include "originbypass/guest/stream.h"

#define LINE "{\"level\":\"warn\"}\n"
#define HANG_S 60
#define RACE_MS 3000

static char directory[] = "/tmp/test_destination.XXXXXX";
static volatile sig_atomic_t handled;

static void count_signal(int number) {
    (void)number;
    handled++;
}

static const char *path_of(const char *name) {
    static char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static int create_file(const char *name, int flags) {
    int descriptor = open(path_of(name), flags | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_not_equal(descriptor, -1);
    return descriptor;
}

static void write_line(void) {
    destination_write(LINE, strlen(LINE));
}

/** Call `write_lines` with number 2 being `at_load` while it is remembered, and `now` afterwards; -1: closed. */
static void with_stderr(int at_load, int now, void (*write_lines)(void)) {
    int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    close(STDERR_FILENO);
    if (at_load != -1)
        dup2(at_load, STDERR_FILENO);
    streams_remember();
    close(STDERR_FILENO);
    if (now != -1)
        dup2(now, STDERR_FILENO);
    write_lines();
    dup2(saved, STDERR_FILENO);
    close(saved);
}

/** Everything that can be read now, as text. The descriptor is made non-blocking for this. */
static const char *arrived(int descriptor) {
    static char text[128 * 1024];
    size_t size = 0;
    ssize_t count;
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    while ((count = read(descriptor, text + size, sizeof(text) - 1 - size)) > 0)
        size += (size_t)count;
    text[size] = '\0';
    return text;
}

static const char *content_of(const char *name) {
    int descriptor = open(path_of(name), O_RDONLY | O_CLOEXEC);
    if (descriptor == -1)
        return "no such file";
    const char *content = arrived(descriptor);
    close(descriptor);
    return content;
}

static void close_both(const int ends[2]) {
    close(ends[0]);
    close(ends[1]);
}

/** Fill a pipe except for the last `pages` pages. */
static void fill_pipe(int descriptor, int pages) {
    static char page[4096];
    memset(page, '.', sizeof(page));
    int free_pages = fcntl(descriptor, F_GETPIPE_SZ) / (int)sizeof(page);
    for (; free_pages > pages; free_pages--)
        assert_int_equal(write(descriptor, page, sizeof(page)), sizeof(page));
}

static int lowest_free_number(void) {
    int number = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(number);
    return number;
}

static int descriptor_count(void) {
    int count = 0;
    for (int descriptor = 0; descriptor < 4096; descriptor++)
        count += fcntl(descriptor, F_GETFD) != -1;
    return count;
}

/**
 * The status (waitpid(2)) of a child that ends or stops, or that is killed because it hangs. (It may have blocked
 * SIGALRM.)
 */
static int status_of(pid_t child) {
    int status = -1;
    for (int waited_ms = 0; waitpid(child, &status, WUNTRACED | WNOHANG) == 0; waited_ms += 5) {
        if (waited_ms > HANG_S * 1000)
            kill(child, SIGKILL);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    if (WIFSTOPPED(status)) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    return status;
}

/** Run `body` in a child. Returns 0, unless the child died, was stopped, hung, or ended with another status. */
static int status_of_child(void (*body)(void)) {
    pid_t child = fork();
    if (child == 0) {
        body();
        _exit(0);
    }
    return status_of(child);
}

static void a_pipe_gets_the_line(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    with_stderr(ends[1], ends[1], write_line);
    assert_string_equal(arrived(ends[0]), LINE);
    close_both(ends);
}

static void write_longest_line(void) {
    char line[DESTINATION_LINE_SIZE];
    memset(line, 'x', sizeof(line));
    destination_write(line, sizeof(line));
}

static void the_longest_line_is_one_write(void **state) {
    (void)state;
    int ends[2];
    char packet[2 * DESTINATION_LINE_SIZE];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_DIRECT), 0); /* a packet for each write */
    with_stderr(ends[1], ends[1], write_longest_line);
    with_stderr(ends[1], ends[1], write_line);
    assert_int_equal(read(ends[0], packet, sizeof(packet)), DESTINATION_LINE_SIZE);
    assert_int_equal(read(ends[0], packet, sizeof(packet)), strlen(LINE));
    close_both(ends);
}

static int full_pipe[2];

static void write_longest_line_to_full_pipe(void) {
    with_stderr(full_pipe[1], full_pipe[1], write_longest_line);
}

static void the_last_page_of_a_pipe_takes_the_longest_line(void **state) {
    (void)state;
    assert_int_equal(pipe2(full_pipe, O_CLOEXEC), 0);
    fill_pipe(full_pipe[1], 1);
    assert_int_equal(status_of_child(write_longest_line_to_full_pipe), 0);
    const char *text = arrived(full_pipe[0]);
    size_t filler = (size_t)fcntl(full_pipe[1], F_GETPIPE_SZ) - DESTINATION_LINE_SIZE;
    assert_int_equal(strspn(text + filler, "x"), DESTINATION_LINE_SIZE);
    close_both(full_pipe);
}

static void write_line_to_full_pipe(void) {
    with_stderr(full_pipe[1], full_pipe[1], write_line);
}

static void a_full_pipe_drops_the_line(void **state) {
    (void)state;
    assert_int_equal(pipe2(full_pipe, O_CLOEXEC), 0);
    fill_pipe(full_pipe[1], 0);
    assert_int_equal(status_of_child(write_line_to_full_pipe), 0);
    assert_null(strstr(arrived(full_pipe[0]), LINE));
    close_both(full_pipe);
}

static void the_flags_of_a_shared_pipe_stay(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    int before = fcntl(ends[1], F_GETFL);
    with_stderr(ends[1], ends[1], write_line);
    assert_int_equal(fcntl(ends[1], F_GETFL), before);
    close_both(ends);
}

static void *write_ten_lines(void *barrier) {
    pthread_barrier_wait(barrier);
    for (int i = 0; i < 10; i++)
        write_longest_line();
    return NULL;
}

static void write_lines_in_threads(void) {
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, write_ten_lines, &barrier);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void race_for_full_pipe(void) {
    with_stderr(full_pipe[1], full_pipe[1], write_lines_in_threads);
}

static bool pipes_can_be_opened_anew(void) {
    int ends[2];
    char path[64];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[1]);
    int anew = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    close(anew);
    close_both(ends);
    return anew != -1;
}

static void threads_that_race_for_the_last_page_of_a_pipe_never_wait(void **state) {
    (void)state;
    if (!pipes_can_be_opened_anew()) {
        print_message("needs /proc\n");
        skip();
    }
    for (int round = 0; round < 100; round++) {
        assert_int_equal(pipe2(full_pipe, O_CLOEXEC), 0);
        fill_pipe(full_pipe[1], 2);
        assert_int_equal(status_of_child(race_for_full_pipe), 0);
        close_both(full_pipe);
    }
}

static bool install_filter(struct sock_filter *rules, size_t count) {
    struct sock_fprog filter = {(unsigned short)count, rules};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/** From now on, this process cannot open any file, as if there were no /proc. */
static bool forbid_open(void) {
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    return install_filter(rules, sizeof(rules) / sizeof(rules[0]));
}

static bool kernel_filters_system_calls(void) {
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != -1 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == -1 &&
           errno == EFAULT;
}

static bool filters_are_missing(void) {
    bool missing = !kernel_filters_system_calls();
    if (missing)
        print_message("needs seccomp filters, which valgrind and some kernels lack\n");
    return missing;
}

static void write_line_to_full_pipe_without_open(void) {
    if (!forbid_open())
        _exit(1);
    write_line_to_full_pipe();
}

static void a_pipe_that_cannot_be_opened_anew_gets_the_line_where_it_has_room(void **state) {
    (void)state;
    if (filters_are_missing())
        skip();
    assert_int_equal(pipe2(full_pipe, O_CLOEXEC), 0);
    assert_int_equal(status_of_child(write_line_to_full_pipe_without_open), 0);
    assert_string_equal(arrived(full_pipe[0]), LINE);
    fill_pipe(full_pipe[1], 0);
    assert_int_equal(status_of_child(write_line_to_full_pipe_without_open), 0);
    assert_null(strstr(arrived(full_pipe[0]), LINE));
    close_both(full_pipe);
}

static void write_line_to_broken_pipe_without_open(void) {
    sigset_t pending;
    signal(SIGPIPE, SIG_DFL);
    write_line_to_full_pipe_without_open();
    sigpending(&pending);
    _exit(sigismember(&pending, SIGPIPE));
}

static void a_pipe_without_a_reader_that_cannot_be_opened_anew_sends_no_signal(void **state) {
    (void)state;
    if (filters_are_missing())
        skip();
    assert_int_equal(pipe2(full_pipe, O_CLOEXEC), 0);
    close(full_pipe[0]);
    assert_int_equal(status_of_child(write_line_to_broken_pipe_without_open), 0);
    close(full_pipe[1]);
}

static void a_socket_at_load_gets_nothing(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    with_stderr(ends[1], ends[1], write_line);
    assert_string_equal(arrived(ends[0]), "");
    close_both(ends);
}

static void a_socket_in_the_place_of_stderr_gets_nothing(void **state) {
    (void)state;
    int ends[2], sockets[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    with_stderr(ends[1], sockets[1], write_line);
    assert_string_equal(arrived(sockets[0]), "");
    assert_string_equal(arrived(ends[0]), "");
    close_both(sockets);
    close_both(ends);
}

static void another_pipe_in_the_place_of_stderr_gets_nothing(void **state) {
    (void)state;
    int first[2], second[2];
    assert_int_equal(pipe2(first, O_CLOEXEC), 0);
    assert_int_equal(pipe2(second, O_CLOEXEC), 0);
    with_stderr(first[1], second[1], write_line);
    assert_string_equal(arrived(second[0]), "");
    assert_int_equal(fcntl(second[1], F_SETFL, O_APPEND), 0);
    with_stderr(first[1], second[1], write_line);
    assert_string_equal(arrived(second[0]), "");
    close_both(first);
    close_both(second);
}

static void stderr_closed_at_load_and_opened_later_gets_nothing(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    with_stderr(-1, ends[1], write_line);
    assert_string_equal(arrived(ends[0]), "");
    close_both(ends);
}

static void what_is_opened_as_number_2_where_stderr_was_closed_at_load_gets_nothing(void **state) {
    (void)state;
    int descriptor = create_file("records", O_WRONLY | O_APPEND);
    assert_int_equal(write(descriptor, "the program's\n", 14), 14);
    with_stderr(-1, descriptor, write_line);
    assert_string_equal(content_of("records"), "the program's\n");
    close(descriptor);
}

static int own_file;

/** What open(2) with O_CLOEXEC does if number 2 is free. */
static void write_with_own_file_as_number_2(void) {
    dup3(own_file, STDERR_FILENO, O_CLOEXEC);
    write_line();
}

static void remember_own_file_and_write(void) {
    dup3(own_file, STDERR_FILENO, O_CLOEXEC);
    streams_remember();
    write_line();
}

static void a_file_of_the_programs_own_that_its_children_do_not_get_is_no_stderr(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    own_file = create_file("records", O_WRONLY | O_APPEND);
    with_stderr(ends[1], -1, write_with_own_file_as_number_2);
    with_stderr(-1, -1, remember_own_file_and_write); /* as if another library's constructor had opened it */
    assert_string_equal(content_of("records"), "");
    close(own_file);
    close_both(ends);
}

static void stderr_closed_later_is_no_error(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    int before = descriptor_count();
    with_stderr(ends[1], -1, write_line);
    assert_string_equal(arrived(ends[0]), "");
    assert_int_equal(descriptor_count(), before);
    close_both(ends);
}

/** What another regular file, opened with these flags in place of stderr, contains afterwards. */
static const char *content_of_file_opened_later(int flags) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    int descriptor = create_file("later", flags);
    assert_int_equal(write(descriptor, "the program's\n", 14), 14);
    with_stderr(ends[1], descriptor, write_line);
    close(descriptor);
    close_both(ends);
    return content_of("later");
}

static void a_log_of_the_programs_own_in_the_place_of_stderr_gets_the_line(void **state) {
    (void)state;
    assert_string_equal(content_of_file_opened_later(O_WRONLY | O_APPEND), "the program's\n" LINE);
    assert_string_equal(content_of_file_opened_later(O_WRONLY | O_APPEND | O_NONBLOCK), "the program's\n" LINE);
}

static void other_regular_files_in_the_place_of_stderr_get_nothing(void **state) {
    (void)state;
    assert_string_equal(content_of_file_opened_later(O_RDWR | O_APPEND), "the program's\n");
    assert_string_equal(content_of_file_opened_later(O_RDWR), "the program's\n");
    assert_string_equal(content_of_file_opened_later(O_WRONLY), "the program's\n");
}

static void a_regular_file_at_load_is_written_where_the_program_would_go_on(void **state) {
    (void)state;
    int descriptor = create_file("redirected", O_WRONLY);
    assert_int_equal(write(descriptor, "before\n", 7), 7);
    with_stderr(descriptor, descriptor, write_line);
    assert_int_equal(write(descriptor, "after\n", 6), 6);
    close(descriptor);
    assert_string_equal(content_of("redirected"), "before\n" LINE "after\n");
}

static atomic_bool stop_taking;
static int contested_number;
static int contested_files[2]; /**< put at that number in turn; -1: closed */

/** valgrind runs only one thread at a time. A thread that never sleeps would take most of the time. */
static void let_others_run(unsigned round) {
    if (round % 64 == 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
}

/** Uses system calls directly: the program is allowed to cause this race, and TSan should not report it. */
static void *take_number_again_and_again(void *unused) {
    (void)unused;
    for (unsigned round = 1; !atomic_load(&stop_taking); round++) {
        for (int i = 0; i < 2; i++)
            if (contested_files[i] == -1)
                syscall(SYS_close, contested_number);
            else
                syscall(SYS_dup3, contested_files[i], contested_number, 0);
        let_others_run(round);
    }
    return NULL;
}

static void write_while_another_thread_takes_the_number(void) {
    pthread_t thread;
    write_line();
    atomic_store(&stop_taking, false);
    pthread_create(&thread, NULL, take_number_again_and_again, NULL);
    uint64_t end_ms = clock_now_ms() + RACE_MS; /* it takes long if only one thread runs at a time */
    for (int i = 0; i < 50000 && clock_now_ms() < end_ms; i++)
        write_line();
    atomic_store(&stop_taking, true);
    pthread_join(thread, NULL);
}

static void write_while_another_thread_takes_number_2(void) {
    contested_number = STDERR_FILENO;
    with_stderr(contested_files[0], contested_files[0], write_while_another_thread_takes_the_number);
}

/** False: the system does not allow this limit. */
static bool with_descriptor_limit(rlim_t most, void (*write_lines)(void)) {
    struct rlimit before, limit;
    getrlimit(RLIMIT_NOFILE, &before);
    limit = (struct rlimit){.rlim_cur = most, .rlim_max = before.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        return false;
    write_lines();
    setrlimit(RLIMIT_NOFILE, &before);
    return true;
}

static void write_while_another_thread_takes_number_2_of_64(void) {
    with_descriptor_limit(64, write_while_another_thread_takes_number_2);
}

static void assert_socket_that_becomes_stderr_gets_nothing(void (*write_lines)(void)) {
    int sockets[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    contested_files[0] = create_file("contested", O_WRONLY);
    contested_files[1] = sockets[1];
    assert_int_equal(status_of_child(write_lines), 0);
    assert_string_equal(arrived(sockets[0]), "");
    assert_string_not_equal(content_of("contested"), "");
    close(contested_files[0]);
    close_both(sockets);
}

static void a_socket_that_becomes_stderr_at_any_moment_gets_nothing(void **state) {
    (void)state;
    assert_socket_that_becomes_stderr_gets_nothing(write_while_another_thread_takes_number_2);
    assert_socket_that_becomes_stderr_gets_nothing(write_while_another_thread_takes_number_2_of_64);
}

/**
 * Write lines to a pipe whose reader is gone, with this handler of the program for SIGPIPE. Returns whether SIGPIPE is
 * pending.
 */
static bool sigpipe_pending_after_broken_pipe(void (*handler)(int)) {
    int ends[2];
    sigset_t pending;
    struct sigaction before, action = {.sa_handler = handler};
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    handled = 0;
    sigaction(SIGPIPE, &action, &before);
    with_stderr(ends[1], ends[1], write_line);
    sigpending(&pending);
    sigaction(SIGPIPE, &before, NULL);
    close(ends[1]);
    return sigismember(&pending, SIGPIPE);
}

static void a_pipe_without_a_reader_sends_no_signal(void **state) {
    (void)state;
    assert_false(sigpipe_pending_after_broken_pipe(count_signal));
    assert_int_equal(handled, 0);
    assert_false(sigpipe_pending_after_broken_pipe(SIG_IGN));
}

static void a_sigpipe_that_the_program_blocks_does_not_come_from_us(void **state) {
    (void)state;
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    assert_false(sigpipe_pending_after_broken_pipe(count_signal));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(handled, 0);
}

static void a_sigpipe_that_was_pending_before_stays(void **state) {
    (void)state;
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    pthread_kill(pthread_self(), SIGPIPE);
    bool pending = sigpipe_pending_after_broken_pipe(count_signal);
    if (pending)
        sigtimedwait(&blocked, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert_true(pending);
}

static void the_signal_mask_is_what_it_was(void **state) {
    (void)state;
    int ends[2];
    sigset_t odd, original, after;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    sigemptyset(&odd);
    sigaddset(&odd, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &odd, &original);
    with_stderr(ends[1], ends[1], write_line);
    pthread_sigmask(SIG_SETMASK, &original, &after);
    for (int number = 1; number < SIGRTMIN; number++)
        assert_int_equal(sigismember(&after, number), number == SIGUSR2);
    close_both(ends);
}

static sigjmp_buf before_jump;

static void jump_out(int number) {
    (void)number;
    siglongjmp(before_jump, 1);
}

static void write_until_a_handler_jumps(void) {
    for (volatile int round = 0; round < 500; round++) {
        if (sigsetjmp(before_jump, 1) == 0) {
            setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, 50 + round % 97}}, NULL);
            for (;;)
                write_line();
        }
    }
}

static void a_handler_that_jumps_out_leaves_no_descriptor_open(void **state) {
    (void)state;
    struct sigaction before, action = {.sa_handler = jump_out};
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int descriptors = descriptor_count();
    sigaction(SIGALRM, &action, &before);
    with_stderr(null, null, write_until_a_handler_jumps);
    sigaction(SIGALRM, &before, NULL);
    assert_int_equal(descriptor_count(), descriptors);
    close(null);
}

static void errno_stays(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    errno = 4711;
    with_stderr(ends[1], ends[1], write_line);
    int after_failure = errno;
    close(ends[1]);
    assert_int_equal(after_failure, 4711);

    destination_set(path_of("errno"));
    errno = 4711;
    write_line();
    int after_success = errno;
    destination_set("stderr");
    assert_int_equal(after_success, 4711);
}

static atomic_bool went_on;

static void *write_with_cancellation_pending(void *unused) {
    (void)unused;
    pthread_cancel(pthread_self());
    write_line();
    atomic_store(&went_on, true);
    pthread_testcancel();
    return NULL;
}

static void *cancelled_result(void) {
    pthread_t thread;
    void *result = NULL;
    atomic_store(&went_on, false);
    pthread_create(&thread, NULL, write_with_cancellation_pending, NULL);
    pthread_join(thread, &result);
    return result;
}

static void writing_is_no_cancellation_point_and_leaves_cancellation_enabled(void **state) {
    (void)state;
    destination_set(path_of("cancelled"));
    void *result = cancelled_result();
    destination_set("stderr");
    assert_true(atomic_load(&went_on));
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_string_equal(content_of("cancelled"), LINE);
}

static void write_line_without_descriptors(void) {
    with_descriptor_limit(3, write_line); /* 0 to 2, which are in use */
}

static void without_a_free_descriptor_stderr_gets_the_line_all_the_same(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    with_stderr(ends[1], ends[1], write_line_without_descriptors);
    assert_string_equal(arrived(ends[0]), LINE);
    close_both(ends);
}

static int terminal;

static void write_line_to_terminal(void) {
    with_stderr(terminal, terminal, write_line);
}

static void a_terminal_gets_the_line_and_a_stopped_one_drops_it(void **state) {
    (void)state;
    int master;
    assert_int_equal(openpty(&master, &terminal, NULL, NULL, NULL), 0);
    assert_int_equal(tcflow(terminal, TCOOFF), 0);
    assert_int_equal(status_of_child(write_line_to_terminal), 0);
    assert_int_equal(tcflow(terminal, TCOON), 0);
    assert_string_equal(arrived(master), "");
    assert_int_equal(status_of_child(write_line_to_terminal), 0);
    assert_non_null(strstr(arrived(master), "\"level\""));
    close(terminal);
    close(master);
}

static void write_in_background(void) {
    setpgid(0, 0);
    streams_remember();
    write_line();
}

/**
 * Lead a session whose terminal stops background programs that write to it. The exit status shows whether one was
 * stopped.
 */
static void lead_session(void) {
    int master, slave;
    struct termios attributes;
    setsid();
    if (openpty(&master, &slave, NULL, NULL, NULL) == -1 || ioctl(slave, TIOCSCTTY, 0) == -1)
        _exit(1);
    tcgetattr(slave, &attributes);
    attributes.c_lflag |= TOSTOP;
    tcsetattr(slave, TCSANOW, &attributes);
    dup2(slave, STDERR_FILENO);
    int status = status_of_child(write_in_background);
    _exit(status == 0 && strstr(arrived(master), "\"level\"") != NULL ? 0 : 2);
}

static void a_program_in_the_background_is_not_stopped(void **state) {
    (void)state;
    assert_int_equal(status_of_child(lead_session), 0);
}

static void a_log_file_is_created_for_owner_and_group_and_appended_to(void **state) {
    (void)state;
    struct stat status;
    mode_t mask = umask(0);
    destination_set(path_of("log"));
    write_line();
    write_line();
    destination_set("stderr");
    umask(mask);
    assert_string_equal(content_of("log"), LINE LINE);
    assert_int_equal(stat(path_of("log"), &status), 0);
    assert_int_equal(status.st_mode, S_IFREG | 0640);
}

static void a_log_file_is_opened_for_each_line(void **state) {
    (void)state;
    int before = descriptor_count();
    destination_set(path_of("rotated"));
    write_line();
    int rotated = unlink(path_of("rotated"));
    write_line();
    destination_set("stderr");
    assert_int_equal(rotated, 0);
    assert_string_equal(content_of("rotated"), LINE);
    assert_int_equal(descriptor_count(), before);
}

static void write_line_to_file(const char *name) {
    destination_set(path_of(name));
    write_line();
    destination_set("stderr");
}

static void write_to_file_while_another_thread_takes_its_number(void) {
    destination_set(path_of("raced"));
    contested_number = lowest_free_number(); /* this is the number that the log file gets */
    write_while_another_thread_takes_the_number();
}

static void a_socket_that_gets_the_log_files_number_at_any_moment_gets_nothing(void **state) {
    (void)state;
    int sockets[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    contested_files[0] = sockets[1];
    contested_files[1] = -1;
    assert_int_equal(status_of_child(write_to_file_while_another_thread_takes_its_number), 0);
    assert_string_equal(arrived(sockets[0]), "");
    assert_string_not_equal(content_of("raced"), "no such file");
    close_both(sockets);
}

static void write_line_to_fifo(void) {
    write_line_to_file("fifo");
}

static void a_fifo_as_log_file_gets_nothing_and_is_not_waited_for(void **state) {
    (void)state;
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    assert_int_equal(status_of_child(write_line_to_fifo), 0);
    int reader = open(path_of("fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_int_equal(status_of_child(write_line_to_fifo), 0);
    assert_string_equal(arrived(reader), "");
    close(reader);
}

static void write_many_lines(void) {
    for (int i = 0; i < 2000; i++)
        write_line();
}

static void *write_many_lines_in_thread(void *unused) {
    (void)unused;
    write_many_lines();
    return NULL;
}

static void threads_that_write_to_one_log_file_lose_no_line(void **state) {
    (void)state;
    pthread_t thread;
    struct stat status;
    destination_set(path_of("shared"));
    pthread_create(&thread, NULL, write_many_lines_in_thread, NULL);
    write_many_lines();
    pthread_join(thread, NULL);
    destination_set("stderr");
    assert_int_equal(stat(path_of("shared"), &status), 0);
    assert_int_equal(status.st_size, 4000 * strlen(LINE));
}

static atomic_bool stop_watching;
static int watched_number;
static int seen_open, seen_inheritable;

static void *watch_number(void *unused) {
    (void)unused;
    for (unsigned round = 1; !atomic_load(&stop_watching); round++) {
        long flags = syscall(SYS_fcntl, watched_number, F_GETFD);
        seen_open += flags != -1;
        seen_inheritable += flags == 0;
        let_others_run(round);
    }
    return NULL;
}

/** While lines are written, record whether a number is ever seen open, and open without close-on-exec. */
static void write_watched(int number) {
    pthread_t thread;
    watched_number = number;
    seen_open = seen_inheritable = 0;
    atomic_store(&stop_watching, false);
    pthread_create(&thread, NULL, watch_number, NULL);
    write_many_lines();
    atomic_store(&stop_watching, true);
    pthread_join(thread, NULL);
}

static void write_watching_lowest_free_number(void) {
    write_watched(lowest_free_number());
}

static void write_watching_number_1024(void) {
    write_watched(1024);
}

static void write_watching_number_0(void) {
    int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
    close(STDIN_FILENO);
    write_watched(STDIN_FILENO);
    dup2(saved, STDIN_FILENO);
    close(saved);
}

static bool many_allowed;

static void write_with_many_descriptors(void) {
    many_allowed = with_descriptor_limit(2048, write_watching_lowest_free_number);
}

static void write_with_many_descriptors_watching_number_1024(void) {
    many_allowed = with_descriptor_limit(2048, write_watching_number_1024);
}

static void write_with_few_descriptors(void) {
    with_descriptor_limit(64, write_watching_lowest_free_number);
}

static void write_with_few_descriptors_watching_number_0(void) {
    with_descriptor_limit(64, write_watching_number_0);
}

static void write_to_null_device(void (*write_lines)(void)) {
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    with_stderr(null, null, write_lines);
    close(null);
}

static void a_copy_of_stderr_has_a_number_that_daemons_do_not_close(void **state) {
    (void)state;
    write_to_null_device(write_with_many_descriptors);
    if (!many_allowed) {
        print_message("needs a hard limit of 2048 descriptors\n");
        skip();
    }
    assert_int_equal(seen_open, 0);
}

static void with_few_descriptors_a_copy_of_stderr_takes_none_of_the_standard_numbers(void **state) {
    (void)state;
    write_to_null_device(write_with_few_descriptors_watching_number_0);
    assert_int_equal(seen_open, 0);
}

static void every_descriptor_is_close_on_exec_from_its_creation(void **state) {
    (void)state;
    write_to_null_device(write_with_many_descriptors_watching_number_1024);
    assert_int_equal(seen_inheritable, 0);
    write_to_null_device(write_with_few_descriptors);
    assert_int_equal(seen_inheritable, 0);
    destination_set(path_of("inherited"));
    write_watching_lowest_free_number();
    destination_set("stderr");
    assert_int_equal(seen_inheritable, 0);
}

static void a_symbolic_link_as_log_file_is_not_followed(void **state) {
    (void)state;
    close(create_file("target", O_WRONLY));
    assert_int_equal(symlink("target", path_of("link")), 0);
    write_line_to_file("link");
    assert_string_equal(content_of("target"), "");
}

static void what_is_no_regular_file_as_log_file_gets_nothing(void **state) {
    (void)state;
    int master, slave;
    int before = descriptor_count();
    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    destination_set(ttyname(slave));
    write_line();
    write_line_to_file(".");
    write_line_to_file("no such directory/log");
    assert_string_equal(arrived(master), "");
    close(slave);
    close(master);
    assert_int_equal(descriptor_count(), before);
}

static void write_beyond_limit(void) {
    const struct rlimit limit = {4, 4};
    setrlimit(RLIMIT_FSIZE, &limit);
    write_line_to_file("limited");
}

static void a_log_file_at_the_limit_of_its_size_sends_no_signal(void **state) {
    (void)state;
    int descriptor = create_file("limited", O_WRONLY);
    assert_int_equal(write(descriptor, "1234", 4), 4);
    close(descriptor);
    assert_int_equal(status_of_child(write_beyond_limit), 0);
}

/* ---- standard output ---- */

static struct destination_loss loss; /* the loss of the last line to standard output */

/** Write a line to the destination, with number 1 being `at_load` first and `now` afterwards; -1: closed. */
static void with_stdout(int at_load, int now, const char *destination) {
    int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
    fflush(stdout);
    close(STDOUT_FILENO);
    if (at_load != -1)
        dup2(at_load, STDOUT_FILENO);
    streams_remember();
    close(STDOUT_FILENO);
    if (now != -1)
        dup2(now, STDOUT_FILENO);
    destination_set(destination);
    loss = destination_write(LINE, strlen(LINE));
    destination_set("stderr");
    dup2(saved, STDOUT_FILENO);
    close(saved);
}

static void standard_output_gets_the_line_by_each_of_its_names(void **state) {
    (void)state;
    const char *names[] = {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", path_of("to_stdout")};
    int ends[2];
    assert_int_equal(symlink("/proc/self/fd/1", path_of("to_stdout")), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        with_stdout(ends[1], ends[1], names[i]);
        assert_string_equal(arrived(ends[0]), LINE);
        close_both(ends);
    }
}

static void write_to_name_of_stderr(void) {
    static const char *const names[] = {"/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        destination_set(names[i]);
        write_line();
    }
    write_line_to_file("to_stderr");
}

static void standard_error_gets_the_line_by_each_of_its_names(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(symlink("/proc/self/fd/2", path_of("to_stderr")), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    with_stderr(ends[1], ends[1], write_to_name_of_stderr);
    assert_string_equal(arrived(ends[0]), LINE LINE LINE LINE);
    close_both(ends);
}

/* Unlike in place of standard error, not even a log gets the line, because programs write their data to number 1. */
static void what_takes_the_place_of_standard_output_gets_nothing(void **state) {
    (void)state;
    int ends[2], sockets[2], file = create_file("data", O_WRONLY | O_APPEND);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    with_stdout(-1, ends[1], "/dev/stdout");
    assert_non_null(loss.reason);
    assert_string_equal(loss.reason, "it is closed, a socket, or not what it was when the program started");
    with_stdout(sockets[1], sockets[1], "/dev/stdout");
    with_stdout(ends[1], sockets[1], "/dev/stdout");
    with_stdout(ends[1], file, "/dev/stdout");
    with_stdout(ends[1], -1, "/dev/stdout");
    assert_string_equal(arrived(ends[0]), "");
    assert_null(loss.reason); /* reported only the first time */
    assert_string_equal(arrived(sockets[0]), "");
    assert_string_equal(content_of("data"), "");
    close(file);
    close_both(sockets);
    close_both(ends);
}

/* ---- what is lost ---- */

static bool is_loss_told_once(const char *name, const char *reason) {
    destination_set(path_of(name));
    struct destination_loss first = destination_write(LINE, strlen(LINE));
    struct destination_loss again = destination_write(LINE, strlen(LINE));
    destination_set("stderr");
    if (first.reason != NULL && strcmp(first.reason, reason) == 0 && strcmp(first.file, path_of(name)) == 0 &&
        again.reason == NULL)
        return true;
    print_message("%s: %s, and then %s\n", name, first.reason, again.reason);
    return false;
}

static void why_a_log_file_gets_nothing_is_told_once(void **state) {
    (void)state;
    close(create_file("plain", O_WRONLY));
    assert_int_equal(mkdir(path_of("a_directory"), 0700), 0);
    assert_int_equal(symlink("plain", path_of("to_plain")), 0);
    assert_int_equal(mkfifo(path_of("unread"), 0600), 0);
    assert_true(is_loss_told_once("none/log", "its directory does not exist"));
    assert_true(is_loss_told_once("plain/log", "a part of its path is not a directory"));
    assert_true(is_loss_told_once("a_directory", "it is not a regular file"));
    assert_true(is_loss_told_once("unread", "it is not a regular file"));
    assert_true(
        is_loss_told_once("to_plain", "it is a symbolic link, and not one to standard output or standard error"));
}

static void write_beyond_limit_and_compare(void) {
    const struct rlimit limit = {4, 4};
    setrlimit(RLIMIT_FSIZE, &limit);
    _exit(!is_loss_told_once("full", "it is as large as this process may make a file") ||
          !is_loss_told_once("fills", "no space is left for it")); /* there is room for a part of the line */
}

static void a_full_log_file_is_told_too(void **state) {
    (void)state;
    int descriptor = create_file("full", O_WRONLY);
    assert_int_equal(write(descriptor, "1234", 4), 4);
    close(descriptor);
    assert_int_equal(status_of_child(write_beyond_limit_and_compare), 0);
}

enum { NOT_POSSIBLE = 77 };

static void write_without_permission_and_compare(void) {
    if (geteuid() == 0 && setuid(65534) != 0)
        _exit(NOT_POSSIBLE);
    _exit(!is_loss_told_once("of_others", "no permission to write it"));
}

static void a_log_file_of_others_is_told_too(void **state) {
    (void)state;
    close(create_file("of_others", O_WRONLY));
    assert_int_equal(chmod(path_of("of_others"), 0), 0);
    int status = status_of_child(write_without_permission_and_compare);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_POSSIBLE) {
        print_message("needs another user than root\n");
        skip();
    }
    assert_int_equal(status, 0);
}

static void the_null_device_loses_lines_because_it_is_told_to(void **state) {
    (void)state;
    destination_set("/dev/null");
    assert_null(destination_write(LINE, strlen(LINE)).reason);
    destination_set("stderr");
}

static atomic_bool stop_setting;

static void *write_until_stopped(void *unused) {
    (void)unused;
    for (unsigned round = 1; !atomic_load(&stop_setting); round++) {
        write_line();
        let_others_run(round);
    }
    return NULL;
}

static void destinations_may_change_while_others_write(void **state) {
    (void)state;
    char first[PATH_MAX], second[PATH_MAX];
    pthread_t thread;
    strcpy(first, path_of("first"));
    strcpy(second, path_of("second"));
    destination_set(first);
    atomic_store(&stop_setting, false);
    pthread_create(&thread, NULL, write_until_stopped, NULL);
    for (int i = 0; i < 200; i++) {
        destination_set(i % 2 == 0 ? second : first);
        write_line();
    }
    atomic_store(&stop_setting, true);
    pthread_join(thread, NULL);
    destination_set("stderr");
    assert_int_equal(strncmp(content_of("first"), LINE, strlen(LINE)), 0);
    assert_int_equal(strncmp(content_of("second"), LINE, strlen(LINE)), 0);
}

static int make_directory(void **state) {
    (void)state;
    return mkdtemp(directory) == NULL;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int remove_directory(void **state) {
    (void)state;
    return nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_gets_the_line),
        cmocka_unit_test(the_longest_line_is_one_write),
        cmocka_unit_test(the_last_page_of_a_pipe_takes_the_longest_line),
        cmocka_unit_test(a_full_pipe_drops_the_line),
        cmocka_unit_test(the_flags_of_a_shared_pipe_stay),
        cmocka_unit_test(threads_that_race_for_the_last_page_of_a_pipe_never_wait),
        cmocka_unit_test(a_pipe_that_cannot_be_opened_anew_gets_the_line_where_it_has_room),
        cmocka_unit_test(a_pipe_without_a_reader_that_cannot_be_opened_anew_sends_no_signal),
        cmocka_unit_test(a_socket_at_load_gets_nothing),
        cmocka_unit_test(a_socket_in_the_place_of_stderr_gets_nothing),
        cmocka_unit_test(another_pipe_in_the_place_of_stderr_gets_nothing),
        cmocka_unit_test(stderr_closed_at_load_and_opened_later_gets_nothing),
        cmocka_unit_test(what_is_opened_as_number_2_where_stderr_was_closed_at_load_gets_nothing),
        cmocka_unit_test(a_file_of_the_programs_own_that_its_children_do_not_get_is_no_stderr),
        cmocka_unit_test(stderr_closed_later_is_no_error),
        cmocka_unit_test(a_log_of_the_programs_own_in_the_place_of_stderr_gets_the_line),
        cmocka_unit_test(other_regular_files_in_the_place_of_stderr_get_nothing),
        cmocka_unit_test(a_regular_file_at_load_is_written_where_the_program_would_go_on),
        cmocka_unit_test(a_socket_that_becomes_stderr_at_any_moment_gets_nothing),
        cmocka_unit_test(a_pipe_without_a_reader_sends_no_signal),
        cmocka_unit_test(a_sigpipe_that_the_program_blocks_does_not_come_from_us),
        cmocka_unit_test(a_sigpipe_that_was_pending_before_stays),
        cmocka_unit_test(the_signal_mask_is_what_it_was),
        cmocka_unit_test(a_handler_that_jumps_out_leaves_no_descriptor_open),
        cmocka_unit_test(errno_stays),
        cmocka_unit_test(writing_is_no_cancellation_point_and_leaves_cancellation_enabled),
        cmocka_unit_test(without_a_free_descriptor_stderr_gets_the_line_all_the_same),
        cmocka_unit_test(a_terminal_gets_the_line_and_a_stopped_one_drops_it),
        cmocka_unit_test(a_program_in_the_background_is_not_stopped),
        cmocka_unit_test(a_log_file_is_created_for_owner_and_group_and_appended_to),
        cmocka_unit_test(a_log_file_is_opened_for_each_line),
        cmocka_unit_test(a_fifo_as_log_file_gets_nothing_and_is_not_waited_for),
        cmocka_unit_test(a_socket_that_gets_the_log_files_number_at_any_moment_gets_nothing),
        cmocka_unit_test(threads_that_write_to_one_log_file_lose_no_line),
        cmocka_unit_test(a_copy_of_stderr_has_a_number_that_daemons_do_not_close),
        cmocka_unit_test(with_few_descriptors_a_copy_of_stderr_takes_none_of_the_standard_numbers),
        cmocka_unit_test(every_descriptor_is_close_on_exec_from_its_creation),
        cmocka_unit_test(a_symbolic_link_as_log_file_is_not_followed),
        cmocka_unit_test(what_is_no_regular_file_as_log_file_gets_nothing),
        cmocka_unit_test(a_log_file_at_the_limit_of_its_size_sends_no_signal),
        cmocka_unit_test(standard_output_gets_the_line_by_each_of_its_names),
        cmocka_unit_test(standard_error_gets_the_line_by_each_of_its_names),
        cmocka_unit_test(what_takes_the_place_of_standard_output_gets_nothing),
        cmocka_unit_test(why_a_log_file_gets_nothing_is_told_once),
        cmocka_unit_test(a_full_log_file_is_told_too),
        cmocka_unit_test(a_log_file_of_others_is_told_too),
        cmocka_unit_test(the_null_device_loses_lines_because_it_is_told_to),
        cmocka_unit_test(destinations_may_change_while_others_write),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
