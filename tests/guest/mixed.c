/* Many threads that look up names with several functions: mixed THREADS LOOKUPS NAMES DOMAIN ADDRESS [reentrant]
 *
 * Every thread makes LOOKUPS lookups of the names 0.DOMAIN, 1.DOMAIN ..., with getaddrinfo for both families and for
 * IPv4, gethostbyname_r and gethostbyname in turn. Each thread begins with a different name. They do so in three
 * shifts, with a pause between them in which a lifetime of one second ends. Prints how many answers were ADDRESS, and
 * how many were not. With "reentrant" gethostbyname is left out; it is for tests in which libc answers, whose
 * gethostbyname is not thread-safe.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_THREADS = 256, SHIFTS = 3 };

enum { FUNCTIONS = 4, REENTRANT_FUNCTIONS = 3 };

static int lookups, names, functions = FUNCTIONS;
static const char *domain;
static struct in_addr expected;

static pthread_barrier_t shift_begins;
static atomic_int right, wrong;

static bool is_expected(const void *address) {
    return memcmp(address, &expected, sizeof(expected)) == 0;
}

static bool by_getaddrinfo(const char *name, int family) {
    struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    if (getaddrinfo(name, "443", &hints, &list) != 0)
        return false;
    bool good = list->ai_family == AF_INET && list->ai_next == NULL &&
                is_expected(&((const struct sockaddr_in *)(const void *)list->ai_addr)->sin_addr);
    freeaddrinfo(list);
    return good;
}

static bool by_gethostbyname_r(const char *name) {
    char buffer[1024];
    struct hostent storage, *host = NULL;
    int error;
    return gethostbyname_r(name, &storage, buffer, sizeof(buffer), &host, &error) == 0 && host != NULL &&
           is_expected(host->h_addr_list[0]);
}

/* libc's is not thread-safe. The library's is, because each thread has its own memory for it. */
static bool by_gethostbyname(const char *name) {
    const struct hostent *host = gethostbyname(name);
    return host != NULL && is_expected(host->h_addr_list[0]);
}

static bool look_up(const char *name, int turn) {
    switch (turn % functions) {
    case 0:
        return by_getaddrinfo(name, AF_UNSPEC);
    case 1:
        return by_gethostbyname_r(name);
    case 2:
        return by_getaddrinfo(name, AF_INET);
    default:
        return by_gethostbyname(name);
    }
}

static void *run(void *given) {
    int offset = *(int *)given;
    for (int i = 0; i < lookups; i++) {
        char name[256];
        if (i % (lookups / SHIFTS) == 0 && i / (lookups / SHIFTS) < SHIFTS)
            pthread_barrier_wait(&shift_begins);
        snprintf(name, sizeof(name), "%d.%s", (offset + i) % names, domain);
        atomic_fetch_add(look_up(name, offset + i / 2) ? &right : &wrong, 1);
    }
    return NULL;
}

static bool read_arguments(char **argv) {
    lookups = atoi(argv[2]);
    names = atoi(argv[3]);
    domain = argv[4];
    functions = argv[6] ? REENTRANT_FUNCTIONS : FUNCTIONS;
    return lookups >= SHIFTS && names > 0 && inet_pton(AF_INET, argv[5], &expected) == 1;
}

int main(int argc, char **argv) {
    int threads = argc == 6 || (argc == 7 && strcmp(argv[6], "reentrant") == 0) ? atoi(argv[1]) : 0;
    if (threads < 1 || threads > MAX_THREADS || !read_arguments(argv)) {
        fputs("usage: mixed THREADS LOOKUPS NAMES DOMAIN ADDRESS [reentrant]\n", stderr);
        return 2;
    }
    pthread_t thread[MAX_THREADS];
    int offset[MAX_THREADS];
    pthread_barrier_init(&shift_begins, NULL, (unsigned)threads + 1);
    for (int i = 0; i < threads; i++) {
        offset[i] = i * names / threads;
        if (pthread_create(&thread[i], NULL, run, &offset[i]) != 0)
            return 2;
    }
    for (int shift = 0; shift < SHIFTS; shift++) {
        if (shift > 0)
            nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 500000000}, NULL);
        pthread_barrier_wait(&shift_begins);
    }
    for (int i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    printf("%d right, %d wrong\n", right, wrong);
    return 0;
}
