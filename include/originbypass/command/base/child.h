#ifndef ORIGINBYPASS_COMMAND_BASE_CHILD_H
#define ORIGINBYPASS_COMMAND_BASE_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Child processes, one at a time, of a command that keeps running until a signal ends it: SIGHUP, SIGINT or SIGTERM,
 * except those that were ignored when the command began (nohup(1)). These signals are blocked, and are checked only
 * while the command waits, so that none interrupts the work between two waits. For a process with one thread.
 */

/** Initialize. To be called once, before the other functions. */
void child_begin(void);

/**
 * Write out what is buffered for standard output, then fork(2). In the child, the signal mask is as the command found
 * it.
 */
pid_t child_fork(void);

/**
 * Wait until the child ends; returns its status as in waitpid(2). A signal that arrives meanwhile is passed on to the
 * child.
 */
int child_wait(pid_t child);

/** Wait for this time, or until a signal arrives. */
void child_sleep(uint64_t duration_ms);

/** Whether a signal has told the command to end. */
bool child_is_ended(void);

#endif
