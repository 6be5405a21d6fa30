/* 400 children, made by fork while eight threads look up names that nobody has asked for. Each child has the warm cache
 * and looks up a cold name at once. In every tenth child, a thread of its own and a grandchild do so too.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "guest.h"

enum { CHILDREN = 400, THREADS = 8, PATIENCE_S = 120 };

static atomic_bool over;
static atomic_uint next_name = 1000;
static atomic_uint wrong;

static void *look_up(void *unused) {
    while (!atomic_load(&over))
        if (!leads_to_origin(COLD_NAME(atomic_fetch_add(&next_name, 1))))
            atomic_fetch_add(&wrong, 1);
    return unused;
}

static void *look_up_once(void *unused) {
    EXPECT(leads_to_origin("thread.many.example.com"));
    return unused;
}

static void await(pid_t child) {
    int status;
    EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void beget(unsigned number) {
    pid_t child = fork();
    if (child == 0) {
        alarm(PATIENCE_S);
        EXPECT(leads_to_origin(COLD_NAME(number)));
        _exit(0);
    }
    await(child);
}

static void be_a_child(unsigned number) {
    pthread_t thread;
    alarm(PATIENCE_S);
    EXPECT(leads_to_origin("warm.many.example.com"));
    EXPECT(leads_to_origin(COLD_NAME(100000 + number)));
    if (number % 10 == 0) {
        EXPECT(pthread_create(&thread, NULL, look_up_once, NULL) == 0);
        EXPECT(pthread_join(thread, NULL) == 0);
        beget(200000 + number);
    }
    _exit(0);
}

int main(void) {
    pthread_t threads[THREADS];
    EXPECT(leads_to_origin("warm.many.example.com"));
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, look_up, NULL) == 0);
    for (unsigned number = 0; number < CHILDREN; number++) {
        pid_t child = fork();
        if (child == 0)
            be_a_child(number);
        await(child);
    }
    atomic_store(&over, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    EXPECT(atomic_load(&wrong) == 0);
    return 0;
}
