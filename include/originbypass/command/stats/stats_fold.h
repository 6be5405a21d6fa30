#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_FOLD_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_FOLD_H

#include <stddef.h>

/**
 * Fold what ended processes have left: what each has counted is added to its user's total (stats_total.h), and its
 * file is removed. Those of the calling user; of all users where that is root. Returns their number. What cannot be
 * done now (somebody else is at it, or the right is missing) is left for another time; nobody waits.
 */
size_t stats_fold(const char *directory);

#endif
