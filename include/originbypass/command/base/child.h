#ifndef ORIGINBYPASS_COMMAND_BASE_CHILD_H
#define ORIGINBYPASS_COMMAND_BASE_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Children, one at a time, of a command that stays and is ended by a signal: SIGHUP, SIGINT or SIGTERM, unless it was
 * ignored when the command began (nohup(1)). They are blocked and looked at where the command waits, so that none
 * comes between two steps. For a process with one thread.
 */

/** Begin. Called once, before the others. */
void child_begin(void);

/** fork(2), what is buffered having been written; in the child all signals are as the command found them. */
pid_t child_fork(void);

/** Wait for the child's end; its status is waitpid(2)'s. A signal that comes meanwhile is passed on to it. */
int child_wait(pid_t child);

/** Wait for so long, or for a signal. */
void child_sleep(uint64_t duration_ms);

/** Whether a signal has told the command to end. */
bool child_is_ended(void);

#endif
