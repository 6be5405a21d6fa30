#include "originbypass/metrics/counters_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const int FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

const char *counters_directory_fault(int error) {
    switch (error) {
    case ENOENT:
        return "the directory does not exist";
    case ENOTDIR:
    case ELOOP:
        return "this is no directory";
    case EACCES:
    case EPERM:
        return "this user may not read the directory: permission denied";
    case EMFILE:
    case ENFILE:
        return "no descriptor is left";
    default:
        return "the directory cannot be opened";
    }
}

const char *counters_directory_open(const char *path, struct descriptor *directory) {
    struct stat status;
    if (!descriptor_take(directory, open(path, FLAGS)) || fstat(directory->number, &status) != 0)
        return counters_directory_fault(errno);
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return "the directory is not safe: it belongs neither to this user nor to root";
    if ((status.st_mode & S_IWOTH) && !(status.st_mode & S_ISVTX))
        return "the directory is not safe: all may write to it, and it has no sticky bit";
    return NULL;
}
