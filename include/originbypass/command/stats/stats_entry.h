#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_ENTRY_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_ENTRY_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "originbypass/metrics/counters_file.h"

/** From where we look: the inode of our PID namespace; 0: unknown. */
uint64_t stats_entry_own_namespace(void);

/** Open a directory of counters' files, which no symbolic link leads to. NULL: errno. closedir(3) closes it. */
DIR *stats_entry_open_names(const char *directory);

/** A process's file that is open. Nothing is trusted that stands in it. */
struct stats_entry {
    struct counters_identity identity; /**< by its name */
    int file;                          /**< -1: it is not open */
    struct stat status;
    enum counters_fault fault;
    bool is_dead; /**< its process, by all that can be known; never of one that lives here */
    struct counters_copy copy;
};

/** Open and read one. Takes no lock, and no process notices. False: errno; it is to be closed in either case. */
bool stats_entry_open(int directory, const struct counters_identity *identity, uint64_t own_namespace,
                      struct stats_entry *entry);

/**
 * The same to fold it: it stays locked until it is closed, so that the process, should it come back with another
 * program, and others who fold keep off. False: it may not be written, is locked, has gone, or is no regular file with
 * one name.
 */
bool stats_entry_open_locked(int directory, const struct counters_identity *identity, uint64_t own_namespace,
                             struct stats_entry *entry);

void stats_entry_close(struct stats_entry *entry);

#endif
