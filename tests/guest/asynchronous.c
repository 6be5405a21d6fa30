/* Prints what getaddrinfo_a and its relatives do, line by line, so that libc and the library can be compared:
 * asynchronous SCENARIO
 *
 * Names below ours.test are for the library, all others for libc; one server answers both (gated_dns.h). No scenario
 * waits for several requests that can end at the same moment. libc's gai_suspend then leaves a pointer into its own
 * stack behind, which can crash the program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gated_dns.h"

enum { MANY = 200, THREADS_MAX = 20, NOTIFIED = 77 };

static struct gaicb block[MANY], *list[MANY];

/* ---- helpers ---- */

static const char *name_of(int error) {
    static const struct {
        int error;
        const char *name;
    } names[] = {{0, "0"},
                 {EAI_SYSTEM, "EAI_SYSTEM"},
                 {EAI_AGAIN, "EAI_AGAIN"},
                 {EAI_NONAME, "EAI_NONAME"},
                 {EAI_NODATA, "EAI_NODATA"},
                 {EAI_SERVICE, "EAI_SERVICE"},
                 {EAI_BADFLAGS, "EAI_BADFLAGS"},
                 {EAI_FAMILY, "EAI_FAMILY"},
                 {EAI_INPROGRESS, "EAI_INPROGRESS"},
                 {EAI_CANCELED, "EAI_CANCELED"},
                 {EAI_NOTCANCELED, "EAI_NOTCANCELED"},
                 {EAI_ALLDONE, "EAI_ALLDONE"},
                 {EAI_INTR, "EAI_INTR"}};
    static char number[16];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].error == error)
            return names[i].name;
    snprintf(number, sizeof(number), "%d", error);
    return number;
}

static void tell(const char *what, int error) {
    printf("%s: %s\n", what, name_of(error));
}

static const struct gaicb *const *from(int first) {
    return (const struct gaicb *const *)&list[first];
}

/* Every second name is the library's. */
static void prepare(int count) {
    static char names[MANY][32];
    memset(block, 0, sizeof(block));
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), i % 2 ? "n%d.ours.test" : "n%d.theirs.test", i);
        block[i].ar_name = names[i];
        list[i] = i < count ? &block[i] : NULL;
    }
}

static int suspend(int first, int count, long timeout_ms) {
    struct timespec timeout = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000};
    return gai_suspend(from(first), count, &timeout);
}

static void await_all(int count) {
    for (int i = 0; i < count; i++)
        while (gai_error(list[i]) == EAI_INPROGRESS && gai_suspend(from(i), 1, NULL) != EAI_ALLDONE)
            ;
}

static void print_result(const struct gaicb *asked, int error) {
    printf("%s %s: %s", asked->ar_name ? asked->ar_name : "-", asked->ar_service ? asked->ar_service : "-",
           name_of(error));
    for (const struct addrinfo *info = error == 0 ? asked->ar_result : NULL; info; info = info->ai_next) {
        char host[INET6_ADDRSTRLEN], port[8];
        getnameinfo(info->ai_addr, info->ai_addrlen, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV);
        printf(" [%s]:%s/%d/%d/%x", host, port, info->ai_socktype, info->ai_protocol, (unsigned)info->ai_flags);
        if (info->ai_canonname)
            printf("=%s", info->ai_canonname);
    }
    puts("");
}

static void print_and_free(int count) {
    for (int i = 0; i < count; i++) {
        int error = list[i] ? gai_error(list[i]) : 0;
        if (!list[i])
            continue;
        print_result(list[i], error);
        if (error == 0)
            freeaddrinfo(list[i]->ar_result);
    }
}

static int milliseconds_of(struct timespec since) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int)((now.tv_sec - since.tv_sec) * 1000 + (now.tv_nsec - since.tv_nsec) / 1000000);
}

/* ---- notification ---- */

static void block_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 3);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void print_signal(long timeout_ms) {
    struct timespec timeout = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000};
    sigset_t set;
    siginfo_t info = {0};
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN + 3);
    int number = sigtimedwait(&set, &info, &timeout);
    if (number < 0)
        puts("no signal");
    else
        printf("signal %s, code %d, value %d, from %s, user %s, errno %d\n", number == SIGUSR1 ? "USR1" : "RT",
               info.si_code, info.si_value.sival_int, info.si_pid == getpid() ? "itself" : "another",
               info.si_uid == getuid() ? "its own" : "another", info.si_errno);
}

static struct sigevent by_signal(int number) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = number};
    event.sigev_value.sival_int = NOTIFIED;
    return event;
}

static atomic_int calls;
static pthread_t main_thread;

