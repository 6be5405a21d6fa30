#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_TOTAL_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_TOTAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "originbypass/metrics/counters_file.h"

/*
 * What a user's ended processes have counted: the file UID.total, which belongs to that user. It is replaced as a whole
 * (rename(2)) and says which file was folded into it last: nothing is lost or counted twice where whoever does it is
 * killed at any moment. The next one is prepared as UID.total.new, which nobody else may open before it is in its
 * place: who has the write lock on that file (F_OFD_SETLK) is the only one who folds for this user.
 */

/** The file UID.total, in native numbers. */
struct stats_total {
    uint64_t magic; /**< STATS_TOTAL_MAGIC */
    uint32_t layout;
    uint32_t reserved;
    uint64_t serial;    /**< one more with each process that is folded */
    uint64_t processes; /**< so many were folded */
    uint64_t figures[COUNTER_PLACES];
    struct counters_identity last; /**< the one that was folded last: its file counts no more, though it may be there */
};
#define STATS_TOTAL_MAGIC UINT64_C(0x6c61746f7472746e)
#define STATS_TOTAL_LAYOUT 1

/** Whether a total of this user has that name; whose is stored in `owner`. */
bool stats_total_parse_name(const char *name, uid_t *owner);

enum stats_total_state {
    STATS_TOTAL_NONE,
    STATS_TOTAL_CLOSED, /**< it cannot be opened: errno */
    STATS_TOTAL_READ,
    STATS_TOTAL_OTHERS,  /**< it is another user's: it says nothing of this one */
    STATS_TOTAL_FOREIGN, /**< no regular file, or of another layout */
};

/** Read a user's total in an open directory; all zeros where there is none. */
enum stats_total_state stats_total_read(int directory, uid_t owner, struct stats_total *total);

/** The next total of a user, on the way into its place. */
struct stats_next_total {
    int directory, file; /**< `file`: -1: none */
    uid_t owner;
};

/** Begin to write one. False: somebody else is at it, or it cannot be done. Nobody waits. */
bool stats_total_prepare(int directory, uid_t owner, struct stats_next_total *next);

/** Put it in place of the former one. False: it cannot be done, and that stays. */
bool stats_total_replace(struct stats_next_total *next, const struct stats_total *total);

/** Give it up; to be called in the end in any case. */
void stats_total_release(struct stats_next_total *next);

#endif
