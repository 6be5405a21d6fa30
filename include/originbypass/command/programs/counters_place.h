#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_COUNTERS_PLACE_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_COUNTERS_PLACE_H

#include <stdbool.h>

/**
 * Why a program of this user cannot keep its counters in this directory, as text to be put after "DIRECTORY: "; NULL:
 * it can. Creates nothing.
 */
const char *counters_place_fault(const char *path);

/** What to do about it: a sentence without its full stop. */
const char *counters_place_remedy(const char *fault);

/** Whether process `pid` counts into a file that was removed, so that nobody can read it. False: no, or unknown. */
bool counters_place_is_removed(const char *pid);

/** Whether process `pid` counts into a file that is there, whoever may write its directory now. False: no, or unknown.
 */
bool counters_place_is_taken(const char *pid);

#endif
