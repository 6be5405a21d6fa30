#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_MAPPED_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_MAPPED_H

#include <stddef.h>

/** Directories, each once. */
struct stats_directories {
    size_t count;
    char **paths;
};

/**
 * Find the directories in which running processes keep counters, as far as this user may look at the processes
 * (/proc/PID/maps, proc(5)), and the same file has the same path here. The caller must pass the list to
 * stats_directories_free(). Not thread-safe.
 */
struct stats_directories stats_mapped_directories(void);
void stats_directories_free(struct stats_directories *directories);

#endif
