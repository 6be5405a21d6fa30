#include "originbypass/command/programs/foreign_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"

static int fail_and_close(int error, int place) {
    if (place >= 0)
        close(place);
    errno = error;
    return -1;
}

/* Open through /proc/self/fd, so that the file that is read is the one that was checked. */
static int open_for_reading(int place) {
    char *path = text_format("/proc/self/fd/%d", place);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), error = errno;
    free(path);
    errno = error;
    return descriptor;
}

/*
 * Checks and opens what `place` refers to, and closes `place`. It was opened with O_PATH, which has no effect on a
 * file.
 */
static int open_regular(int place, uint64_t size_max, uint64_t *size) {
    struct stat status;
    if (place < 0)
        return -1;
    if (fstat(place, &status) != 0)
        return fail_and_close(errno, place);
    if (!S_ISREG(status.st_mode))
        return fail_and_close(EINVAL, place);
    if ((uint64_t)status.st_size > size_max)
        return fail_and_close(EFBIG, place);
    if (size != NULL)
        *size = (uint64_t)status.st_size;
    int descriptor = open_for_reading(place), error = errno;
    close(place);
    errno = error;
    return descriptor;
}

/* Without /proc the file is opened by its path again, and must be the one that was checked. */
static int open_again(const char *path, const struct stat *checked) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    if (descriptor >= 0 &&
        (fstat(descriptor, &status) != 0 || status.st_dev != checked->st_dev || status.st_ino != checked->st_ino))
        return fail_and_close(EINVAL, descriptor);
    return descriptor;
}

int foreign_file_open(const char *path, uint64_t size_max, uint64_t *size) {
    struct stat checked;
    int descriptor = open_regular(open(path, O_PATH | O_CLOEXEC), size_max, size);
    if (descriptor >= 0 || errno != ENOENT || access("/proc/self/fd", F_OK) == 0 || stat(path, &checked) != 0)
        return descriptor;
    return open_again(path, &checked);
}

static int root_of(const char *pid) {
    char *path = text_format("/proc/%s/root", pid);
    int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), error = errno;
    free(path);
    errno = error;
    return root;
}

/*
 * Used without openat2(2): before Linux 5.6, or under a seccomp filter that does not know it. Here a link would lead
 * through our root instead of the root of the process, and ".." would lead out of it. So ".." is refused. A link is not
 * followed: it is opened itself, so nothing can be opened below it, and it is not a regular file.
 */
static int step_into(int directory, const char *part) {
    if (strcmp(part, "..") == 0)
        return fail_and_close(ELOOP, -1);
    return openat(directory, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

static int place_without_links(int root, const char *path) {
    char *parts = memory_text(path), *rest = NULL;
    int place = fcntl(root, F_DUPFD_CLOEXEC, 0), error = errno;
    for (char *part = strtok_r(parts, "/", &rest); part != NULL && place >= 0; part = strtok_r(NULL, "/", &rest)) {
        int next = step_into(place, part);
        error = errno;
        close(place);
        place = next;
    }
    free(parts);
    errno = error;
    return place;
}

static int place_in(int root, const char *path, int flags) {
    struct open_how how = {.flags = (uint64_t)(O_PATH | O_CLOEXEC | flags),
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    int place = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
    return place < 0 && (errno == ENOSYS || errno == EPERM) ? place_without_links(root, path) : place;
}

int foreign_file_open_of(const char *pid, const char *path, int flags, uint64_t size_max, uint64_t *size) {
    int root = root_of(pid), place = root < 0 ? -1 : place_in(root, path, flags), error = errno;
    if (root >= 0)
        close(root);
    errno = error;
    return open_regular(place, size_max, size);
}
