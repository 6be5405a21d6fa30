#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_READING_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "originbypass/metrics/counters_file.h"

/** A process, as its file has it. */
struct stats_process {
    struct counters_identity identity;
    bool is_here; /**< its PID namespace is the reader's: the PID is one here */
    uid_t owner;  /**< of the file */
    char version[28];
    char program[64];
    struct counters_load load;
    uint64_t figures[COUNTER_COUNT];
};

/** A file whose figures are in no sum. */
struct stats_unread {
    char name[COUNTERS_FILE_NAME_SIZE];
    const char *reason; /**< a static text */
};

/** What a directory had at one moment. Its processes and the dead ones together never count backwards. */
struct stats_reading {
    size_t process_count;
    struct stats_process *processes; /**< those that live, or may live: in the order of namespace and PID */
    uint64_t dead_count;             /**< processes that have ended, folded or not */
    uint64_t dead[COUNTER_COUNT];    /**< what these have counted */
    size_t unread_count;
    struct stats_unread *unread; /**< files that may not be read, or are of another layout: in the order of names */
};

/**
 * Read a directory, which needs not be safe: nothing in it is trusted. Texts may have any octets but NUL in them. Takes
 * no lock: a total's serial number tells whether something was folded meanwhile. NULL, or why it cannot be read, a
 * static text. The reading is the caller's to release with stats_reading_release().
 */
const char *stats_reading_collect(const char *path, struct stats_reading *reading);
void stats_reading_release(struct stats_reading *reading);

#endif
