#ifndef ORIGINBYPASS_COMMAND_STATS_STATS_FOLD_H
#define ORIGINBYPASS_COMMAND_STATS_STATS_FOLD_H

#include <stddef.h>

/**
 * Fold the files of processes that have ended: add what each has counted to its user's total (stats_total.h), and
 * remove its file. For root the files of all users, otherwise only those of the calling user. Returns how many were
 * folded. What cannot be done now, because somebody else is folding or a permission is missing, is left for a later
 * call. Never waits.
 */
size_t stats_fold(const char *directory);

#endif
