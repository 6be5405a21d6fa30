/* Threads that look up one name although the process has no memory for a cache: without_cache THREADS
 *
 * A thread waits for no more than the one before it. All are answered in the time of a few lookups, not one by one.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "guest.h"

enum { THREADS_MAX = 64 };

static pthread_barrier_t start;

static void *look_up(void *took_ms) {
    pthread_barrier_wait(&start);
    long long began_ms = now_ms();
    EXPECT(leads_to_origin("cdn.example.com"));
    *(long long *)took_ms = now_ms() - began_ms;
    return NULL;
}

/* Room for the threads' stacks, but not for the cache. */
static void limit_memory(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    EXPECT(file != NULL && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    rlim_t room = (rlim_t)pages * 4096 + (64UL << 20);
    EXPECT(setrlimit(RLIMIT_AS, &(struct rlimit){room, room}) == 0);
}

int main(int argc, char **argv) {
    unsigned long count = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    pthread_t threads[THREADS_MAX];
    long long took_ms[THREADS_MAX] = {0}, least_ms, most_ms = 0;
    pthread_attr_t small;
    EXPECT(count > 0 && count <= THREADS_MAX);
    limit_memory();
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    pthread_barrier_init(&start, NULL, (unsigned)count);
    for (size_t i = 0; i < count; i++)
        EXPECT(pthread_create(&threads[i], &small, look_up, &took_ms[i]) == 0);
    for (size_t i = 0; i < count; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0);
    least_ms = took_ms[0];
    for (size_t i = 0; i < count; i++) {
        least_ms = took_ms[i] < least_ms ? took_ms[i] : least_ms;
        most_ms = took_ms[i] > most_ms ? took_ms[i] : most_ms;
    }
    printf("the first after %lld ms, the last after %lld ms\n", least_ms, most_ms);
    EXPECT(most_ms < (long long)count / 4 * least_ms);
    return 0;
}
