/* 100 programs, started by posix_spawn while four threads look up names. None of them finds a descriptor of ours open,
 * and each can look up a name itself. With the argument "child", this is such a program.
 */
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "guest.h"

enum { PROGRAMS = 100, THREADS = 4, NUMBERS = 1000 };

static atomic_bool over;
static atomic_uint next_name = 1;

static void *look_up(void *unused) {
    while (!atomic_load(&over))
        EXPECT(leads_to_origin(COLD_NAME(atomic_fetch_add(&next_name, 1))));
    return unused;
}

static int be_the_program(void) {
    for (int number = 3; number < NUMBERS; number++)
        EXPECT(fcntl(number, F_GETFD) == -1);
    EXPECT(leads_to_origin("cdn.example.com"));
    return 0;
}

int main(int argc, char **argv) {
    pthread_t threads[THREADS];
    if (argc > 1)
        return be_the_program();
    for (int number = 3; number < NUMBERS; number++)
        fcntl(number, F_SETFD, FD_CLOEXEC); /* left open by the test's shell */
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, look_up, NULL) == 0);
    for (int i = 0; i < PROGRAMS; i++) {
        pid_t child;
        int status;
        EXPECT(posix_spawn(&child, argv[0], NULL, NULL, (char *[]){argv[0], "child", NULL}, environ) == 0);
        EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    atomic_store(&over, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
