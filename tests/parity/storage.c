/* The functions that return their own memory, in several threads at the same time: storage NAME...
 *
 * Each thread looks up its own name with gethostbyname(3) and gethostbyname2(3), waits until all the others have done
 * so, and reads its result again. Prints the result for each name, and fails if it has changed in the meantime.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 20

struct asker {
    const char *name;
    pthread_t thread;
    bool changed;
    char found[1024];
};

static pthread_barrier_t barrier;

static void print(const struct hostent *host, char *text, size_t size) {
    char address[INET6_ADDRSTRLEN];
    size_t used = (size_t)snprintf(text, size, "%s", host == NULL ? "NULL" : host->h_name);
    for (char **next = host == NULL ? NULL : host->h_addr_list; next != NULL && *next != NULL && used < size; next++) {
        inet_ntop(host->h_addrtype, *next, address, sizeof(address));
        used += (size_t)snprintf(text + used, size - used, " %s", address);
    }
}

static void *ask(void *context) {
    struct asker *asker = context;
    char before[sizeof(asker->found)], after[sizeof(asker->found)];
    for (int round = 0; round < ROUNDS; round++) {
        const struct hostent *host = round % 2 == 0 ? gethostbyname(asker->name) : gethostbyname2(asker->name, AF_INET);
        print(host, before, sizeof(before));
        pthread_barrier_wait(&barrier);
        print(host, after, sizeof(after));
        asker->changed |= strcmp(before, after) != 0;
        pthread_barrier_wait(&barrier);
    }
    memcpy(asker->found, before, sizeof(before));
    return NULL;
}

int main(int argc, char **argv) {
    bool changed = false;
    size_t count = (size_t)argc - 1;
    static struct asker askers[16];
    if (count == 0 || count > sizeof(askers) / sizeof(askers[0]) ||
        pthread_barrier_init(&barrier, NULL, (unsigned)count) != 0)
        return 2;
    for (size_t i = 0; i < count; i++) {
        askers[i].name = argv[i + 1];
        if (pthread_create(&askers[i].thread, NULL, ask, &askers[i]) != 0)
            return 2;
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(askers[i].thread, NULL);
        printf("%s%s\n", askers[i].found, askers[i].changed ? " CHANGED" : "");
        changed |= askers[i].changed;
    }
    return changed;
}
