#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_TOTAL_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_TOTAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "originbypass/metrics/counters_file.h"

/*
 * What the ended processes of a user have counted: the file UID.total, which belongs to that user. It is replaced as a
 * whole (rename(2)), and it records which file was folded into it last. So nothing is lost or counted twice, even if
 * the process that folds is killed at any moment. The next total is prepared in UID.total.new, which nobody else may
 * open until it is in its place. Only the process that has the write lock on that file (F_OFD_SETLK) folds for this
 * user.
 */

/** The content of the file UID.total, in native byte order. */
struct stats_total {
    uint64_t magic; /**< STATS_TOTAL_MAGIC */
    uint32_t layout;
    uint32_t reserved;
    uint64_t serial;    /**< incremented with each process that is folded */
    uint64_t processes; /**< how many processes were folded */
    uint64_t figures[COUNTER_PLACES];
    struct counters_identity last; /**< folded last: its file no longer counts, even if it still exists */
};
#define STATS_TOTAL_MAGIC UINT64_C(0x6c61746f7472746e)
#define STATS_TOTAL_LAYOUT 1

/** Whether this is the name of a user's total. If so, the user is stored in `owner`. */
bool stats_total_parse_name(const char *name, uid_t *owner);

enum stats_total_state {
    STATS_TOTAL_NONE,
    STATS_TOTAL_CLOSED, /**< it cannot be opened; see errno */
    STATS_TOTAL_READ,
    STATS_TOTAL_OTHERS,  /**< it belongs to another user, so it says nothing about this one */
    STATS_TOTAL_FOREIGN, /**< not a regular file, or another layout */
};

/** Read a user's total in an open directory. If there is none, the total is all zeros. */
enum stats_total_state stats_total_read(int directory, uid_t owner, struct stats_total *total);

/** A user's next total, which is not in its place yet. */
struct stats_next_total {
    int directory, file; /**< `file` is -1: none */
    uid_t owner;
};

/** Begin to write the next total. False: somebody else is writing it, or it cannot be written. Never waits. */
bool stats_total_prepare(int directory, uid_t owner, struct stats_next_total *next);

/** Put it in the place of the former total. False: it cannot be done, and nothing has changed. */
bool stats_total_replace(struct stats_next_total *next, const struct stats_total *total);

/** Give it up if it was not put in place. Must always be called at the end. */
void stats_total_release(struct stats_next_total *next);

#endif
