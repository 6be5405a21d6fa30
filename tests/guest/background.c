/* What the library promises of getaddrinfo_a in addition to what libc does: background SCENARIO [NAME...]
 *
 * Lookups end when the scenario opens the gate (gated_dns.h), except in "addresses", which asks the world's servers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "copy.h"
#include "gated_dns.h"

enum { MANY = 200, WAITERS = 8, FORKS = 400, JUMPS = 50 };

static struct gaicb block[MANY], *list[MANY];
static char names[MANY][32];

/* One family only. For AI_ADDRCONFIG and to sort addresses, libc takes a lock, which it forgets when the process forks.
 */
static const struct addrinfo ipv4 = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};

static const struct gaicb *const *from(int first) {
    return (const struct gaicb *const *)&list[first];
}

static void prepare_domains(const char *prefix, const char *even, const char *odd) {
    memset(block, 0, sizeof(block));
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "%s%d.%s.test", prefix, i, i % 2 ? odd : even);
        block[i].ar_name = names[i];
        block[i].ar_request = &ipv4;
        list[i] = &block[i];
    }
}

static void prepare(const char *prefix) {
    prepare_domains(prefix, "theirs", "ours");
}

/* Only names of ours: libc's lookups in a child can read from the parent's sockets. */
static void prepare_ours(const char *prefix) {
    prepare_domains(prefix, "ours", "ours");
}

