#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_FOREIGN_FILE_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_FOREIGN_FILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Files whose names come from another process, from its environment, or from a directory that others can write. Such a
 * name may lead anywhere, so only regular files are opened. To open a device may already have an effect, and a pipe or
 * a terminal may block the reader.
 */

/**
 * Open a regular file of at most `size_max` octets for reading. If the last part of the path is a symbolic link, it is
 * followed. Returns the descriptor, which the caller must close(2), and stores the size in `size` if that is not NULL.
 * On error returns -1 with errno: EINVAL if it is not a regular file, EFBIG if it is too large.
 */
int foreign_file_open(const char *path, uint64_t size_max, uint64_t *size);

/**
 * The same in the root directory of process `pid`, with links as that process would follow them. If the last part of
 * the path is a link, it is followed if `flags` is 0, and refused if `flags` is O_NOFOLLOW: the paths that the kernel
 * reports for a process contain no links. If the kernel has no openat2(2), every link is refused.
 */
int foreign_file_open_of(const char *pid, const char *path, int flags, uint64_t size_max, uint64_t *size);

#endif
