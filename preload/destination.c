#include "originbypass/destination.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "originbypass/descriptor.h"

/**
 * "stderr" or a log file's path. Never freed, because a reader takes no lock and may use it still; but each is
 * kept once, however often a new configuration comes back to it.
 */
struct destination {
    struct destination *previous;
    char path[];
};

static _Atomic(struct destination *) newest_destination;
static _Atomic(const struct destination *) current_destination; /**< NULL: standard error */

/**
 * The file that standard error was at load. Where there was none, number 2 is the program's, for whatever it opens
 * first.
 */
static struct {
    bool existed;
    dev_t device;
    ino_t inode;
} stderr_at_load;

/** What the programs that this one starts do not get is no standard error, but a file that has got its number. */
static bool is_passed_on(int number) {
    int flags = fcntl(number, F_GETFD);
    return flags != -1 && !(flags & FD_CLOEXEC);
}

void destination_remember_stderr(void) {
    struct stat status;
    stderr_at_load.existed = is_passed_on(STDERR_FILENO) && fstat(STDERR_FILENO, &status) == 0;
    if (stderr_at_load.existed) {
        stderr_at_load.device = status.st_dev;
        stderr_at_load.inode = status.st_ino;
    }
}

static const struct destination *find_destination(const char *path) {
    const struct destination *destination = atomic_load(&newest_destination);
    while (destination != NULL && strcmp(destination->path, path) != 0)
        destination = destination->previous;
    return destination;
}

/* NULL: no memory. */
static const struct destination *add_destination(const char *path) {
    size_t size = strlen(path) + 1;
    struct destination *destination = malloc(sizeof(*destination) + size);
    if (destination == NULL)
        return NULL;
    memcpy(destination->path, path, size);
    destination->previous = atomic_load(&newest_destination);
    while (!atomic_compare_exchange_weak(&newest_destination, &destination->previous, destination))
        ;
    return destination;
}

void destination_set(const char *path) {
    if (atomic_load(&current_destination) == NULL && strcmp(path, "stderr") == 0)
        return;
    const struct destination *destination = find_destination(path);
    if (destination == NULL)
        destination = add_destination(path);
    if (destination != NULL)
        atomic_store(&current_destination, destination);
}

/* ---- by none but the calls that libc's stdio and resolver make: a filter may end the program for any other ---- */

/**
 * Whether number 2 is the file of load time and no socket, or a log of the program's own, as of a daemon's; `status`
 * and `descriptor` are those of our way to it.
 */
static bool may_take_messages(int descriptor, const struct stat *status) {
    if (!stderr_at_load.existed || S_ISSOCK(status->st_mode))
        return false;
    if (status->st_dev == stderr_at_load.device && status->st_ino == stderr_at_load.inode)
        return true;
    int flags = fcntl(descriptor, F_GETFL);
    return S_ISREG(status->st_mode) && is_passed_on(STDERR_FILENO) && flags != -1 &&
           (flags & (O_ACCMODE | O_APPEND)) == (O_WRONLY | O_APPEND);
}

/**
 * A number above those that daemons close and take again, as far as the limit allows it: what is examined and what is
 * written must be the same file, also while another thread puts its socket at the number that we began with. The first
 * time the kernel may have to enlarge its table for that, which takes a program with threads some milliseconds.
 */
static int duplicate(int number) {
    static const int least[] = {1024, 512, STDERR_FILENO + 1};
    int copy = -1;
    for (size_t i = 0; copy == -1 && i < sizeof(least) / sizeof(least[0]); i++)
        copy = fcntl(number, F_DUPFD_CLOEXEC, least[i]);
    return copy;
}

/** Open a file, and move it to such a number. False: errno tells why. */
static bool open_above(struct descriptor *file, const char *path, int flags) {
    struct descriptor opened;
    if (!descriptor_take(&opened, open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0640)))
        return false;
    if (descriptor_take(file, duplicate(opened.number)))
        descriptor_close(&opened);
    else
        *file = opened;
    return true;
}

/**
 * A pipe is written without ever waiting. Its own O_NONBLOCK is no means for that: it belongs to the open file, which
 * other processes share. So the pipe is opened anew. False: it is none, nobody reads it, there is no /proc, or the
 * program is another user by now than the one who made the pipe.
 */
static bool open_pipe_anew(struct descriptor *pipe) {
    struct stat status;
    if (fstat(STDERR_FILENO, &status) == -1 || !S_ISFIFO(status.st_mode))
        return false;
    int flags = fcntl(STDERR_FILENO, F_GETFL);
    return flags != -1 && open_above(pipe, "/proc/self/fd/2", O_WRONLY | (flags & O_DIRECT));
}

/**
 * Where poll(2) says that there is room, a pipe has a free page at least, which takes a whole line. One that could not
 * be opened anew makes us wait where another writer comes in between and fills it. Where poll(2) tells of an error,
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

/* Without a free number for our own way to it, number 2 itself has to do. */
static ssize_t write_to_stderr(const char *line, size_t size) {
    struct descriptor own;
    struct stat status;
    ssize_t written = -1;
    bool has_own = open_pipe_anew(&own) || descriptor_take(&own, duplicate(STDERR_FILENO));
    int number = has_own ? own.number : STDERR_FILENO;
    if (fstat(number, &status) == 0 && may_take_messages(number, &status))
        written = write_where_room(number, line, size);
    int cause = errno;
    if (has_own)
        descriptor_close(&own);
    errno = cause;
    return written;
}

static ssize_t write_to_file(const char *path, const char *line, size_t size) {
    ssize_t written = -1;
    struct stat status;
    struct descriptor file;
    if (!open_above(&file, path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW))
        return -1;
    if (fstat(file.number, &status) == 0 && S_ISREG(status.st_mode))
        written = write(file.number, line, size);
    int cause = errno;
    descriptor_close(&file);
    errno = cause;
    return written;
}

/** The signal that a failed write sends to its own thread, 0 where none. */
static int signal_of_failure(int cause) {
    return cause == EPIPE ? SIGPIPE : cause == EFBIG ? SIGXFSZ : 0;
}

/**
 * Take back the signal that our write has sent, while all are blocked. That is a reader who leaves between poll(2) and
 * write(2), and a log file at the limit of its size (RLIMIT_FSIZE). Whether the program had one waiting is not asked
 * before each write, for which a filter could end it.
 */
static void consume_signal(int cause) {
    int number = signal_of_failure(cause);
    if (number == 0)
        return;
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, number);
    sigtimedwait(&ours, NULL, &(struct timespec){0});
}

static void write_to_destination(const char *line, size_t size) {
    const struct destination *destination = atomic_load(&current_destination);
    errno = 0; /* what it tells below is our write's */
    ssize_t written = destination != NULL && destination->path[0] == '/' ? write_to_file(destination->path, line, size)
                                                                         : write_to_stderr(line, size);
    if (written == -1)
        consume_signal(errno);
}

/**
 * With all signals blocked: no handler may jump out of here and leave a descriptor open or cancellation
 * disabled, SIGPIPE and SIGXFSZ can be taken back, and SIGTTOU does not stop a program in the background
 * (tty_ioctl(4), TOSTOP).
 */
void destination_write(const char *line, size_t size) {
    int error = errno;
    int cancel_state;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    write_to_destination(line, size);
    pthread_setcancelstate(cancel_state, NULL);
    errno = error;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
