#ifndef ORIGINBYPASS_GUEST_DESTINATION_H
#define ORIGINBYPASS_GUEST_DESTINATION_H

#include <limits.h>
#include <stddef.h>

/** A pipe takes a line of this size as a whole or not at all, so lines of several writers do not mix (pipe(7)). */
#define DESTINATION_LINE_SIZE PIPE_BUF

/**
 * Where lines go from now on: the absolute path of a file, or "stderr", as at the beginning. `/dev/stdout`,
 * `/dev/stderr`, their names in /proc/self/fd and /dev/fd, and a link that leads to what these streams are now, mean
 * the streams. The path is copied; without memory for that, the destination stays. errno is kept. Thread-safe.
 */
void destination_set(const char *path);

/** What has become of a line. Static texts, or as good as static. */
struct destination_loss {
    const char *file;
    const char *reason; /**< NULL: it was written, or there is nothing to tell */
};

/**
 * Write one line of at most DESTINATION_LINE_SIZE octets with one write(2), or lose it: to a stream as stream_write()
 * does, and where the path is not a regular file (which is created with mode 0640), or cannot be written. That is
 * returned, once for each path: its lines are lost from then on, until it can be written. A line that would block is
 * lost without a word.
 *
 * The program notices nothing: no signal is sent, the file status flags of the streams stay as they are, errno is
 * kept, it is no cancellation point, and no descriptor is held afterwards. Makes no system call that libc's own stdio
 * and resolver do not make, but rt_sigtimedwait(2) where the write has sent a signal: who reads a pipe left in that
 * moment, or the log file is at the limit of its size. Takes no lock and allocates nothing. Thread-safe, and safe in
 * signal handlers.
 */
struct destination_loss destination_write(const char *line, size_t size);

/** The same, to standard error whatever the destination is. */
void destination_write_to_stderr(const char *line, size_t size);

/**
 * Try whether a destination can be written by this process. Nothing is created, and nothing written. Returns 0, or an
 * error number; ENOENT is also for a file that is not there yet. errno may change. Thread-safe.
 */
int destination_try(const char *path);

/** What such an error number means for a log file, to be put after its path; NULL for 0. */
const char *destination_reason(int cause);

#endif