static void called(union sigval value) {
    sigset_t mask;
    pthread_attr_t attributes;
    size_t stack = 0;
    int detached = 0, blocked = 0;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    for (int number = 1; number < 32; number++)
        blocked += sigismember(&mask, number);
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstacksize(&attributes, &stack);
    pthread_attr_getdetachstate(&attributes, &detached);
    pthread_attr_destroy(&attributes);
    printf("called with %d in %s thread, %d signals blocked, %s, stack of %zu KiB, first request: %s\n",
           value.sival_int, pthread_equal(pthread_self(), main_thread) ? "the main" : "another", blocked,
           detached == PTHREAD_CREATE_DETACHED ? "detached" : "joinable", stack / 1024,
           name_of(list[0] ? gai_error(list[0]) : 0));
    atomic_fetch_add(&calls, 1);
}

static struct sigevent by_thread(pthread_attr_t *attributes) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD};
    event.sigev_notify_function = called;
    event.sigev_notify_attributes = attributes;
    event.sigev_value.sival_int = NOTIFIED;
    return event;
}

static void await_call(void) {
    for (int i = 0; i < 1000 && atomic_load(&calls) == 0; i++)
        poll(NULL, 0, 10);
    printf("%d calls\n", atomic_exchange(&calls, 0));
}

/* ---- the scenarios ---- */

static void modes(void) {
    static const int wrong[] = {-1, 2, 77};
    prepare(1);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        errno = 0;
        int error = getaddrinfo_a(wrong[i], list, 1, NULL);
        printf("mode %d: %s, errno %d\n", wrong[i], name_of(error), errno);
    }
    tell("error of a request that was never made", gai_error(list[0]));
    struct gaicb *nothing[3] = {NULL, NULL, NULL};
    errno = 0;
    for (int mode = GAI_WAIT; mode <= GAI_NOWAIT; mode++) {
        tell("no list", getaddrinfo_a(mode, NULL, 0, NULL));
        tell("a list of nothing", getaddrinfo_a(mode, nothing, 3, NULL));
    }
    printf("errno %d\n", errno);
}

static void fill_mixture(void) {
    static struct addrinfo stream = {.ai_socktype = SOCK_STREAM},
                           ipv4 = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM}, ipv6 = {.ai_family = AF_INET6},
                           canonical = {.ai_flags = AI_CANONNAME}, literal = {.ai_flags = AI_NUMERICHOST},
                           mapped = {.ai_flags = AI_V4MAPPED | AI_ALL, .ai_family = AF_INET6},
                           flags = {.ai_flags = 0x100000}, family = {.ai_family = 77},
                           passive = {.ai_flags = AI_PASSIVE};
    static const struct gaicb mixture[] = {
        {.ar_name = "a.ours.test", .ar_service = "443", .ar_request = &stream},
        {.ar_name = "a.theirs.test", .ar_service = "443", .ar_request = &stream},
        {.ar_name = "alias.ours.test", .ar_service = "http", .ar_request = &canonical},
        {.ar_name = "alias.theirs.test", .ar_service = "http", .ar_request = &canonical},
        {.ar_name = "b.ours.test", .ar_request = &ipv4},
        {.ar_name = "b.theirs.test", .ar_request = &ipv6},
        {.ar_name = "c.ours.test"},
        {.ar_name = "c.theirs.test"},
        {.ar_name = "gone.ours.test"},
        {.ar_name = "gone.theirs.test"},
        {.ar_name = "empty.ours.test"},
        {.ar_name = "empty.theirs.test"},
        {.ar_name = "fails.ours.test"},
        {.ar_name = "fails.theirs.test"},
        {.ar_name = "d.ours.test", .ar_request = &mapped},
        {.ar_name = "d.theirs.test", .ar_request = &mapped},
        {.ar_name = "e.ours.test", .ar_service = "no-such-service"},
        {.ar_name = "e.ours.test", .ar_request = &flags},
        {.ar_name = "e.theirs.test", .ar_request = &family},
        {.ar_name = "e.ours.test", .ar_request = &literal},
        {.ar_name = "192.0.2.1", .ar_service = "53", .ar_request = &literal},
        {.ar_name = "localhost", .ar_service = "80", .ar_request = &ipv4},
        {.ar_name = NULL, .ar_service = "80", .ar_request = &passive},
        {.ar_name = NULL},
        {.ar_name = "two..dots.ours.test"},
        {.ar_name = "Upper.OURS.test.", .ar_request = &canonical},
    };
    enum { COUNT = sizeof(mixture) / sizeof(mixture[0]) };
    prepare(0);
    for (int i = 0; i < COUNT; i++) {
        block[i] = mixture[i];
        list[i] = &block[i];
    }
}

