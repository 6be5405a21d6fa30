#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_COUNTERS_PLACE_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_COUNTERS_PLACE_H

/**
 * Why a program of this user cannot keep its counters in this directory, as text to be put after "DIRECTORY: "; NULL:
 * it can. Creates nothing.
 */
const char *counters_place_fault(const char *path);

/** What to do about it: a sentence without its full stop. */
const char *counters_place_remedy(const char *fault);

#endif
