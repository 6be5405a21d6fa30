/* Many threads that look up names at the same moment: crowd THREADS LOOKUPS NAMES DOMAIN
 *
 * Every thread makes LOOKUPS lookups with getaddrinfo (AF_INET) over the names 0.DOMAIN, 1.DOMAIN ..., and each begins
 * with a different name. Prints every address that came back, or "failed", and how often.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_THREADS = 256, MAX_ADDRESSES = 16 };

static int lookups, names;
static const char *domain;
static pthread_barrier_t start;

static pthread_mutex_t tally_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    char address[INET_ADDRSTRLEN];
    int times;
} tally[MAX_ADDRESSES];

static void count(const char *address) {
    pthread_mutex_lock(&tally_lock);
    for (int i = 0; i < MAX_ADDRESSES; i++) {
        if (tally[i].times && strcmp(tally[i].address, address) != 0)
            continue;
        snprintf(tally[i].address, sizeof(tally[i].address), "%s", address);
        tally[i].times++;
        break;
    }
    pthread_mutex_unlock(&tally_lock);
}

static void look_up(int number) {
    char name[256], address[INET_ADDRSTRLEN] = "failed";
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    snprintf(name, sizeof(name), "%d.%s", number, domain);
    if (getaddrinfo(name, "443", &hints, &list) == 0) {
        getnameinfo(list->ai_addr, list->ai_addrlen, address, sizeof(address), NULL, 0, NI_NUMERICHOST);
        freeaddrinfo(list);
    }
    count(address);
}

static void *run(void *offset) {
    pthread_barrier_wait(&start);
    for (int i = 0; i < lookups; i++)
        look_up((*(int *)offset + i) % names);
    return NULL;
}

int main(int argc, char **argv) {
    int threads = argc == 5 ? atoi(argv[1]) : 0;
    if (threads < 1 || threads > MAX_THREADS || (names = atoi(argv[3])) < 1) {
        fputs("usage: crowd THREADS LOOKUPS NAMES DOMAIN\n", stderr);
        return 2;
    }
    lookups = atoi(argv[2]);
    domain = argv[4];

    pthread_t thread[MAX_THREADS];
    int offset[MAX_THREADS];
    pthread_barrier_init(&start, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) {
        offset[i] = i;
        if (pthread_create(&thread[i], NULL, run, &offset[i]) != 0)
            return 2;
    }
    for (int i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < MAX_ADDRESSES && tally[i].times; i++)
        printf("%s %d\n", tally[i].address, tally[i].times);
    return 0;
}