static void wait_for_mixture(void) {
    fill_mixture();
    list[3] = list[7] = NULL;
    errno = 0;
    tell("wait", getaddrinfo_a(GAI_WAIT, list, 30, NULL));
    printf("errno %d\n", errno);
    print_and_free(30);
}

static void mixture_in_the_background(void) {
    fill_mixture();
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    tell("no wait", getaddrinfo_a(GAI_NOWAIT, list, 26, &event));
    await_all(26);
    tell("all done", suspend(0, 26, 1000));
    print_and_free(26);
}

static void one_at_a_time(void) {
    for (int i = 0; i < 20; i++) {
        prepare(i + 1);
        tell("wait", getaddrinfo_a(GAI_WAIT, &list[i], 1, NULL));
        print_result(list[i], gai_error(list[i]));
        freeaddrinfo(list[i]->ar_result);
    }
}

static void notified_by_signal(void) {
    static const int numbers[] = {SIGUSR1, 0};
    block_signals();
    for (size_t i = 0; i < 2; i++) {
        prepare(5);
        gated_dns_close();
        struct sigevent event = by_signal(numbers[i] ? numbers[i] : SIGRTMIN + 3);
        tell("no wait", getaddrinfo_a(GAI_NOWAIT, list, 5, &event));
        memset(&event, 0xff, sizeof(event));
        print_signal(100);
        tell("error", gai_error(list[4]));
        gated_dns_open();
        print_signal(10000);
        print_signal(100);
        print_and_free(5);
    }
}

static void notified_by_thread(void) {
    /* Static, because pthread_create(3) can still read them after the thread has started, or even ended. */
    static pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1024 * 1024);
    block_signals();
    for (int i = 0; i < 2; i++) {
        prepare(5);
        gated_dns_close();
        struct sigevent event = by_thread(i ? &attributes : NULL);
        tell("no wait", getaddrinfo_a(GAI_NOWAIT, list, 5, &event));
        poll(NULL, 0, 100);
        printf("%d calls while closed\n", atomic_load(&calls));
        gated_dns_open();
        await_call();
        print_and_free(5);
    }
}

static void notified_of_nothing(void) {
    struct gaicb *nothing[3] = {NULL, NULL, NULL};
    struct sigevent signal = by_signal(SIGRTMIN + 3), thread = by_thread(NULL), invalid = by_signal(4711),
                    unknown = {.sigev_notify = 99};
    block_signals();
    for (int mode = GAI_WAIT; mode <= GAI_NOWAIT; mode++) {
        tell("no list", getaddrinfo_a(mode, NULL, 0, &signal));
        print_signal(100);
        tell("a list of nothing", getaddrinfo_a(mode, nothing, 3, &signal));
        print_signal(100);
        int error = getaddrinfo_a(mode, nothing, 3, &thread);
        if (mode == GAI_NOWAIT)
            await_call();
        tell("a list of nothing", error);
        poll(NULL, 0, 50);
        printf("%d calls\n", atomic_load(&calls));
        tell("no such signal", getaddrinfo_a(mode, nothing, 3, &invalid));
        tell("no such notification", getaddrinfo_a(mode, nothing, 3, &unknown));
    }
}

static void not_notified_while_waiting(void) {
    struct sigevent event = by_signal(SIGUSR1);
    block_signals();
    prepare(3);
    tell("wait", getaddrinfo_a(GAI_WAIT, list, 3, &event));
    print_signal(100);
    print_and_free(3);
}

static volatile sig_atomic_t handled;

static void handle(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    handled = info->si_value.sival_int;
}

static void handled_by_the_caller(void) {
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
    struct sigevent event = by_signal(SIGRTMIN + 3);
    sigaction(SIGRTMIN + 3, &action, NULL);
    tell("no list", getaddrinfo_a(GAI_NOWAIT, NULL, 0, &event));
    printf("handled on return: %d\n", handled);
    handled = 0;
    prepare(1);
    gated_dns_close();
    tell("no wait", getaddrinfo_a(GAI_NOWAIT, list, 1, &event));
    gated_dns_open();
    while (!handled)
        poll(NULL, 0, 10);
    printf("handled: %d\n", handled);
    tell("error", gai_error(list[0]));
}

