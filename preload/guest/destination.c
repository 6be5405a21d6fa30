#include "originbypass/guest/destination.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "originbypass/guest/descriptor.h"
#include "originbypass/guest/stream.h"

/**
 * "stderr" or a log file's path. Never freed, because a reader takes no lock and may use it still; but each is
 * kept once, however often a new configuration comes back to it.
 */
struct destination {
    struct destination *previous;
    atomic_int stream;  /**< that the path means or leads to; STREAM_NONE: a file */
    atomic_bool failed; /**< which has been told */
    char path[];
};

static _Atomic(struct destination *) newest_destination;
static _Atomic(struct destination *) current_destination; /**< NULL: standard error */

static struct destination *find_destination(const char *path) {
    struct destination *destination = atomic_load(&newest_destination);
    while (destination != NULL && strcmp(destination->path, path) != 0)
        destination = destination->previous;
    return destination;
}

/* NULL: no memory. */
static struct destination *add_destination(const char *path) {
    size_t size = strlen(path) + 1;
    struct destination *destination = calloc(1, sizeof(*destination) + size);
    if (destination == NULL)
        return NULL;
    memcpy(destination->path, path, size);
    destination->previous = atomic_load(&newest_destination);
    while (!atomic_compare_exchange_weak(&newest_destination, &destination->previous, destination))
        ;
    return destination;
}

/* ---- by none but the calls that libc's stdio and resolver make: a filter may end the program for any other ---- */

enum { NULL_DEVICE = 1 << 8 | 3 }; /* /dev/null, which loses lines because it was told to */

/* False: errno tells why, EINVAL that it is not a regular file. */
static bool open_log(struct descriptor *file, const char *path, int create) {
    struct stat status;
    if (!descriptor_open_above(file, path, O_WRONLY | O_APPEND | O_NOFOLLOW | create, 0640))
        return false;
    if (fstat(file->number, &status) == 0 &&
        (S_ISREG(status.st_mode) || (S_ISCHR(status.st_mode) && status.st_rdev == NULL_DEVICE)))
        return true;
    descriptor_close(file);
    errno = EINVAL;
    return false;
}

static bool is_path_of(const char *path, const char *const *paths) {
    while (*paths != NULL && strcmp(path, *paths) != 0)
        paths++;
    return *paths != NULL;
}

/**
 * The stream that a path means. The names that containers use are known by heart, because in a chroot, or to a program
 * that has changed its user, they do not lead there any more. A link may lead to one of them: its file tells.
 */
static int stream_of(const char *path) {
    static const char *const output[] = {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", NULL};
    static const char *const error[] = {"stderr", "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2", NULL};
    struct stat status;
    struct descriptor file;
    if (is_path_of(path, output))
        return STDOUT_FILENO;
    if (is_path_of(path, error))
        return STDERR_FILENO;
    if (open_log(&file, path, 0))
        descriptor_close(&file);
    else if (errno == ELOOP && stat(path, &status) == 0)
        return stream_behind(&status);
    return STREAM_NONE;
}

void destination_set(const char *path) {
    if (atomic_load(&current_destination) == NULL && strcmp(path, "stderr") == 0)
        return;
    int error = errno;
    struct destination *destination = find_destination(path);
    if (destination == NULL)
        destination = add_destination(path);
    if (destination != NULL) {
        atomic_store(&destination->stream, stream_of(path));
        atomic_store(&current_destination, destination);
    }
    errno = error;
}

/* 0, or errno; ENOSPC for a part of the line, too. */
static int write_to_file(const char *path, const char *line, size_t size) {
    struct descriptor file;
    if (!open_log(&file, path, O_CREAT))
        return errno;
    ssize_t written = write(file.number, line, size);
    int cause = written == (ssize_t)size ? 0 : written < 0 ? errno : ENOSPC;
    descriptor_close(&file);
    return cause;
}

const char *destination_reason(int cause) {
    switch (cause) {
    case 0:
        return NULL;
    case ENOENT:
        return "its directory does not exist";
    case ENOTDIR:
        return "a part of its path is not a directory";
    case EACCES:
    case EPERM:
        return "no permission to write it";
    case EROFS:
        return "its file system can only be read";
    case ENOSPC:
    case EDQUOT:
        return "no space is left for it";
    case EFBIG:
        return "it is as large as this process may make a file";
    case ELOOP:
        return "it is a symbolic link, and not one to standard output or standard error";
    case EINVAL:
    case EISDIR:
    case ENXIO:
        return "it is not a regular file";
    case ESTALE:
        return "it is closed, a socket, or not what it was when the program started";
    case EMFILE:
    case ENFILE:
        return "no descriptor is free";
    default:
        return "the system refuses it";
    }
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

static int write_anywhere(const struct destination *destination, const char *line, size_t size) {
    int stream = atomic_load(&destination->stream);
    return stream == STREAM_NONE ? write_to_file(destination->path, line, size) : stream_write(stream, line, size);
}

/* A line that would block, or that nobody reads any more, is dropped, which is no fault. */
static bool is_fault(int cause) {
    return cause != 0 && cause != EAGAIN && cause != EPIPE;
}

static struct destination_loss write_to(struct destination *destination, const char *line, size_t size) {
    int cause = destination == NULL ? stream_write(STDERR_FILENO, line, size) : write_anywhere(destination, line, size);
    consume_signal(cause);
    if (destination == NULL || !is_fault(cause) || atomic_exchange(&destination->failed, true))
        return (struct destination_loss){0};
    return (struct destination_loss){.file = destination->path, .reason = destination_reason(cause)};
}

/**
 * With all signals blocked: no handler may jump out of here and leave a descriptor open or cancellation
 * disabled, SIGPIPE and SIGXFSZ can be taken back, and SIGTTOU does not stop a program in the background
 * (tty_ioctl(4), TOSTOP).
 */
static struct destination_loss write_unnoticed(struct destination *destination, const char *line, size_t size) {
    int error = errno;
    int cancel_state;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    struct destination_loss loss = write_to(destination, line, size);
    pthread_setcancelstate(cancel_state, NULL);
    errno = error;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return loss;
}

struct destination_loss destination_write(const char *line, size_t size) {
    return write_unnoticed(atomic_load(&current_destination), line, size);
}

void destination_write_to_stderr(const char *line, size_t size) {
    (void)write_unnoticed(NULL, line, size);
}

int destination_try(const char *path) {
    struct descriptor file;
    if (stream_of(path) != STREAM_NONE)
        return 0;
    if (!open_log(&file, path, 0))
        return errno;
    descriptor_close(&file);
    return 0;
}
