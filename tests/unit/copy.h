/* What a copy of this process, made by fork(2), reports about itself. */
#ifndef TESTS_UNIT_COPY_H
#define TESTS_UNIT_COPY_H

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/**
 * Call `tell` in a copy of this process. Its result, 0 to 125, is returned as a status of waitpid(2).
 *
 * The copy ends as another program. If it ended as itself, valgrind would look for leaks, and report the memory of the
 * threads that the copy does not have. What valgrind reports before that, run-unit sees.
 */
static inline int status_of_copy(int (*tell)(void)) {
    int status = -1;
    pid_t copy = fork();
    if (copy == 0) {
        char number[16];
        snprintf(number, sizeof(number), "%d", tell());
        execl("/bin/sh", "sh", "-c", "exit \"$0\"", number, (char *)NULL);
        _exit(126);
    }
    return waitpid(copy, &status, 0) == copy ? status : -1;
}

#endif
