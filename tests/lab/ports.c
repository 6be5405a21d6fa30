/* Forks while other threads look up ports that nobody has asked for: ports NAME FORKS
 *
 * Four threads look up NAME again and again, each time with a different service. Each of FORKS children does so once.
 * Prints how many children got an answer with the port they had asked for, up to the first that did not.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, CHILD_LIVES_MS = 10000 };

static const char *name;
static atomic_bool enough;

static bool look_up(uint16_t port) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;
    char service[8];
    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(name, service, &hints, &list) != 0)
        return false;
    bool right = ((const struct sockaddr_in *)(const void *)list->ai_addr)->sin_port == htons(port);
    freeaddrinfo(list);
    return right;
}

static void *look_up_ports(void *unused) {
    for (uint16_t port = 0; !enough; port++)
        if (!look_up(port))
            abort();
    return unused;
}

/* A child that hangs can have all signals blocked. */
static bool ends_well(pid_t child) {
    int status;
    for (int waited_ms = 0; waited_ms < CHILD_LIVES_MS; waited_ms++) {
        if (waitpid(child, &status, WNOHANG) == child)
            return status == 0;
        usleep(1000);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return false;
}

static bool child_looks_up(uint16_t port) {
    pid_t child = fork();
    if (child == 0)
        _exit(look_up(port) ? 0 : 1);
    return child > 0 && ends_well(child);
}

int main(int argc, char **argv) {
    pthread_t threads[THREADS];
    int right = 0;
    if (argc != 3)
        return 2;
    name = argv[1];
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, look_up_ports, NULL);
    while (right < atoi(argv[2]) && child_looks_up((uint16_t)(right * 7)))
        right++;
    enough = true;
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("%d\n", right);
    return 0;
}