/* How many of the first `count` requests have an answer; frees the answers. */
static int take_answers(int count) {
    int answered = 0;
    for (int i = 0; i < count; i++) {
        if (gai_error(list[i]) != 0) {
            fprintf(stderr, "%s: %s\n", list[i]->ar_name, gai_strerror(gai_error(list[i])));
            continue;
        }
        answered++;
        freeaddrinfo(list[i]->ar_result);
        list[i]->ar_result = NULL;
    }
    return answered;
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

static int threads_after(int ms) {
    poll(NULL, 0, ms);
    return threads();
}

static const char *status_text(int status) {
    static char text[32];
    snprintf(text, sizeof(text), WIFEXITED(status) ? "exit %d" : "signal %d",
             WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return text;
}

/* ---- the scenarios ---- */

static void addresses(char **hosts) {
    int count = 0;
    memset(block, 0, sizeof(block));
    for (; hosts[count]; count++) {
        block[count] = (struct gaicb){.ar_name = hosts[count], .ar_request = &ipv4};
        list[count] = &block[count];
    }
    printf("%d\n", getaddrinfo_a(GAI_WAIT, list, count, NULL));
    for (int i = 0; i < count; i++) {
        char text[INET6_ADDRSTRLEN] = "-";
        if (gai_error(list[i]) == 0) {
            getnameinfo(list[i]->ar_result->ai_addr, list[i]->ar_result->ai_addrlen, text, sizeof(text), NULL, 0,
                        NI_NUMERICHOST);
            freeaddrinfo(list[i]->ar_result);
        }
        printf("%s %s\n", hosts[i], text);
    }
    printf("%d threads after 300 ms\n", threads_after(300));
}

static void threads_end(char **unused) {
    (void)unused;
    prepare("n");
    gated_dns_close();
    getaddrinfo_a(GAI_NOWAIT, list, MANY, NULL);
    printf("%d threads at work\n", threads());
    gated_dns_open();
    for (int i = 0; i < MANY; i++)
        while (gai_suspend(from(i), 1, NULL) == 0)
            ;
    printf("%d answers\n", take_answers(MANY));
    for (int i = 0; i < 200 && threads() > 1; i++)
        poll(NULL, 0, 5);
    printf("%d thread, unshare: %s\n", threads(), unshare(CLONE_NEWUSER) == 0 ? "good" : strerror(errno));
}

static atomic_int over;

/* Waits for all of them, and again while any is in progress. */
static void *suspend_for_all(void *unused) {
    struct timespec timeout = {.tv_nsec = 3000000};
    for (int turn = 0; gai_suspend(from(0), MANY, turn % 2 ? &timeout : NULL) != EAI_ALLDONE; turn++)
        ;
    atomic_fetch_add(&over, 1);
    return unused;
}

static void many_wait_for_the_same(char **unused) {
    (void)unused;
    pthread_t waiter[WAITERS];
    prepare("n");
    gated_dns_close();
    getaddrinfo_a(GAI_NOWAIT, list, MANY, NULL);
    for (int i = 0; i < WAITERS; i++)
        pthread_create(&waiter[i], NULL, suspend_for_all, NULL);
    poll(NULL, 0, 50);
    gated_dns_open();
    for (int i = 0; i < WAITERS; i++)
        pthread_join(waiter[i], NULL);
    printf("%d waiters, %d answers\n", atomic_load(&over), take_answers(MANY));
}

static void *wait_for_cancelled(void *unused) {
    struct gaicb *one = list[MANY - 1];
    getaddrinfo_a(GAI_WAIT, &one, 1, NULL);
    atomic_fetch_add(&over, 1);
    return unused;
}

static void cancelled_while_waited_for(char **unused) {
    (void)unused;
    pthread_t waiter;
    prepare("n");
    gated_dns_close();
    getaddrinfo_a(GAI_NOWAIT, list, 20, NULL);
    pthread_create(&waiter, NULL, wait_for_cancelled, NULL);
    poll(NULL, 0, 100);
    int error = gai_cancel(list[MANY - 1]);
    pthread_join(waiter, NULL);
    printf("%s, and its waiter went on\n", error == EAI_CANCELED ? "cancelled" : "not cancelled");
    gated_dns_open();
}

static int in_child(const char *prefix) {
    struct timespec now = {0};
    if (gai_suspend(from(0), MANY, &now) != EAI_ALLDONE || gai_cancel(list[0]) != EAI_ALLDONE ||
        gai_cancel(list[MANY - 1]) != EAI_ALLDONE)
        return 1;
    prepare_ours(prefix);
    gated_dns_open();
    if (getaddrinfo_a(GAI_WAIT, list, 30, NULL) != 0)
        return 2;
    return take_answers(30) == 30 ? 0 : 3;
}

static void reap(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    puts(status_text(status));
}

static pid_t raw_clone(void) {
    return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static void forked_while_busy(char **unused) {
    (void)unused;
    static pid_t (*const copies[])(void) = {fork, _Fork, raw_clone};
    for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
        char prefix[2][8];
        snprintf(prefix[0], sizeof(prefix[0]), "p%zu-", i);
        snprintf(prefix[1], sizeof(prefix[1]), "c%zu-", i);
        prepare_ours(prefix[0]);
        gated_dns_close();
        getaddrinfo_a(GAI_NOWAIT, list, MANY, NULL);
        poll(NULL, 0, 50);
        pid_t child = copies[i]();
        if (child == 0)
            _exit(in_child(prefix[1]));
        reap(child);
        for (int j = 0; j < MANY; j++)
            while (gai_suspend(from(j), 1, NULL) == 0)
                ;
        printf("parent: %d answers\n", take_answers(MANY));
    }
}

static bool ask_for_four(void) {
    static const char *const asked[4] = {"a.ours.test", "127.0.0.1", "127.0.0.2", "b.ours.test"};
    struct gaicb one[4] = {0};
    struct gaicb *four[4];
    int good = 0;
    for (int i = 0; i < 4; i++) {
        one[i] = (struct gaicb){.ar_name = asked[i], .ar_request = &ipv4};
        four[i] = &one[i];
    }
    if (getaddrinfo_a(GAI_WAIT, four, 4, NULL) != 0)
        return false;
    for (int i = 0; i < 4; i++) {
        if (gai_error(four[i]) != 0)
            continue;
        good++;
        freeaddrinfo(four[i]->ar_result);
    }
    return good == 4;
}

static void *ask_on_and_on(void *unused) {
    while (!atomic_load(&over))
        ask_for_four();
    return unused;
}

static void forked_often(char **unused) {
    (void)unused;
    pthread_t asker[2];
    int good = 0;
    for (int i = 0; i < 2; i++)
        pthread_create(&asker[i], NULL, ask_on_and_on, NULL);
    for (int i = 0; i < FORKS; i++) {
        int status = 1;
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            _exit(!ask_for_four());
        }
        waitpid(child, &status, 0);
        good += status == 0;
    }
    atomic_store(&over, 1);
    for (int i = 0; i < 2; i++)
        pthread_join(asker[i], NULL);
    printf("%d good children\n", good);
}

static sigjmp_buf out;

static void jump(int number) {
    siglongjmp(out, number);
}

static void jumped_out_of(char **unused) {
    (void)unused;
    static volatile int jumps;
    signal(SIGALRM, jump);
    prepare("n");
    gated_dns_close();
    getaddrinfo_a(GAI_NOWAIT, list, MANY - JUMPS, NULL);
    for (volatile int i = 0; i < JUMPS; i++) {
        if (sigsetjmp(out, 1) != 0) {
            jumps++;
            continue;
        }
        ualarm(2000, 0);
        if (i % 2)
            gai_suspend(from(0), MANY, NULL);
        else
            getaddrinfo_a(GAI_WAIT, &list[MANY - JUMPS + i], 1, NULL);
    }
    gated_dns_open();
    for (int i = 0; i < MANY; i++)
        while (gai_suspend(from(i), 1, NULL) == 0)
            ;
    printf("%d jumps, %d answers\n", jumps, take_answers(MANY));
}

/* From now on no thread can be started. */
static void forbid_threads(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
    };
    struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0]), .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        perror("seccomp");
        exit(2);
    }
}

