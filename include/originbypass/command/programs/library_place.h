#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_LIBRARY_PLACE_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_LIBRARY_PLACE_H

#include <stdbool.h>

/**
 * Check whether a library may be entered in /etc/ld.so.preload from the place where it is. `path` is absolute and has
 * no symbolic links. Every program of every user, including root's, would run the library, and would print an error
 * once the file is gone.
 *
 * Always refused: a path that the loader would split or expand; something that is not a regular file; and a file, or a
 * directory on the way to it, that does not belong to root or that every user may write.
 *
 * Refused unless `forced`: a file or directory that a group other than root's may write; and a place that may
 * disappear, such as a home or temporary directory, a source tree, or a file system in memory or on the network.
 *
 * Returns false after a complaint that says what to do.
 */
bool library_place_check(const char *path, bool forced);

#endif
