#ifndef ORIGINBYPASS_COMMAND_RUN_NAMESPACE_H
#define ORIGINBYPASS_COMMAND_RUN_NAMESPACE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Take this process, which has one thread, into a mount namespace of its own (mount_namespaces(7)); where it lacks the
 * right to, into a user namespace as well, in which user and group are the same as before (user_namespaces(7)). What is
 * mounted outside later appears inside, and never the other way round. False after a complaint.
 */
bool namespace_enter(void);

/**
 * Put a text over a regular file, which has to exist, for this mount namespace alone: kept in memory, mode 0644. The
 * file itself is not touched. False after a complaint.
 */
bool namespace_cover(const char *path, const char *text, size_t size);

#endif