static void without_threads(char **unused) {
    (void)unused;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct timespec second = {.tv_sec = 1};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    prepare("n");
    forbid_threads();
    printf("wait: %d", getaddrinfo_a(GAI_WAIT, list, 30, NULL));
    printf(", %d answers\n", take_answers(30));
    errno = 0;
    int error = getaddrinfo_a(GAI_NOWAIT, &list[30], 30, &event);
    printf("no wait: %s, errno %s\n", error == EAI_SYSTEM ? "EAI_SYSTEM" : "?", errno == EAGAIN ? "EAGAIN" : "?");
    int refused = 0;
    for (int i = 30; i < 60; i++)
        refused += gai_error(list[i]) == EAI_AGAIN;
    printf("%d refused, %s", refused, sigtimedwait(&set, NULL, &second) == SIGUSR1 ? "notified" : "not notified");
    printf(", wait: %d\n", getaddrinfo_a(GAI_WAIT, &list[30], 30, NULL));
}

static void *with_small_stack(void *unused) {
    prepare("n");
    struct timespec now = {0};
    getaddrinfo_a(GAI_NOWAIT, list, MANY / 2, NULL);
    gai_suspend(from(0), MANY, &now);
    gai_cancel(list[MANY / 2 - 1]);
    getaddrinfo_a(GAI_WAIT, &list[MANY / 2], MANY / 2, NULL);
    for (int i = 0; i < MANY; i++)
        while (gai_suspend(from(i), 1, NULL) == 0)
            ;
    return unused;
}

static void small_stack(char **unused) {
    (void)unused;
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 32768);
    printf("started: %d\n", pthread_create(&thread, &attributes, with_small_stack, NULL));
    pthread_join(thread, NULL);
    printf("answers to all: %s\n", take_answers(MANY) >= MANY - 1 ? "yes" : "no");
}

static void exit_while_busy(char **unused) {
    (void)unused;
    prepare("n");
    gated_dns_close();
    getaddrinfo_a(GAI_NOWAIT, list, MANY, NULL);
    poll(NULL, 0, 20);
    gated_dns_open();
    exit(7);
}

static void no_signal_in_its_threads(char **unused) {
    (void)unused;
    static char path[64], line[256];
    prepare("n");
    gated_dns_close();
    getaddrinfo_a(GAI_NOWAIT, list, 3, NULL);
    int blocking = 0;
    for (int thread = getpid() + 1; thread < getpid() + 100; thread++) {
        unsigned long long blocked = 0;
        snprintf(path, sizeof(path), "/proc/self/task/%d/status", thread);
        FILE *file = fopen(path, "re");
        while (file && fgets(line, sizeof(line), file))
            sscanf(line, "SigBlk: %llx", &blocked);
        if (file)
            fclose(file);
        blocking += (blocked & 0xfffffffe7ffbfeff) == 0xfffffffe7ffbfeff;
    }
    printf("%d of its threads have all signals blocked\n", blocking);
    gated_dns_open();
}

static const struct {
    const char *name;
    void (*play)(char **names);
} scenarios[] = {{"threads_end", threads_end},
                 {"many_wait_for_the_same", many_wait_for_the_same},
                 {"cancelled_while_waited_for", cancelled_while_waited_for},
                 {"forked_while_busy", forked_while_busy},
                 {"forked_often", forked_often},
                 {"jumped_out_of", jumped_out_of},
                 {"without_threads", without_threads},
                 {"small_stack", small_stack},
                 {"exit_while_busy", exit_while_busy},
                 {"no_signal_in_its_threads", no_signal_in_its_threads}};

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 2 && strcmp(argv[1], "addresses") == 0) {
        addresses(&argv[2]);
        return 0;
    }
    for (size_t i = 0; argc > 1 && i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
        if (strcmp(argv[1], scenarios[i].name) != 0)
            continue;
        gated_dns_start();
        scenarios[i].play(&argv[2]);
        gated_dns_stop();
        return 0;
    }
    return 2;
}
