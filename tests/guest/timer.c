/* A signal every millisecond: timer right | late DEADLINE_MS
 *
 * "right": 300 cold names are answered. "late": no server answers, and the lookup ends at its deadline, not before and
 * not long after.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

#include "guest.h"

enum { NAMES = 300 };

static volatile sig_atomic_t ticks;

static void tick(int signal) {
    (void)signal;
    ticks++;
}

static void start_timer(int flags) {
    struct sigaction action = {.sa_handler = tick, .sa_flags = flags};
    struct itimerval each_millisecond = {.it_interval = {.tv_usec = 1000}, .it_value = {.tv_usec = 1000}};
    EXPECT(sigaction(SIGALRM, &action, NULL) == 0);
    EXPECT(setitimer(ITIMER_REAL, &each_millisecond, NULL) == 0);
}

static void is_right(unsigned first) {
    for (unsigned i = 0; i < NAMES / 2; i++)
        EXPECT(leads_to_origin(COLD_NAME(first + i)));
    EXPECT(answers_all_kinds());
}

static void is_late_but_not_too_late(long deadline_ms) {
    char text[INET_ADDRSTRLEN];
    long long began_ms = now_ms();
    first_address("cdn.example.com", text);
    long long took_ms = now_ms() - began_ms;
    printf("took %lld ms with a deadline of %ld ms and %d signals\n", took_ms, deadline_ms, (int)ticks);
    fflush(stdout);
    EXPECT(took_ms >= deadline_ms && took_ms < 2 * deadline_ms);
    EXPECT(ticks > 10);
}

int main(int argc, char **argv) {
    start_timer(0);
    if (argc == 3 && strcmp(argv[1], "late") == 0) {
        is_late_but_not_too_late(strtol(argv[2], NULL, 10));
        return 0;
    }
    is_right(0);
    start_timer(SA_RESTART);
    is_right(NAMES / 2);
    EXPECT(ticks > 10);
    return 0;
}
