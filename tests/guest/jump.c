/* A signal handler that jumps out of a lookup, as wget's does: jump DEADLINE_MS
 *
 * DNS is silent to the first query for a name. The same name is asked for again, by this thread and by another one, and
 * after the lookup's deadline both are answered from external DNS; the thread's mask and its cancellation are its own
 * again, and no descriptor stays but those of the last lookup that was left.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

#include "guest.h"

enum { JUMPS = 8, NUMBERS = 256 };

static sigjmp_buf way_out;
static volatile sig_atomic_t jumped;
static long deadline_ms;

static void jump(int signal) {
    (void)signal;
    jumped++;
    siglongjmp(way_out, 1);
}

static bool begin_and_jump_out(const char *name) {
    volatile bool answered = false;
    if (sigsetjmp(way_out, 1) == 0) {
        signal_after_ms(deadline_ms / 4); /* who comes later has so much time when the flight is over */
        leads_to_origin(name);
        answered = true;
    }
    return !answered;
}

static bool holds_nothing(void) {
    sigset_t mask;
    int state;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    return sigismember(&mask, SIGALRM) == 0 && sigismember(&mask, SIGUSR1) == 0 && state == PTHREAD_CANCEL_ENABLE;
}

static int descriptors(void) {
    int count = 0;
    for (int number = 0; number < NUMBERS; number++)
        count += fcntl(number, F_GETFD) != -1;
    return count;
}

static void *look_up(void *name) {
    EXPECT(leads_to_origin(name));
    return NULL;
}

int main(int argc, char **argv) {
    deadline_ms = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    int before = descriptors();
    signal(SIGALRM, jump);
    for (unsigned i = 0; i < JUMPS; i++) {
        pthread_t thread;
        const char *name = COLD_NAME(i);
        EXPECT(begin_and_jump_out(name));
        EXPECT(holds_nothing());
        long long began_ms = now_ms();
        EXPECT(leads_to(name, EDGE) || leads_to_origin(name)); /* at once, by whomever */
        EXPECT(now_ms() - began_ms < 2 * deadline_ms);
        EXPECT(pthread_create(&thread, NULL, look_up, (void *)name) == 0);
        EXPECT(pthread_join(thread, NULL) == 0);
        pause_ms(deadline_ms + 600);
        EXPECT(leads_to_origin(name));
        EXPECT(leads_to_origin("again.many.example.com") || i == 0);
    }
    EXPECT(jumped == JUMPS);
    pause_ms(deadline_ms + 600);
    EXPECT(leads_to_origin("last.many.example.com") || leads_to_origin("last.many.example.com"));
    EXPECT(descriptors() == before);
    return 0;
}
