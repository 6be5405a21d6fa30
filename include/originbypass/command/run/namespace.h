#ifndef ORIGINBYPASS_COMMAND_RUN_NAMESPACE_H
#define ORIGINBYPASS_COMMAND_RUN_NAMESPACE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Move this process, which has one thread, into a mount namespace of its own (mount_namespaces(7)). If the process may
 * not do this, it also gets a user namespace (user_namespaces(7)), in which its user and group are the same as before.
 * What is mounted outside later appears inside, but not the other way round. Returns false after a complaint.
 */
bool namespace_enter(void);

/**
 * Mount a text over a regular file, which must exist, for this mount namespace only. The text is kept in memory and has
 * the mode 0644. The file itself is not touched. Returns false after a complaint.
 */
bool namespace_cover(const char *path, const char *text, size_t size);

#endif
