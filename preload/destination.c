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
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "originbypass/descriptor.h"

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

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

/** The file that standard error was at load. */
static struct {
    bool known;
    dev_t device;
    ino_t inode;
} stderr_at_load;

void destination_remember_stderr(void) {
    struct stat status;
    stderr_at_load.known = fstat(STDERR_FILENO, &status) == 0;
    if (stderr_at_load.known) {
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

/**
 * Where poll(2) says that there is room, a pipe has a free page at least, which takes a whole line; only
 * another writer that comes in between could fill it and make us wait.
 */
static ssize_t write_where_room(int descriptor, const char *line, size_t size) {
    struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
    if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT)) {
        errno = EAGAIN;
        return -1;
    }
    return write(descriptor, line, size);
}

/**
 * Write to a pipe without ever waiting. O_NONBLOCK is no means for that: it belongs to the open file, which
 * other processes share. Linux 6.4 knows a flag of the single write; before, or where a filter of system
 * calls does not, poll(2) has to do. The call is made directly, because an older musl has no pwritev2.
 */
static ssize_t write_to_pipe(int descriptor, const char *line, size_t size) {
    struct iovec whole = {(void *)line, size};
    ssize_t written = syscall(SYS_pwritev2, descriptor, &whole, 1L, -1L, -1L, RWF_NOWAIT);
    if (written < 0 && errno != EAGAIN && errno != EPIPE)
        return write_where_room(descriptor, line, size);
    return written;
}

/** Whether this is the file of load time and no socket, or a log of the program's own, as of a daemon's. */
static bool may_take_messages(int descriptor, const struct stat *status) {
    if (S_ISSOCK(status->st_mode))
        return false;
    if (stderr_at_load.known && status->st_dev == stderr_at_load.device && status->st_ino == stderr_at_load.inode)
        return true;
    int flags = fcntl(descriptor, F_GETFL);
    return S_ISREG(status->st_mode) && flags != -1 && (flags & (O_ACCMODE | O_APPEND)) == (O_WRONLY | O_APPEND);
}

/**
 * A descriptor of our own for standard error: what is examined and what is written must be the same file,
 * also while another thread puts its socket at number 2. Above the numbers that daemons close and take
 * again, where the limit allows it; the first time the kernel may have to enlarge its table for that, which
 * takes a program with threads some milliseconds.
 */
static int duplicate_stderr(void) {
    int number = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 1024);
    return number == -1 ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : number;
}

static ssize_t write_if_allowed(int descriptor, const char *line, size_t size) {
    struct stat status;
    if (fstat(descriptor, &status) == -1 || !may_take_messages(descriptor, &status))
        return -1;
    return S_ISFIFO(status.st_mode) ? write_to_pipe(descriptor, line, size) : write_where_room(descriptor, line, size);
}

/* Without a free number for a copy, number 2 itself has to do. */
static ssize_t write_to_stderr(const char *line, size_t size) {
    struct descriptor copy;
    bool copied = descriptor_take(&copy, duplicate_stderr());
    ssize_t written = write_if_allowed(copied ? copy.number : STDERR_FILENO, line, size);
    int cause = errno;
    descriptor_close(&copy);
    errno = cause;
    return written;
}

/**
 * Opened for each line, since the program may close it at any moment. Written with pwrite(2), which appends
 * here like write(2), but fails where another thread has just put a socket or a pipe at this number.
 */
static ssize_t write_to_file(const char *path, const char *line, size_t size) {
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    ssize_t written = -1;
    struct stat status;
    struct descriptor file;
    if (!descriptor_take(&file, open(path, flags, 0640)))
        return -1;
    if (fstat(file.number, &status) == 0 && S_ISREG(status.st_mode))
        written = pwrite(file.number, line, size, status.st_size);
    int cause = errno;
    descriptor_close(&file);
    errno = cause;
    return written;
}

/** The signal that a failed write sends to its own thread, 0 where none. */
static int signal_of_failure(int cause) {
    return cause == EPIPE ? SIGPIPE : cause == EFBIG ? SIGXFSZ : 0;
}

/** Take back the signal that our write has sent, while all are blocked, unless one was waiting before. */
static void consume_signal(int cause, const sigset_t *pending_before) {
    int number = signal_of_failure(cause);
    if (number == 0 || sigismember(pending_before, number))
        return;
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, number);
    sigtimedwait(&ours, NULL, &(struct timespec){0});
}

static void write_to_destination(const char *line, size_t size) {
    const struct destination *destination = atomic_load(&current_destination);
    sigset_t pending_before;
    sigpending(&pending_before);
    ssize_t written = destination != NULL && destination->path[0] == '/' ? write_to_file(destination->path, line, size)
                                                                         : write_to_stderr(line, size);
    if (written == -1)
        consume_signal(errno, &pending_before);
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
