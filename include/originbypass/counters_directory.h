#ifndef ORIGINBYPASS_COUNTERS_DIRECTORY_H
#define ORIGINBYPASS_COUNTERS_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "originbypass/counters_file.h"
#include "originbypass/descriptor.h"

/*
 * A directory of counters' files, for the library, which adds its own, and for the command, which reads them all.
 *
 * A dead process's file is folded: what it counted is added to the total of its user, and the file is removed. A total
 * is replaced as a whole (rename(2)) and says which file it has folded last, so that nothing is lost or counted twice
 * where whoever does it is killed at any moment. Who folds has the directory locked (flock(2), LOCK_EX) and waits for
 * nobody; readers need no lock, because a total's serial number tells whether something was folded while they read.
 */

/** The file UID.total, native numbers again. */
struct counters_total {
    uint64_t magic; /**< COUNTERS_TOTAL_MAGIC */
    uint32_t layout;
    uint32_t reserved;
    uint64_t serial;    /**< one more with each process that is folded */
    uint64_t processes; /**< so many were folded */
    uint64_t figures[COUNTER_PLACES];
    struct counters_identity last; /**< the one that was folded last: its file counts no more, though it may be there */
};
#define COUNTERS_TOTAL_MAGIC UINT64_C(0x6c61746f7472746e)
#define COUNTERS_TOTAL_LAYOUT 1

/**
 * Open a directory to make a file in it, or to fold. NULL, or why that is not safe or not possible, a static text: it
 * has to be the user's own or root's, and where all may write to it, it needs the sticky bit. The descriptor is the
 * caller's to close in either case. errno may change.
 */
const char *counters_directory_open(const char *path, struct descriptor *directory);

/** Do not look at more than a few files: the rest is for the next process. */
#define COUNTERS_FOLD_A_FEW 16
/** Look at all. */
#define COUNTERS_FOLD_ALL SIZE_MAX

/**
 * Fold dead processes of the calling user, at most so many, and return their number: none where somebody else is at it
 * already. Never waits. Signals must be blocked, or not matter. errno may change.
 */
size_t counters_directory_fold(const struct descriptor *directory, size_t most);

/** A process, as its file has it. */
struct counters_process {
    struct counters_identity identity;
    bool is_here; /**< its PID namespace is the reader's: the PID is one here */
    uid_t owner;  /**< of the file */
    char version[28];
    char program[64];
    struct counters_load load;
    uint64_t figures[COUNTER_COUNT];
};

/** A file whose figures are in no sum. */
struct counters_unread {
    char name[COUNTERS_FILE_NAME_SIZE];
    const char *reason; /**< a static text */
};

/** What a directory had at one moment. Its processes and the dead ones together never count backwards. */
struct counters_reading {
    size_t process_count;
    struct counters_process *processes; /**< those that live, or may live: in the order of namespace and PID */
    uint64_t dead_count;                /**< processes that have ended, folded or not */
    uint64_t dead[COUNTER_COUNT];       /**< what these have counted */
    size_t unread_count;
    struct counters_unread *unread; /**< files that may not be read, or are of another layout: in the order of names */
};

/**
 * Read a directory, which needs not be safe: nothing in it is trusted. Texts may have any octets but NUL in them. NULL,
 * or why it can not be read, a static text. The reading is the caller's to release with counters_reading_release().
 */
const char *counters_directory_read(const char *path, struct counters_reading *reading);
void counters_reading_release(struct counters_reading *reading);

#endif
