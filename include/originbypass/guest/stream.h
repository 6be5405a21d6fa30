#ifndef ORIGINBYPASS_GUEST_STREAM_H
#define ORIGINBYPASS_GUEST_STREAM_H

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/** The standard streams that can take messages are standard output (1) and standard error (2). */
enum { STREAM_NONE = 0, STREAMS_END = STDERR_FILENO + 1 };

/**
 * Remember which files these are now, or that there are no files: what the program then opens under such a number never
 * gets a line. Called once, at load.
 */
void streams_remember(void);

/** The stream that leads to this file now; STREAM_NONE: neither does. errno may change. */
int stream_behind(const struct stat *status);

/**
 * Write a line with one write(2) that never waits, or lose it: where it would block, where the stream was closed at
 * load, where it is now neither that file nor, for standard error, a regular file opened O_WRONLY | O_APPEND that the
 * program's children inherit, and where it is a socket. Called with all signals blocked. Returns 0, or an error number:
 * EAGAIN where it would block, ESTALE where nothing may be written. errno may change.
 */
int stream_write(int number, const char *line, size_t size);

#endif
