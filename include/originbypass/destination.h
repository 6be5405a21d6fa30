#ifndef ORIGINBYPASS_DESTINATION_H
#define ORIGINBYPASS_DESTINATION_H

#include <limits.h>
#include <stddef.h>

/** A pipe takes a line of this size as a whole or not at all, so lines of several writers do not mix (pipe(7)). */
#define DESTINATION_LINE_SIZE PIPE_BUF

/**
 * Remember which file standard error is now, or that there is none: what the program then opens as number 2 never gets
 * a line. See log_remember_stderr(). Called once, at load.
 */
void destination_remember_stderr(void);

/**
 * Where lines go from now on: the absolute path of a file, or "stderr", as at the beginning. The path is
 * copied; without memory for that, the destination stays. Thread-safe.
 */
void destination_set(const char *path);

/**
 * Write one line of at most DESTINATION_LINE_SIZE octets with one write(2), or lose it: where it would block, where
 * there was no standard error at load, where it is now neither that file nor a regular file opened O_WRONLY | O_APPEND
 * that the program's children inherit, where it is a socket, and where the path is not a regular file (which is created
 * with mode 0640).
 *
 * The program notices nothing: no signal is sent, the file status flags of standard error stay as they are, errno is
 * kept, it is no cancellation point, and no descriptor is held afterwards. Makes no system call that libc's own stdio
 * and resolver do not make, but rt_sigtimedwait(2) where the write has sent a signal: who reads a pipe left in that
 * moment, or the log file is at the limit of its size. Takes no lock and allocates nothing. Thread-safe, and safe in
 * signal handlers.
 */
void destination_write(const char *line, size_t size);

#endif
