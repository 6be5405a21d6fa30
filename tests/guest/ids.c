/* 200 cold names, looked up without /dev/urandom or a descriptor to open it with: ids DIRECTORY
 * The program's own rand() continues as if nobody had called it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "guest.h"

enum { NAMES = 200, SEED = 42 };

static void leave_two_numbers(void) {
    struct rlimit limit;
    int last = -1, before_last = -1, number;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 64;
    EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    while ((number = fcntl(STDIN_FILENO, F_DUPFD, 0)) >= 0) {
        before_last = last;
        last = number;
    }
    close(last);
    close(before_last);
}

int main(int argc, char **argv) {
    int expected[NAMES];
    srand(SEED);
    for (unsigned i = 0; i < NAMES; i++)
        expected[i] = rand();
    srand(SEED);
    EXPECT(argc == 2 && chroot(argv[1]) == 0 && chdir("/") == 0 && access("/dev/urandom", F_OK) == -1);
    leave_two_numbers();
    for (unsigned i = 0; i < NAMES; i++) {
        EXPECT(leads_to_origin(COLD_NAME(i)));
        EXPECT(rand() == expected[i]);
    }
    return 0;
}
