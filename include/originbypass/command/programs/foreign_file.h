#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_FOREIGN_FILE_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_FOREIGN_FILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Files that are looked at on the word of another process, of its environment or of a directory that others may write:
 * a name may lead anywhere. Only regular files are opened; to open a device may already do something, and a pipe or a
 * terminal may keep the reader waiting.
 */

/**
 * Open a regular file of at most `size_max` octets for reading; a symbolic link as the last part of the path is
 * followed. Returns the descriptor, for the caller to close(2), and the size where `size` is not NULL; -1: errno says
 * why, EINVAL for what is no regular file, EFBIG for one that is too large.
 */
int foreign_file_open(const char *path, uint64_t size_max, uint64_t *size);

/**
 * The same in the root directory of process `pid`, with links as that process would follow them. As the last part of
 * the path a link is followed where `flags` is 0, and refused where it is O_NOFOLLOW: the paths that the kernel tells
 * of a process lead through none. Where the kernel has no openat2(2), every link is refused.
 */
int foreign_file_open_of(const char *pid, const char *path, int flags, uint64_t size_max, uint64_t *size);

#endif