static void cancelled(void) {
    struct sigevent event = by_signal(SIGUSR1);
    block_signals();
    prepare(30);
    gated_dns_close();
    tell("no wait", getaddrinfo_a(GAI_NOWAIT, list, 24, NULL));
    tell("with notification", getaddrinfo_a(GAI_NOWAIT, &list[24], 3, &event));
    tell("cancel a running one", gai_cancel(list[0]));
    tell("cancel the last running one", gai_cancel(list[THREADS_MAX - 1]));
    tell("cancel the first waiting one", gai_cancel(list[THREADS_MAX]));
    tell("its error", gai_error(list[THREADS_MAX]));
    tell("cancel it again", gai_cancel(list[THREADS_MAX]));
    tell("suspend for it", suspend(THREADS_MAX, 1, 100));
    tell("cancel one of those with notification", gai_cancel(list[25]));
    tell("cancel one that was never asked for", gai_cancel(&block[29]));
    tell("cancel all", gai_cancel(NULL));
    tell("suspend for a running and a cancelled one", suspend(19, 2, 100));
    gated_dns_open();
    for (int i = 0; i < 27; i++)
        if (i != THREADS_MAX && i != 25)
            while (suspend(i, 1, 10000) == 0)
                ;
    print_signal(200);
    tell("cancel one that is done", gai_cancel(list[0]));
    tell("ask for the cancelled one again", getaddrinfo_a(GAI_WAIT, &list[25], 1, NULL));
    print_and_free(27);
}

static void interrupt_after(long ms, int flags) {
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = flags | SA_SIGINFO};
    sigaction(SIGALRM, &action, NULL);
    ualarm((useconds_t)ms * 1000, 0);
}

static void *open_later(void *unused) {
    poll(NULL, 0, 300);
    gated_dns_open();
    return unused;
}

static void suspended(void) {
    struct timespec begin, past = {.tv_sec = -5}, long_past = {.tv_sec = -1000000000}, odd = {.tv_nsec = 999999999};
    struct gaicb *all[MANY];
    prepare(3);
    memcpy(all, list, sizeof(list));
    tell("of nothing", gai_suspend(NULL, 0, NULL));
    gated_dns_close();
    getaddrinfo_a(GAI_NOWAIT, list, 3, NULL);
    list[1] = NULL;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    errno = 0;
    tell("200 ms", suspend(0, 3, 200));
    int ms = milliseconds_of(begin);
    printf("errno %d, time kept: %s\n", errno, ms >= 200 && ms < 5000 ? "yes" : "no");
    tell("0 ms", suspend(0, 3, 0));
    tell("none of three", suspend(0, 0, 1000));
    tell("one that is NULL", suspend(1, 1, 1000));
    tell("a time in the past", gai_suspend(from(0), 3, &past));
    tell("a time long past", gai_suspend(from(0), 3, &long_past));
    tell("nearly a second", gai_suspend(from(0), 3, &odd));
    pthread_t opener;
    pthread_create(&opener, NULL, open_later, NULL);
    tell("without end, until it opens", gai_suspend(from(2), 1, NULL));
    pthread_join(opener, NULL);
    memcpy(list, all, sizeof(list));
    await_all(3);
    tell("all done", suspend(0, 3, 1000));
    print_and_free(3);
    prepare(5);
    getaddrinfo_a(GAI_WAIT, &list[3], 1, NULL);
    gated_dns_close();
    getaddrinfo_a(GAI_NOWAIT, &list[4], 1, NULL);
    tell("one done, one under way", suspend(3, 2, 100));
    gated_dns_open();
}

static void suspended_and_interrupted(void) {
    struct timespec begin;
    prepare(2);
    gated_dns_close();
    getaddrinfo_a(GAI_NOWAIT, list, 2, NULL);
    interrupt_after(100, 0);
    tell("signal, no end", gai_suspend(from(0), 2, NULL));
    interrupt_after(100, 0);
    tell("signal, an end", suspend(0, 2, 20000));
    interrupt_after(100, SA_RESTART);
    tell("signal that restarts, an end", suspend(0, 2, 20000));
    interrupt_after(100, SA_RESTART);
    pthread_t opener;
    pthread_create(&opener, NULL, open_later, NULL);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    tell("signal that restarts, no end", gai_suspend(from(0), 1, NULL));
    printf("went on waiting: %s\n", milliseconds_of(begin) >= 200 ? "yes" : "no");
    pthread_join(opener, NULL);
    await_all(2);
    gated_dns_close();
    interrupt_after(100, 0);
    pthread_create(&opener, NULL, open_later, NULL);
    prepare(3);
    tell("signal while getaddrinfo_a waits", getaddrinfo_a(GAI_WAIT, list, 3, NULL));
    pthread_join(opener, NULL);
    print_and_free(3);
}

