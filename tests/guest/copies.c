/* A copy of the process while another thread waits for an answer: copies fork | _Fork | clone | vfork
 *
 * DNS is silent to the first query for a name. The copy has the warm cache. For the very name that the other thread
 * still waits for, it is answered at once, because it asks itself. A vfork child shares the memory and is not a copy:
 * it can wait with the parent, and what it learns is the parent's.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "copy.h"
#include "guest.h"

/* Half of the time after which the thread asks again (query.timeout_ms). */
enum { AT_ONCE_MS = 4000 };

static void *wait_for_an_answer(void *unused) {
    leads_to_origin("awaited.many.example.com");
    return unused;
}

static pid_t copy_by(const char *function) {
    if (strcmp(function, "_Fork") == 0)
        return _Fork();
    if (strcmp(function, "clone") == 0)
        return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    return fork();
}

static void be_a_copy(void) {
    long long began_ms = now_ms();
    EXPECT(leads_to_origin("warm.many.example.com"));
    EXPECT(leads_to_origin("awaited.many.example.com"));
    EXPECT(now_ms() - began_ms < AT_ONCE_MS);
    _exit(0);
}

static void make_vfork_child(pid_t *child) {
    *child = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork)
    if (*child == 0) {
        bool good = leads_to_origin("warm.many.example.com") && leads_to_origin("learnt.many.example.com");
        _exit(good ? 0 : 1);
    }
}

int main(int argc, char **argv) {
    const char *function = argc == 2 ? argv[1] : "fork";
    bool shares_memory = strcmp(function, "vfork") == 0;
    pthread_t thread;
    int status;
    pid_t child;
    EXPECT(leads_to_origin("warm.many.example.com"));
    EXPECT(pthread_create(&thread, NULL, wait_for_an_answer, NULL) == 0);
    pause_ms(300);
    if (shares_memory)
        make_vfork_child(&child);
    else if ((child = copy_by(function)) == 0)
        be_a_copy();
    EXPECT(child > 0 && waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    EXPECT(!shares_memory || leads_to_origin("learnt.many.example.com"));
    return 0; /* the thread still waits */
}
