#ifndef ORIGINBYPASS_COMMAND_BASE_LOG_FILE_H
#define ORIGINBYPASS_COMMAND_BASE_LOG_FILE_H

#include <stdbool.h>

/**
 * Find out why a program of this user, on this machine or in this container, would lose its messages. Returns a text to
 * be put after the log file's path; NULL: the messages would not be lost. Creates and writes nothing.
 */
const char *log_file_fault(const char *path);

/** What to do about it: a sentence without its full stop. */
const char *log_file_remedy(const char *fault);

/** Whether the file system of this path has no block left for this user (statvfs(3)). */
bool file_system_is_full(const char *path);

/** Whether it has no room for a new file: no block, or no inode. */
bool file_system_takes_no_file(const char *path);

#endif
