/* A signal handler that jumps out of a lookup, as wget's does: jump again | deeper | stack | fiber | ended | reloads
 *
 * DNS is silent to the first query for a name. Whatever the thread does after the jump, external DNS answers its next
 * lookup at once, although another thread waits with it for the same name. That thread is also answered. Nothing is
 * left: no descriptor, no mask, and no cancellation state that is not the thread's own.
 *
 *     again    it asks again from the same place
 *     deeper   from a function that uses much of the stack
 *     stack    the handler has a stack of its own
 *     fiber    the lookup was on a stack that is unmapped afterwards, and the next one is on another such stack
 *     ended    the thread ends, and so do 29 others
 *     reloads  the configuration changes, 36 times, each time with such a jump; each change is seen
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "guest.h"

enum { JUMPS = 6, ENDED = 30, RELOADS = 36, STACK_SIZE = 1 << 20 };
/* Less than the time after which the server is asked again. */
enum { AT_ONCE_MS = 8000 };

static __thread sigjmp_buf way_out;
static volatile sig_atomic_t jumped;

static void jump(int signal) {
    (void)signal;
    if (count_sockets() == 0) { /* the lookup does not wait yet */
        signal_after_ms(20);
        return;
    }
    jumped++;
    siglongjmp(way_out, 1);
}

static bool begin_and_jump_out(const char *name) {
    volatile bool answered = false;
    if (sigsetjmp(way_out, 1) == 0) {
        signal_after_ms(100);
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

static void expect_at_once(const char *name) {
    long long began_ms = now_ms();
    EXPECT(leads_to_origin(name));
    EXPECT(now_ms() - began_ms < AT_ONCE_MS);
}

static __attribute__((noinline)) void expect_at_once_from_deeper(const char *name) {
    volatile char much[16384];
    for (size_t i = 0; i < sizeof(much); i++)
        much[i] = 1;
    expect_at_once(name);
    much[0] = 2;
}

static void mask_alarm(int how) {
    sigset_t alarm_signal;
    sigemptyset(&alarm_signal);
    sigaddset(&alarm_signal, SIGALRM);
    pthread_sigmask(how, &alarm_signal, NULL);
}

static void *wait_with_it(void *name) {
    mask_alarm(SIG_BLOCK);
    expect_at_once(name);
    return NULL;
}

static void jump_and_ask_again(void (*ask_again)(const char *)) {
    for (unsigned i = 0; i < JUMPS; i++) {
        pthread_t thread;
        const char *name = COLD_NAME(i);
        EXPECT(begin_and_jump_out(name));
        EXPECT(holds_nothing());
        EXPECT(pthread_create(&thread, NULL, wait_with_it, (void *)name) == 0);
        pause_ms(50);
        ask_again(name);
        EXPECT(pthread_join(thread, NULL) == 0);
        EXPECT(leads_to_origin(name));
    }
    EXPECT(jumped == JUMPS);
}

/* ---- stacks made by the program ---- */

#ifdef __GLIBC__

static ucontext_t home, fiber;

static void look_up_on_fiber(void) {
    if (sigsetjmp(way_out, 1) == 0) {
        signal_after_ms(100);
        leads_to_origin("fiber.many.example.com");
    }
    setcontext(&home);
}

static void look_up_again_on_fiber(void) {
    expect_at_once("fiber.many.example.com");
    setcontext(&home);
}

static void run_on(void *stack, void (*function)(void)) {
    getcontext(&fiber);
    fiber.uc_stack = (stack_t){.ss_sp = stack, .ss_size = STACK_SIZE};
    fiber.uc_link = NULL;
    makecontext(&fiber, function, 0);
    swapcontext(&home, &fiber);
}

static void use_fibers(void) {
    char *stacks = mmap(NULL, 2 * STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(stacks != MAP_FAILED);
    run_on(stacks + STACK_SIZE, look_up_on_fiber);
    EXPECT(jumped == 1);
    munmap(stacks + STACK_SIZE, STACK_SIZE);
    run_on(stacks, look_up_again_on_fiber); /* the lower stack, like that of a function further down */
    munmap(stacks, STACK_SIZE);
}

#else

/* musl has no makecontext(3). */
static void use_fibers(void) {
    EXPECT(false);
}

#endif

/* ---- threads that end ---- */

static void *jump_out_and_end(void *name) {
    mask_alarm(SIG_UNBLOCK);
    EXPECT(begin_and_jump_out(name));
    return NULL;
}

static void let_threads_end(void) {
    mask_alarm(SIG_BLOCK); /* the signal is for the threads */
    for (unsigned i = 0; i < ENDED; i++) {
        pthread_t thread;
        EXPECT(pthread_create(&thread, NULL, jump_out_and_end, (void *)COLD_NAME(100 + i)) == 0);
        EXPECT(pthread_join(thread, NULL) == 0);
    }
    EXPECT(jumped == ENDED);
    EXPECT(count_sockets() == 0);
    expect_at_once(COLD_NAME(100));
}

/* ---- configurations that stay in use ---- */

static void configure(unsigned number) {
    char other[256];
    const char *file = getenv("ORIGIN_BYPASS_CONFIG_FILE");
    snprintf(other, sizeof(other), "%s.new", file);
    FILE *stream = fopen(other, "w");
    EXPECT(stream != NULL);
    fprintf(stream,
            "hosts = ( \"*.example.com\", { name = \"pinned.example.net\"; addresses = [ \"192.0.2.%u\" ]; } );\n"
            "query = { timeout_ms = 16000; hedge_ms = 15999; deadline_ms = 30000; };\n",
            number);
    EXPECT(fclose(stream) == 0 && rename(other, file) == 0);
}

static bool has_come_into_force(unsigned number) {
    char expected[INET_ADDRSTRLEN], text[INET_ADDRSTRLEN];
    snprintf(expected, sizeof(expected), "192.0.2.%u", number);
    for (long long end_ms = now_ms() + 60000; now_ms() < end_ms; pause_ms(50))
        if (strcmp(first_address("pinned.example.net", text), expected) == 0)
            return true;
    return false;
}

static void jump_out_under_each_configuration(void) {
    for (unsigned i = 0; i < RELOADS; i++) {
        configure(i);
        EXPECT(has_come_into_force(i));
        EXPECT(begin_and_jump_out(COLD_NAME(i)));
    }
    configure(RELOADS);
    EXPECT(has_come_into_force(RELOADS));
}

int main(int argc, char **argv) {
    const char *mode = argc == 2 ? argv[1] : "again";
    struct sigaction action = {.sa_handler = jump};
    size_t before = count_sockets();
    stack_t stack = {.ss_size = STACK_SIZE, .ss_sp = malloc(STACK_SIZE)};
    EXPECT(stack.ss_sp != NULL);
    if (strcmp(mode, "stack") == 0) {
        action.sa_flags = SA_ONSTACK;
        EXPECT(sigaltstack(&stack, NULL) == 0);
    }
    EXPECT(sigaction(SIGALRM, &action, NULL) == 0);
    if (strcmp(mode, "fiber") == 0)
        use_fibers();
    else if (strcmp(mode, "ended") == 0)
        let_threads_end();
    else if (strcmp(mode, "reloads") == 0)
        jump_out_under_each_configuration();
    else
        jump_and_ask_again(strcmp(mode, "deeper") == 0 ? expect_at_once_from_deeper : expect_at_once);
    EXPECT(count_sockets() == before);
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
    free(stack.ss_sp);
    return 0;
}
