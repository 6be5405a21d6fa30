/* Threads with stacks of 8 KiB, as some programs of musl have them: small_threads crowd|jump|cancel
 *
 * crowd   200 threads look up a name each, at the same time
 * jump    a thread's signal handler jumps out of a lookup, 100 times, and the thread looks up another name each time
 * cancel  100 threads are cancelled in a lookup; others look up a name afterwards
 *
 * A name that begins with "silent" is not answered at first.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include "guest.h"

enum { STACK_SIZE = 8192, CROWD = 200, TIMES = 100 };

static pthread_t threads[CROWD];
static in_addr_t origin;

static void start(size_t count, void *(*function)(void *)) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    EXPECT(pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0);
    for (size_t i = 0; i < count; i++)
        EXPECT(pthread_create(&threads[i], &attributes, function, &threads[i]) == 0);
    pthread_attr_destroy(&attributes);
}

static void join(size_t count) {
    for (size_t i = 0; i < count; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0);
}

/* Not snprintf(3), which has no room here. */
static void make_name(char *name, const char *kind, size_t number) {
    char *end = stpcpy(name, kind);
    *end++ = (char)('a' + number / 26 / 26);
    *end++ = (char)('a' + number / 26 % 26);
    *end++ = (char)('a' + number % 26);
    strcpy(end, ".many.example.com");
}

static bool ask_for(const char *kind, size_t number) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list;
    char name[64];
    make_name(name, kind, number);
    if (getaddrinfo(name, "443", &hints, &list) != 0)
        return false;
    in_addr_t found = ((const struct sockaddr_in *)(const void *)list->ai_addr)->sin_addr.s_addr;
    freeaddrinfo(list);
    return found == origin;
}

static void *look_up(void *thread) {
    EXPECT(ask_for("crowd", (size_t)((pthread_t *)thread - threads)));
    return NULL;
}

static void *look_up_in_vain(void *thread) {
    ask_for("silent-cancelled", (size_t)((pthread_t *)thread - threads));
    return NULL;
}

static sigjmp_buf place;

static void jump(int unused) {
    (void)unused;
    siglongjmp(place, 1);
}

static void let_signals_in(bool in) {
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    pthread_sigmask(in ? SIG_UNBLOCK : SIG_BLOCK, &alarms, NULL);
}

static void *jump_out(void *thread) {
    static size_t number;
    const struct itimerval soon = {.it_value = {.tv_usec = 20000}};
    for (number = 0; number < TIMES; number++) {
        if (sigsetjmp(place, 1) == 0) {
            setitimer(ITIMER_REAL, &soon, NULL);
            let_signals_in(true);
            ask_for("silent-left", number);
        }
        let_signals_in(false);
        EXPECT(ask_for("answered", number));
    }
    return thread;
}

int main(int count, char **arguments) {
    origin = inet_addr(ORIGIN);
    if (count == 2 && strcmp(arguments[1], "crowd") == 0) {
        start(CROWD, look_up);
        join(CROWD);
    } else if (count == 2 && strcmp(arguments[1], "jump") == 0) {
        signal(SIGALRM, jump);
        let_signals_in(false);
        start(1, jump_out);
        join(1);
    } else if (count == 2) {
        start(TIMES, look_up_in_vain);
        for (size_t i = 0; i < TIMES; i++)
            pthread_cancel(threads[i]);
        join(TIMES);
        start(CROWD, look_up);
        join(CROWD);
    }
    return 0;
}
