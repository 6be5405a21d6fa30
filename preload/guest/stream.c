#include "originbypass/guest/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "originbypass/guest/descriptor.h"

/**
 * The files that standard output and standard error were at load. Where there was none, the number is the program's,
 * for whatever it opens first.
 */
static struct {
    bool existed;
    dev_t device;
    ino_t inode;
} at_load[STREAMS_END];

/** What the programs that this one starts do not get is no standard stream, but a file that has got its number. */
static bool is_passed_on(int number) {
    int flags = fcntl(number, F_GETFD);
    return flags != -1 && !(flags & FD_CLOEXEC);
}

void streams_remember(void) {
    struct stat status;
    for (int number = STDOUT_FILENO; number < STREAMS_END; number++) {
        at_load[number].existed = is_passed_on(number) && fstat(number, &status) == 0;
        if (at_load[number].existed) {
            at_load[number].device = status.st_dev;
            at_load[number].inode = status.st_ino;
        }
    }
}

int stream_behind(const struct stat *status) {
    struct stat own;
    for (int number = STREAMS_END - 1; number >= STDOUT_FILENO; number--)
        if (fstat(number, &own) == 0 && own.st_dev == status->st_dev && own.st_ino == status->st_ino)
            return number;
    return STREAM_NONE;
}

/* ---- by none but the calls that libc's stdio and resolver make: a filter may end the program for any other ---- */

/**
 * Whether the number is the file of load time and no socket, or for standard error a log of the program's own, as of a
 * daemon's; `status` and `descriptor` are those of our way to it.
 */
static bool may_get_messages(int number, int descriptor, const struct stat *status) {
    if (!at_load[number].existed || S_ISSOCK(status->st_mode))
        return false;
    if (status->st_dev == at_load[number].device && status->st_ino == at_load[number].inode)
        return true;
    int flags = fcntl(descriptor, F_GETFL);
    return number == STDERR_FILENO && S_ISREG(status->st_mode) && is_passed_on(number) && flags != -1 &&
           (flags & (O_ACCMODE | O_APPEND)) == (O_WRONLY | O_APPEND);
}

/**
 * A pipe is written without ever waiting. Its own O_NONBLOCK is no means for that: it belongs to the open file, which
 * other processes share. So the pipe is reopened. False: it is not a pipe, nobody reads it, there is no /proc, or the
 * program is another user by now than the one who made the pipe.
 */
static bool open_pipe_anew(int number, struct descriptor *pipe) {
    static const char *const paths[STREAMS_END] = {
        [STDOUT_FILENO] = "/proc/self/fd/1", [STDERR_FILENO] = "/proc/self/fd/2"};
    struct stat status;
    if (fstat(number, &status) == -1 || !S_ISFIFO(status.st_mode))
        return false;
    int flags = fcntl(number, F_GETFL);
    return flags != -1 && descriptor_open_above(pipe, paths[number], O_WRONLY | (flags & O_DIRECT), 0);
}

/**
 * Where poll(2) says that there is room, a pipe has a free page at least, which takes a whole line. One that could not
 * be reopened makes us wait where another writer comes in between and fills it. Where poll(2) tells of an error,
 * nobody reads any more, and a write would send SIGPIPE.
 */
static ssize_t write_where_room(int descriptor, const char *line, size_t size) {
    struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
    if (poll(&ready, 1, 0) != 1 || ready.revents != POLLOUT) {
        errno = EAGAIN;
        return -1;
    }
    return write(descriptor, line, size);
}

/* Without a free number for our own way to it, the number itself has to do. */
int stream_write(int number, const char *line, size_t size) {
    struct descriptor own;
    struct stat status;
    int cause = ESTALE;
    bool has_own = open_pipe_anew(number, &own) || descriptor_duplicate_above(&own, number);
    int way = has_own ? own.number : number;
    if (fstat(way, &status) == 0 && may_get_messages(number, way, &status))
        cause = write_where_room(way, line, size) == -1 ? errno : 0;
    if (has_own)
        descriptor_close(&own);
    return cause;
}
