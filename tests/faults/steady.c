/* A long-running program that looks up names on command: steady [inet | unspec]
 *
 * Each line of its input is ACTION COUNT NAME. It makes COUNT lookups with getaddrinfo:
 *
 *     one        one after another
 *     together   at the same moment, each in its own thread
 *     child      one after another with a pause before each, in a forked child
 *
 * A '#' in NAME is a different number in each of them. It answers with a line: the different first addresses (or
 * errors), separated by commas; the time of the slowest lookup in microseconds; the time of all of them; the largest
 * number of addresses. For "threads" it prints how many threads it has, for "resident" its resident size in kB.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <netdb.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 64, HEARD_MAX = 16, TEXT_SIZE = 256 };

struct outcome {
    char text[TEXT_SIZE];
    uint64_t took_us;
    int addresses;
};

static int family = AF_INET;
static int number;

/* Reads the kernel's clock, because a test can preload another one. */
static uint64_t now_us(void) {
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void write_name(char name[static TEXT_SIZE], const char *pattern, int with) {
    const char *mark = strchr(pattern, '#');
    if (mark == NULL)
        snprintf(name, TEXT_SIZE, "%s", pattern);
    else
        snprintf(name, TEXT_SIZE, "%.*s%d%s", (int)(mark - pattern), pattern, with, mark + 1);
}

static struct outcome look_up(const char *name) {
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM}, *list = NULL;
    struct outcome outcome = {.took_us = now_us()};
    int error = getaddrinfo(name, "443", &hints, &list);
    outcome.took_us = now_us() - outcome.took_us;
    if (error == EAI_NODATA)
        strcpy(outcome.text, "EAI_NODATA");
    else if (error != 0)
        strcpy(outcome.text, error == EAI_NONAME ? "EAI_NONAME" : "EAI_OTHER");
    else
        getnameinfo(list->ai_addr, list->ai_addrlen, outcome.text, sizeof(outcome.text), NULL, 0, NI_NUMERICHOST);
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next)
        outcome.addresses++;
    if (list != NULL)
        freeaddrinfo(list);
    return outcome;
}

/* ---- what was heard ---- */

struct tally {
    char texts[HEARD_MAX][TEXT_SIZE];
    int count, addresses;
    uint64_t slowest_us;
};

static void add(struct tally *tally, const struct outcome *outcome) {
    if (outcome->took_us > tally->slowest_us)
        tally->slowest_us = outcome->took_us;
    if (outcome->addresses > tally->addresses)
        tally->addresses = outcome->addresses;
    for (int i = 0; i < tally->count; i++)
        if (strcmp(tally->texts[i], outcome->text) == 0)
            return;
    if (tally->count < HEARD_MAX)
        strcpy(tally->texts[tally->count++], outcome->text);
}

static void tell(const struct tally *tally, uint64_t all_us) {
    for (int i = 0; i < tally->count; i++)
        printf("%s%s", i > 0 ? "," : "", tally->texts[i]);
    printf(" %ju %ju %d\n", (uintmax_t)tally->slowest_us, (uintmax_t)all_us, tally->addresses);
}

/* ---- the actions ---- */

static void one_after_another(int count, const char *pattern, long pause_ms) {
    struct tally tally = {.count = 0};
    uint64_t began_us = now_us();
    for (int i = 0; i < count; i++) {
        char name[TEXT_SIZE];
        nanosleep(&(struct timespec){.tv_nsec = pause_ms * 1000000}, NULL);
        write_name(name, pattern, number++);
        struct outcome outcome = look_up(name);
        add(&tally, &outcome);
    }
    tell(&tally, now_us() - began_us);
}

static pthread_barrier_t start;

static void *look_up_with_others(void *given) {
    struct outcome *outcome = given;
    pthread_barrier_wait(&start);
    struct outcome found = look_up(outcome->text);
    *outcome = found;
    return NULL;
}

static void all_together(int count, const char *pattern) {
    struct tally tally = {.count = 0};
    static struct outcome outcomes[THREADS_MAX];
    pthread_t threads[THREADS_MAX];
    if (count > THREADS_MAX)
        exit(2);
    pthread_barrier_init(&start, NULL, (unsigned)count);
    uint64_t began_us = now_us();
    for (int i = 0; i < count; i++) {
        write_name(outcomes[i].text, pattern, number++);
        if (pthread_create(&threads[i], NULL, look_up_with_others, &outcomes[i]) != 0)
            exit(2);
    }
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        add(&tally, &outcomes[i]);
    }
    pthread_barrier_destroy(&start);
    tell(&tally, now_us() - began_us);
}

static void in_a_child(int count, const char *pattern) {
    pid_t child = fork();
    if (child == 0) {
        one_after_another(count, pattern, 10);
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    number += count;
}

static void tell_threads(void) {
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    while (tasks != NULL && readdir(tasks) != NULL)
        count++;
    closedir(tasks);
    printf("%d\n", count - 2);
}

static void tell_resident(void) {
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof(line), status) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            printf("%ld\n", strtol(line + 6, NULL, 10));
    if (status != NULL)
        fclose(status);
}

static void obey(const char *action, int count, const char *name) {
    if (strcmp(action, "one") == 0)
        one_after_another(count, name, 0);
    else if (strcmp(action, "together") == 0)
        all_together(count, name);
    else if (strcmp(action, "child") == 0)
        in_a_child(count, name);
    else if (strcmp(action, "threads") == 0)
        tell_threads();
    else
        tell_resident();
    fflush(stdout);
}

int main(int argc, char **argv) {
    char line[512], action[16], name[256];
    family = argc > 1 && strcmp(argv[1], "unspec") == 0 ? AF_UNSPEC : AF_INET;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        int count = 0;
        if (sscanf(line, "%15s %d %255s", action, &count, name) < 1)
            return 2;
        obey(action, count, name);
    }
    return 0;
}
