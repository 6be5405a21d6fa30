#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_READING_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "originbypass/metrics/counters_file.h"

/** A process, according to its file. */
struct stats_process {
    struct counters_identity identity;
    bool is_here; /**< it is in the reader's PID namespace, so the PID is valid here */
    uid_t owner;  /**< the owner of the file */
    char version[28];
    char program[64];
    struct counters_load load;
    uint64_t figures[COUNTER_COUNT];
};

/** A file whose figures are not counted in any sum. */
struct stats_unread {
    char name[COUNTERS_FILE_NAME_SIZE];
    const char *reason; /**< a static text */
};

/** What a directory contained at one moment. The sum over its processes and the ended ones never decreases. */
struct stats_reading {
    size_t process_count;
    struct stats_process *processes; /**< those that are alive, or may be, sorted by namespace and PID */
    uint64_t dead_count;             /**< the number of processes that have ended, folded or not */
    uint64_t dead[COUNTER_COUNT];    /**< what the ended processes have counted */
    size_t unread_count;
    struct stats_unread *unread; /**< files that may not be read or have another layout, sorted by name */
};

/**
 * Read a directory. It need not be safe, because nothing in it is trusted. Texts may contain any octets except NUL.
 * Takes no lock: the serial number of a total shows whether something was folded meanwhile. Returns NULL, or a static
 * text that says why the directory cannot be read. The caller must release the reading with stats_reading_release().
 */
const char *stats_reading_collect(const char *path, struct stats_reading *reading);
void stats_reading_release(struct stats_reading *reading);

#endif
