#include "originbypass/command/base/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/guest/destination.h"

static char *directory_of(const char *path) {
    const char *name = text_base_name(path);
    return name - path <= 1 ? memory_text("/") : text_format("%.*s", (int)(name - path - 1), path);
}

bool file_system_is_full(const char *path) {
    struct statvfs system;
    return statvfs(path, &system) == 0 && system.f_blocks > 0 && system.f_bavail == 0;
}

bool file_system_takes_no_file(const char *path) {
    struct statvfs system;
    return file_system_is_full(path) || (statvfs(path, &system) == 0 && system.f_files > 0 && system.f_favail == 0);
}

static int try_space(const char *path) {
    return file_system_is_full(path) ? ENOSPC : 0;
}

static bool is_regular_file(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/*
 * A link to something that may be the program's own output, but not this command's, such as /proc/1/fd/1 in a
 * container.
 */
static bool may_be_stream(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

/* The errors of faccessat(2) for a directory mean the same as those of open(2) for a new file in it. */
static int try_to_create_in(const char *directory) {
    return faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) != 0 ? errno
           : file_system_takes_no_file(directory)                       ? ENOSPC
                                                                        : 0;
}

static int try_log_file(const char *path) {
    int cause = destination_try(path);
    if (cause == 0 && is_regular_file(path))
        return try_space(path);
    if (cause == ELOOP && may_be_stream(path))
        return 0;
    if (cause != ENOENT)
        return cause;
    char *directory = directory_of(path);
    cause = try_to_create_in(directory);
    free(directory);
    return cause;
}

const char *log_file_fault(const char *path) {
    return path[0] == '/' ? destination_reason(try_log_file(path)) : NULL;
}

#define OR_ANOTHER "or name another file in ORIGIN_BYPASS_LOG_FILE or log.file; /dev/stderr and /dev/stdout work, too"

const char *log_file_remedy(const char *fault) {
    if (strcmp(fault, destination_reason(ENOSPC)) == 0)
        return "Make room on its file system, " OR_ANOTHER;
    if (strcmp(fault, destination_reason(EACCES)) == 0)
        return "Let the user of the program write it and make files in its directory (chown, chmod), " OR_ANOTHER;
    if (strcmp(fault, destination_reason(ENOENT)) == 0 || strcmp(fault, destination_reason(ENOTDIR)) == 0)
        return "Make its directory, for the user of the program, " OR_ANOTHER;
    return "Name another file in ORIGIN_BYPASS_LOG_FILE or log.file; /dev/stderr and /dev/stdout work, too";
}
