/* A library with a fork handler that takes its own mutex, while one of its threads looks up a name under that mutex.
 *
 * Its handler was registered before ours, and so runs after it. The thread begins its lookup when the handler has begun
 * to wait for it. Both finish, and so does the child.
 */
#include <pthread.h>
#include <semaphore.h>
#include <sys/wait.h>

#include "guest.h"

enum { PATIENCE_S = 120 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t taken, forking;

static void prepare(void) {
    sem_post(&forking);
    pthread_mutex_lock(&mutex);
}

static void let_go(void) {
    pthread_mutex_unlock(&mutex);
}

static void register_handler(void) {
    pthread_atfork(prepare, let_go, let_go);
}

/* Runs before the constructors of all libraries. */
__attribute__((section(".preinit_array"), used)) static void (*const before_all)(void) = register_handler;

static void *look_up_under_the_mutex(void *unused) {
    pthread_mutex_lock(&mutex);
    sem_post(&taken);
    sem_wait(&forking);
    EXPECT(leads_to_origin("awaited.many.example.com"));
    pthread_mutex_unlock(&mutex);
    return unused;
}

int main(void) {
    pthread_t thread;
    int status;
    alarm(PATIENCE_S);
    sem_init(&taken, 0, 0);
    sem_init(&forking, 0, 0);
    EXPECT(leads_to_origin("warm.many.example.com"));
    EXPECT(pthread_create(&thread, NULL, look_up_under_the_mutex, NULL) == 0);
    sem_wait(&taken);
    pid_t child = fork();
    if (child == 0)
        _exit(leads_to_origin("warm.many.example.com") && leads_to_origin("cold.many.example.com") ? 0 : 1);
    EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT(pthread_join(thread, NULL) == 0);
    return 0;
}
