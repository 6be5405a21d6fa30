/* Threads that need, at the same moment, a large configuration that is not yet parsed: crowds_at_first WHAT
 *
 *     together    16 threads: one parses it, and all are answered by it
 *     forked      while one thread parses, a child of fork(2) starts to parse it itself
 *     late        a thread that waits for a parser that never finishes gets libc's answer, and ours once it has
 * finished scarce      16 threads with little address space: none of them crashes
 *
 * This program's calloc recognizes the rules' table by its size: it is made once for each parsing, and 100,000 rules
 * need that many slots.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "guest.h"

void *__libc_calloc(size_t count, size_t size);

enum { THREADS = 16, SLOTS = 1 << 18, LEAST = SLOTS * sizeof(void *), MOST = LEAST + 256 };
static atomic_int parsed;
static atomic_bool held_back, is_parsing;
static _Atomic pid_t parser;

void *calloc(size_t count, size_t size) {
    if (count * size >= LEAST && count * size < MOST && (parser == 0 || parser == getpid())) {
        atomic_fetch_add(&parsed, 1);
        if (atomic_load(&held_back)) {
            EXPECT(leads_to("inner.many.example.com", EDGE)); /* a lookup inside the parser is libc's */
            atomic_store(&is_parsing, true);
        }
        while (atomic_load(&held_back))
            pause_ms(1);
    }
    return __libc_calloc(count, size);
}

static void *look_up(void *barrier) {
    pthread_barrier_wait(barrier);
    EXPECT(leads_to_origin("cdn.example.com"));
    return NULL;
}

static void *look_up_somehow(void *barrier) {
    char text[INET_ADDRSTRLEN];
    pthread_barrier_wait(barrier);
    first_address("cdn.example.com", text);
    return NULL;
}

static void begin_together(void *(*work)(void *barrier)) {
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, work, &barrier) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void *parse(void *unused) {
    EXPECT(leads_to_origin("cdn.example.com"));
    return unused;
}

static pthread_t begin_and_hold_back(void) {
    pthread_t thread;
    parser = getpid();
    atomic_store(&held_back, true);
    EXPECT(pthread_create(&thread, NULL, parse, NULL) == 0);
    while (!atomic_load(&is_parsing))
        pause_ms(1);
    return thread;
}

static void expect_good_end(pid_t child) {
    int status = 0;
    EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

int main(int count, char **arguments) {
    EXPECT(count == 2);
    if (strcmp(arguments[1], "together") == 0) {
        begin_together(look_up);
        EXPECT(parsed == 1);
        return 0;
    }
    if (strcmp(arguments[1], "scarce") == 0) {
        begin_together(look_up_somehow);
        return 0;
    }
    pthread_t thread = begin_and_hold_back();
    if (strcmp(arguments[1], "forked") == 0) {
        pid_t child = fork();
        if (child == 0) {
            EXPECT(leads_to_origin("cdn.example.com"));
            _exit(0);
        }
        expect_good_end(child);
    } else {
        EXPECT(leads_to("www.example.com", EDGE));
    }
    atomic_store(&held_back, false);
    pthread_join(thread, NULL);
    EXPECT(parsed == 1);
    EXPECT(leads_to_origin("www.example.com"));
    return 0;
}
