/* A signal handler that looks up names itself, in the middle of a lookup: handler libc | never | stack
 *
 * DNS is silent to the first query for a name. The handler gets answers from the cache. For other names, and also for
 * the very name that is being asked for, it gets libc's answer, or none (fallback = "never"). It runs on the thread's
 * stack, or on one of its own (stack). The interrupted lookup still gets its own answer.
 */
#include <signal.h>
#include <stdlib.h>

#include "guest.h"

static volatile sig_atomic_t warm, cold, same;
static const char *expected = EDGE;

static void look_up(int signal) {
    (void)signal;
    if (count_sockets() == 0) { /* the lookup does not wait yet */
        signal_after_ms(20);
        return;
    }
    warm = leads_to_origin("warm.many.example.com");
    cold = leads_to("cold.many.example.com", expected);
    same = leads_to("awaited.many.example.com", expected);
}

int main(int argc, char **argv) {
    const char *mode = argc == 2 ? argv[1] : "libc";
    struct sigaction action = {.sa_handler = look_up};
    stack_t stack = {.ss_size = 1 << 20, .ss_sp = malloc(1 << 20)};
    if (strcmp(mode, "never") == 0)
        expected = "";
    if (strcmp(mode, "stack") == 0) {
        action.sa_flags = SA_ONSTACK;
        EXPECT(stack.ss_sp != NULL && sigaltstack(&stack, NULL) == 0);
    }
    EXPECT(leads_to_origin("warm.many.example.com"));
    EXPECT(sigaction(SIGALRM, &action, NULL) == 0);
    signal_after_ms(100);
    EXPECT(leads_to_origin("awaited.many.example.com"));
    EXPECT(warm);
    EXPECT(cold);
    EXPECT(same);
    EXPECT(leads_to_origin("awaited.many.example.com"));
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, NULL);
    free(stack.ss_sp);
    return 0;
}
