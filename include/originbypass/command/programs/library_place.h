#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_LIBRARY_PLACE_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_LIBRARY_PLACE_H

#include <stdbool.h>

/**
 * Whether a library may be entered in /etc/ld.so.preload from where it is: `path` is absolute and without symbolic
 * links. Every program of every user would run what stands there, root's included, and complain when it is gone.
 *
 * Refused in any case: a path that the loader would take apart, what is no regular file, and a file or directory on the
 * way to it that belongs to another user than root or that every user may write. Refused unless `forced`: one that a
 * group other than root's may write, and a place that may go away: where people and programs keep what is theirs for a
 * while, a source tree, a file system in memory or on the network.
 *
 * False after a complaint with what to do.
 */
bool library_place_check(const char *path, bool forced);

#endif
