#include "originbypass/command/base/child.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int ENDING[] = {SIGHUP, SIGINT, SIGTERM};

static sigset_t found, waited_for;
static bool is_ended;

void child_begin(void) {
    sigemptyset(&waited_for);
    sigaddset(&waited_for, SIGCHLD);
    for (size_t i = 0; i < sizeof(ENDING) / sizeof(ENDING[0]); i++) {
        struct sigaction action;
        if (sigaction(ENDING[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&waited_for, ENDING[i]);
    }
    signal(SIGCHLD, SIG_DFL); /* if SIGCHLD were ignored, waitpid(2) would get no status */
    pthread_sigmask(SIG_BLOCK, &waited_for, &found);
}

pid_t child_fork(void) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        pthread_sigmask(SIG_SETMASK, &found, NULL);
    return child;
}

/*
 * What a signal means: 0, or the signal that ends the command. SIGCHLD is 0, because waitpid(2) tells that a child
 * ended.
 */
static int check_signal(int number) {
    if (number <= 0 || number == SIGCHLD)
        return 0;
    is_ended = true;
    return number;
}

int child_wait(pid_t child) {
    for (int status;;) {
        pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child)
            return status;
        if (ended < 0 && errno != EINTR)
            return -1;
        int number = check_signal(sigwaitinfo(&waited_for, NULL));
        if (number != 0)
            kill(child, number);
    }
}

void child_sleep(uint64_t duration_ms) {
    struct timespec duration = {.tv_sec = (time_t)(duration_ms / 1000),
                                .tv_nsec = (long)(duration_ms % 1000) * 1000000};
    check_signal(sigtimedwait(&waited_for, NULL, &duration));
}

bool child_is_ended(void) {
    return is_ended;
}
