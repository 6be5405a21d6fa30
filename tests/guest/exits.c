/* 60 processes in which the first thread ends the process while four others look up names, cold and warm. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "guest.h"

enum { PROCESSES = 60, THREADS = 4, PATIENCE_S = 120 };

static atomic_uint next_name;

static void *look_up(void *unused) {
    for (;;) {
        leads_to_origin(COLD_NAME(atomic_fetch_add(&next_name, 1)));
        leads_to_origin("cdn.example.com");
    }
    return unused;
}

static void live_and_exit(unsigned number) {
    pthread_t thread;
    alarm(PATIENCE_S);
    atomic_store(&next_name, number * 1000);
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&thread, NULL, look_up, NULL) == 0);
    pause_ms(number % 10);
    exit(0);
}

int main(void) {
    for (unsigned number = 0; number < PROCESSES; number++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            live_and_exit(number);
        EXPECT(child > 0 && waitpid(child, &status, 0) == child);
        EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    return 0;
}
