#include "originbypass/cli/foreign_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "originbypass/cli/text.h"

static int fail(int error, int place) {
    if (place >= 0)
        close(place);
    errno = error;
    return -1;
}

/* Opened a second time for reading: what was looked at is what is read. */
static int open_for_reading(int place) {
    char *path = text_format("/proc/self/fd/%d", place);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), error = errno;
    free(path);
    errno = error;
    return descriptor;
}

/* `place` was opened with O_PATH, which does nothing to the file, and is closed. */
static int open_regular(int place, uint64_t size_max, uint64_t *size) {
    struct stat status;
    if (place < 0)
        return -1;
    if (fstat(place, &status) != 0)
        return fail(errno, place);
    if (!S_ISREG(status.st_mode))
        return fail(EINVAL, place);
    if ((uint64_t)status.st_size > size_max)
        return fail(EFBIG, place);
    if (size != NULL)
        *size = (uint64_t)status.st_size;
    int descriptor = open_for_reading(place), error = errno;
    close(place);
    errno = error;
    return descriptor;
}

int foreign_file_open(const char *path, uint64_t size_max, uint64_t *size) {
    return open_regular(open(path, O_PATH | O_CLOEXEC), size_max, size);
}

static int place_in(const char *root, const char *path, int flags) {
    struct open_how how = {.flags = (uint64_t)(O_PATH | O_CLOEXEC | flags),
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -1;
    int place = (int)syscall(SYS_openat2, directory, path, &how, sizeof(how)), error = errno;
    close(directory);
    errno = error;
    return place;
}

int foreign_file_open_of(const char *pid, const char *path, int flags, uint64_t size_max, uint64_t *size) {
    char *root = text_format("/proc/%s/root", pid), *whole = text_format("%s%s", root, path);
    int place = place_in(root, path, flags);
    if (place < 0 &&
        (errno == ENOSYS || errno == EPERM)) /* before Linux 5.6, or a filter that does not know the call */
        place = open(whole, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int error = errno;
    free(whole);
    free(root);
    errno = error;
    return open_regular(place, size_max, size);
}
