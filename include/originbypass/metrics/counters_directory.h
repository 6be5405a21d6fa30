#ifndef ORIGINBYPASS_METRICS_COUNTERS_DIRECTORY_H
#define ORIGINBYPASS_METRICS_COUNTERS_DIRECTORY_H

#include "originbypass/guest/descriptor.h"

/**
 * Open a directory to make a counters' file in it. NULL, or why that is not safe or not possible, a static text: it has
 * to be the user's own or root's, and where all may write to it, it needs the sticky bit. The descriptor is the
 * caller's to close in either case. errno may change.
 */
const char *counters_directory_open(const char *path, struct descriptor *directory);

/** Why a directory cannot be opened, for people: a static text. */
const char *counters_directory_fault(int error);

#endif