static void *wait_in_thread(void *given) {
    int last_state;
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
    if (given == NULL)
        tell("suspend of a cancelled thread", suspend(0, 2, 600));
    else
        tell("getaddrinfo_a of a cancelled thread", getaddrinfo_a(GAI_WAIT, given, 2, NULL));
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &last_state);
    printf("cancellation was %s\n", last_state == PTHREAD_CANCEL_ENABLE ? "enabled" : "disabled");
    fflush(stdout);
    pthread_setcancelstate(last_state, NULL);
    pthread_testcancel();
    return NULL;
}

static void thread_cancelled(void) {
    pthread_t thread;
    void *result;
    setvbuf(stdout, NULL, _IOFBF, 1 << 16); /* no cancellation point in between */
    prepare(6);
    gated_dns_close();
    getaddrinfo_a(GAI_NOWAIT, list, 2, NULL);
    for (int i = 0; i < 2; i++) {
        pthread_create(&thread, NULL, wait_in_thread, i ? &list[2] : NULL);
        poll(NULL, 0, 200);
        pthread_cancel(thread);
        poll(NULL, 0, 100);
        if (i)
            gated_dns_open();
        pthread_join(thread, &result);
        printf("%s afterwards\n", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
    }
    await_all(4);
    print_and_free(4);
}

static void twice(void) {
    prepare(1);
    list[1] = list[0];
    gated_dns_close();
    tell("the same twice", getaddrinfo_a(GAI_NOWAIT, list, 2, NULL));
    gated_dns_open();
    while (suspend(0, 2, 10000) == 0)
        ;
    tell("error", gai_error(list[0]));
    for (int i = 0; i < 50; i++)
        if (getaddrinfo_a(GAI_WAIT, list, 1, NULL) != 0 || gai_error(list[0]) != 0 || !list[0]->ar_result)
            puts("failed when asked again");
    print_and_free(1);
}

static int threads(void) {
    char line[256];
    int count = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && fgets(line, sizeof(line), file))
        sscanf(line, "Threads: %d", &count);
    if (file)
        fclose(file);
    return count;
}

static void crowd(void) {
    int errors = 0;
    struct sigevent event = by_signal(SIGUSR1);
    block_signals();
    prepare(MANY);
    gated_dns_close();
    tell("no wait", getaddrinfo_a(GAI_NOWAIT, list, MANY, &event));
    printf("%d threads\n", threads());
    for (int i = 0; i < MANY; i++)
        errors += gai_error(list[i]) != EAI_INPROGRESS;
    printf("%d not in progress\n", errors);
    gated_dns_open();
    print_signal(20000);
    print_and_free(MANY);
}

static atomic_int links;

static void next_link(union sigval value) {
    struct gaicb *one = value.sival_ptr;
    if (gai_error(one) == 0)
        freeaddrinfo(one->ar_result);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_value = value};
    event.sigev_notify_function = next_link;
    if (atomic_fetch_add(&links, 1) < 10)
        getaddrinfo_a(GAI_NOWAIT, &one, 1, &event);
}

static void chain(void) {
    prepare(2);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD};
    event.sigev_notify_function = next_link;
    event.sigev_value.sival_ptr = list[1];
    tell("no wait", getaddrinfo_a(GAI_NOWAIT, &list[1], 1, &event));
    for (int i = 0; i < 1000 && atomic_load(&links) < 11; i++)
        poll(NULL, 0, 10);
    printf("%d links\n", atomic_load(&links));
}

static const struct {
    const char *name;
    void (*play)(void);
} scenarios[] = {{"modes", modes},
                 {"wait_for_mixture", wait_for_mixture},
                 {"mixture_in_the_background", mixture_in_the_background},
                 {"one_at_a_time", one_at_a_time},
                 {"notified_by_signal", notified_by_signal},
                 {"notified_by_thread", notified_by_thread},
                 {"notified_of_nothing", notified_of_nothing},
                 {"not_notified_while_waiting", not_notified_while_waiting},
                 {"handled_by_the_caller", handled_by_the_caller},
                 {"cancelled", cancelled},
                 {"suspended", suspended},
                 {"suspended_and_interrupted", suspended_and_interrupted},
                 {"thread_cancelled", thread_cancelled},
                 {"twice", twice},
                 {"crowd", crowd},
                 {"chain", chain}};

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    main_thread = pthread_self();
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        if (argc < 2)
            puts(scenarios[i].name);
        if (argc < 2 || strcmp(argv[1], scenarios[i].name) != 0)
            continue;
        gated_dns_start();
        scenarios[i].play();
        gated_dns_stop();
        return 0;
    }
    return argc < 2 ? 0 : 2;
}
