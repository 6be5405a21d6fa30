/* A child that is made while eight threads wait for answers. After its first call, a hit, it has none of their sockets,
 * and keeps what it has opened itself. The threads get their answers.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "guest.h"

enum { THREADS = 8 };

static void *look_up(void *number) {
    EXPECT(leads_to_origin(COLD_NAME(*(const unsigned *)number)));
    return NULL;
}

/* Replaces one of the inherited sockets with another one, which is the child's. */
static int replace_a_socket(void) {
    struct stat status;
    int own = socket(AF_UNIX, SOCK_STREAM, 0), number = 3;
    while (number == own || fstat(number, &status) != 0 || !S_ISSOCK(status.st_mode))
        number++;
    EXPECT(dup2(own, number) == number && close(own) == 0);
    return number;
}

static void be_a_child(void) {
    EXPECT(count_sockets() >= THREADS);
    int own = replace_a_socket();
    EXPECT(leads_to_origin("warm.many.example.com"));
    EXPECT(count_sockets() == 1 && fcntl(own, F_GETFD) != -1);
    EXPECT(leads_to_origin("cold.many.example.com"));
    EXPECT(count_sockets() == 1 && fcntl(own, F_GETFD) != -1);
    _exit(0);
}

int main(void) {
    pthread_t threads[THREADS];
    unsigned numbers[THREADS];
    int status;
    EXPECT(leads_to_origin("warm.many.example.com"));
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        EXPECT(pthread_create(&threads[i], NULL, look_up, &numbers[i]) == 0);
    }
    while (count_sockets() < THREADS)
        pause_ms(1);
    pid_t child = fork();
    if (child == 0)
        be_a_child();
    EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (size_t i = 0; i < THREADS; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0);
    return 0;
}
