#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_DIRECTORY_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_DIRECTORY_H

#include <stdbool.h>

/** Where the counters are. */
struct stats_place {
    char *directory; /**< the caller must free(3) it; NULL: nowhere */
    bool found;      /**< no valid configuration names it, so nothing is to be changed in it */
};

/**
 * Find the directory of the counters: in ORIGIN_BYPASS_METRICS, or in the configuration file. If the file is refused,
 * missing, or names no directory, it is the one in which running programs keep their counters, or else the one that a
 * line of the refused file names. Complains if there is none, and also says where it comes from if no valid
 * configuration names it. Not thread-safe.
 */
struct stats_place stats_directory_find(void);

#endif
