#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_WORKERS_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_WORKERS_H

#include <stddef.h>

/** The workers of a process: the processes that it has started itself and that run the same file. */
struct workers {
    char **pids;
    size_t count; /**< at most 256; more are left out */
};

/**
 * Read them from /proc/PID/task (proc(5)). The list is empty if the kernel has no such lists (CONFIG_PROC_CHILDREN) or
 * we may not read them. workers_free() frees it.
 */
struct workers workers_collect(const char *pid);

/** The same with all processes that it has started itself, whatever file they run. */
struct workers workers_and_others(const char *pid);

void workers_free(struct workers *workers);

#endif
