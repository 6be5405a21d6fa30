/* The smallest stack of a thread in which a call for a name gets an answer: least_stack FUNCTION NAME
 *
 * FUNCTION is getaddrinfo, gethostbyname or gethostbyname_r. Prints a number of octets. Each size is tried in a process
 * of its own, whose thread has memory below its stack that cannot be written to.
 */
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEP = 256, LEAST = 2048, MOST = 64 * 1024 };

static const char *function, *name;

static int ask(void) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    if (strcmp(function, "gethostbyname") == 0)
        return gethostbyname(name) != NULL;
    if (strcmp(function, "gethostbyname_r") == 0) {
        static char buffer[4096];
        struct hostent host, *result;
        int error;
        return gethostbyname_r(name, &host, buffer, sizeof(buffer), &result, &error) == 0 && result != NULL;
    }
    if (getaddrinfo(name, "443", &hints, &list) != 0)
        return 0;
    freeaddrinfo(list);
    return 1;
}

static void *run(void *answered) {
    *(int *)answered = ask();
    return NULL;
}

static int try_in_thread(size_t size) {
    pthread_attr_t attributes;
    pthread_t thread;
    int answered = 0;
    char *memory = mmap(NULL, 2 * MOST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *stack = memory + MOST;
    mprotect(memory, MOST, PROT_NONE);
    pthread_attr_init(&attributes);
    if (pthread_attr_setstack(&attributes, stack, size) != 0 ||
        pthread_create(&thread, &attributes, run, &answered) != 0)
        return 0;
    pthread_join(thread, NULL);
    return answered;
}

static int is_enough(size_t size) {
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(!try_in_thread(size));
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int count, char **arguments) {
    size_t low = LEAST, high = MOST;
    if (count != 3)
        return 2;
    function = arguments[1];
    name = arguments[2];
    while (high - low > STEP) {
        size_t middle = (low + high) / 2 / STEP * STEP;
        if (is_enough(middle))
            high = middle;
        else
            low = middle;
    }
    printf("%zu\n", high);
    return high == MOST;
}
