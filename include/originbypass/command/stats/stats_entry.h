#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_ENTRY_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_ENTRY_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "originbypass/metrics/counters_file.h"

/** The inode of our own PID namespace; 0: unknown. */
uint64_t stats_entry_own_namespace(void);

/**
 * Open a directory of counter files. A symbolic link is not followed. NULL: error, see errno. The caller must
 * closedir(3) it.
 */
DIR *stats_entry_open_names(const char *directory);

/** The open file of a process. Nothing in it is trusted. */
struct stats_entry {
    struct counters_identity identity; /**< according to the file's name */
    int file;                          /**< -1: not open */
    struct stat status;
    enum counters_fault fault;
    bool is_dead; /**< the process has ended, as far as can be known; never true for a process that is alive here */
    struct counters_copy copy;
};

/**
 * Open and read a process's file. Takes no lock and does not affect the process. False: error, see errno. Call
 * stats_entry_close() in both cases.
 */
bool stats_entry_open(int directory, const struct counters_identity *identity, uint64_t own_namespace,
                      struct stats_entry *entry);

/**
 * The same, to fold the file. The file stays locked until it is closed. So others that fold keep away, and so does the
 * process, if its PID comes back with another program. False: the file may not be written, is locked, is gone, or is
 * not a regular file with exactly one name.
 */
bool stats_entry_open_locked(int directory, const struct counters_identity *identity, uint64_t own_namespace,
                             struct stats_entry *entry);

void stats_entry_close(struct stats_entry *entry);

#endif
