/* Many names in use whose lifetimes end at the same time, and a slow upstream: storm NAMES FILE
 *
 * Each is answered at once, while at most four threads refresh them, with a small share of the descriptors that the
 * program can have. The program can open files all the time. The server writes a line for each question to FILE. In the
 * end each name has been refreshed, and no threads or sockets are left.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "guest.h"

/* Four work, and one that has just ended can still be there. */
enum { THREADS_OF_OURS = 2 * 4, NUMBERS = 256, SHARE = NUMBERS / 4 };

static atomic_bool over;
static size_t most_threads, most_sockets;
static unsigned refused;

static size_t count_threads(void) {
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    EXPECT(tasks != NULL);
    while (readdir(tasks) != NULL)
        count++;
    closedir(tasks);
    return count - 2;
}

static size_t greater(size_t a, size_t b) {
    return a > b ? a : b;
}

static void *watch(void *unused) {
    while (!atomic_load(&over)) {
        int file = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
        refused += file < 0;
        close(file);
        most_threads = greater(most_threads, count_threads());
        most_sockets = greater(most_sockets, count_sockets());
        pause_ms(1);
    }
    return unused;
}

static bool has_lines(const char *path, unsigned least) {
    unsigned lines = 0;
    FILE *file = fopen(path, "re");
    EXPECT(file != NULL);
    for (int octet; (octet = getc(file)) != EOF;)
        lines += octet == '\n';
    fclose(file);
    return lines >= least;
}

int main(int argc, char **argv) {
    unsigned names = argc == 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    pthread_t watcher;
    struct rlimit limit;
    EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= NUMBERS); /* valgrind reserves some */
    size_t own = count_threads();
    for (unsigned i = 0; i < names; i++)
        EXPECT(leads_to_origin(COLD_NAME(i)));
    pause_ms(1100);
    EXPECT(pthread_create(&watcher, NULL, watch, NULL) == 0);
    while (!has_lines(argv[2], 2 * names)) {
        for (unsigned i = 0; i < names; i++)
            EXPECT(leads_to_origin(COLD_NAME(i)));
        pause_ms(10);
    }
    atomic_store(&over, true);
    EXPECT(pthread_join(watcher, NULL) == 0);
    printf("at most %zu threads and %zu sockets; %u times a file could not be opened\n", most_threads, most_sockets,
           refused);
    EXPECT(most_threads > own + 1 && most_threads <= own + 1 + THREADS_OF_OURS);
    EXPECT(most_sockets <= SHARE);
    EXPECT(refused == 0);
    while (count_threads() > own || count_sockets() > 0)
        pause_ms(10);
    return 0;
}
