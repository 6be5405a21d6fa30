/* A daemon that puts its client's socket at every number below 1024, before a lookup or in the middle of one:
 * daemon before | during FILE | closing FILE
 *
 * One octet waits in the socket to be read, and its other end must hear nothing. "during": DNS is silent to the first
 * query for a name, and writes the name into the file; from then on the lookup waits. Only the daemon writes an octet,
 * none is read, and no number is closed. "closing": it closes the numbers in the middle of a lookup, and puts nothing
 * there; the first of them stay free for a moment.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "guest.h"

enum { FIRST_NUMBERS = 16, LOW_NUMBERS = 1024, OWN_NUMBERS = 1500 };

static int client, other_end, output;
static const char *asked; /* NULL: do not wait */
static bool in_the_way;

static int move_up(int number) {
    int above = fcntl(number, F_DUPFD, OWN_NUMBERS);
    EXPECT(above >= OWN_NUMBERS);
    close(number);
    return above;
}

static void prepare(void) {
    struct rlimit limit;
    int pair[2];
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 2 * OWN_NUMBERS;
    EXPECT(limit.rlim_max >= limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &limit) == 0);
    EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    client = move_up(pair[0]);
    other_end = move_up(pair[1]);
    output = fcntl(STDOUT_FILENO, F_DUPFD, OWN_NUMBERS);
    EXPECT(write(other_end, "?", 1) == 1);
}

static bool is_asked_for_the_name(void) {
    static char names[4096];
    int file = open(asked, O_RDONLY);
    EXPECT(file >= 0);
    ssize_t size = read(file, names, sizeof(names) - 1);
    close(file);
    return size > 0 && strstr(names, "awaited") != NULL;
}

static void wait_for_the_lookup(void) {
    while (asked != NULL && !is_asked_for_the_name())
        pause_ms(1);
    if (asked != NULL)
        pause_ms(100); /* from sending the query to waiting */
}

static void close_all_numbers(void) {
    for (int number = 0; number < LOW_NUMBERS; number++)
        close(number);
}

enum { MOMENT_MS = 60, SURE_MS = 90 }; /* after that, on a busy machine, an observation proves nothing */

static void *close_all_numbers_and_watch(void *unused) {
    wait_for_the_lookup();
    long long began_ms = now_ms();
    close_all_numbers();
    while (now_ms() < began_ms + MOMENT_MS) {
        for (int number = 0; number < FIRST_NUMBERS; number++)
            if (fcntl(number, F_GETFD) != -1 && now_ms() < began_ms + SURE_MS)
                in_the_way = true;
    }
    return unused;
}

static void *take_all_numbers(void *unused) {
    wait_for_the_lookup();
    close_all_numbers();
    for (int number = 0; number < LOW_NUMBERS; number++)
        while (dup2(client, number) != number)
            if (errno != EBUSY) /* the lookup is just opening this number, see dup2(2) */
                abort();
    return unused;
}

static bool is_the_client(int number) {
    struct stat expected, status;
    return fstat(client, &expected) == 0 && fstat(number, &status) == 0 && expected.st_ino == status.st_ino;
}

/* By now, standard output is the client's as well. */
static int report(const char *what) {
    dprintf(output, "%s\n", what);
    return 1;
}

static int verdict(void) {
    char octet;
    int waiting = 0;
    if (recv(other_end, &octet, 1, MSG_DONTWAIT) != -1 || errno != EAGAIN)
        return report("something was written to the client, or its socket was shut");
    if (ioctl(client, FIONREAD, &waiting) != 0 || waiting != 1)
        return report("something was read from the client");
    for (int number = 0; number < LOW_NUMBERS; number++)
        if (!is_the_client(number)) {
            dprintf(output, "number %d: ", number);
            return report("it was closed or taken");
        }
    return 0;
}

int main(int argc, char **argv) {
    bool before = argc == 2 && strcmp(argv[1], "before") == 0;
    bool closing = argc == 3 && strcmp(argv[1], "closing") == 0;
    pthread_t thread;
    prepare();
    EXPECT(leads_to_origin("cdn.example.com"));
    asked = before ? NULL : argv[2];
    EXPECT(pthread_create(&thread, NULL, closing ? close_all_numbers_and_watch : take_all_numbers, NULL) == 0);
    if (before)
        pthread_join(thread, NULL);
    bool answered = leads_to_origin("awaited.many.example.com");
    if (!before)
        pthread_join(thread, NULL);
    if (closing)
        return in_the_way ? report("a number was taken") : answered ? 0 : report("the name was not answered");
    if (!answered || !leads_to_origin("awaited.many.example.com") || !leads_to_origin("cdn.example.com"))
        return report("the name was not answered");
    return verdict();
}
