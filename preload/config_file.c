#include "originbypass/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char *open_fault(int error) {
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return "the file does not exist";
    case EACCES:
    case EPERM:
        return "this user may not read the file: permission denied";
    case ELOOP:
        return "the file's symbolic links lead in a circle";
    case EMFILE:
    case ENFILE:
        return "the file can not be opened: no descriptor is left";
    default:
        return "the file can not be opened";
    }
}

static const char *status_fault(const struct stat *status, bool secure) {
    if (S_ISDIR(status->st_mode))
        return "this is a directory: expected a regular file";
    if (!S_ISREG(status->st_mode))
        return "this is no regular file";
    if (status->st_size > (off_t)CONFIG_SIZE_MAX)
        return "the file is larger than 16 MiB";
    if (secure && (status->st_uid != 0 || (status->st_mode & (S_IWGRP | S_IWOTH)) != 0))
        return "for a setuid program, or one with file capabilities, the file counts only when root owns it and nobody "
               "else may write it";
    return NULL;
}

const char *config_file_open(const char *path, bool secure, struct config_file *file) {
    do {
        file->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    } while (file->descriptor < 0 && errno == EINTR);
    if (file->descriptor < 0 || fstat(file->descriptor, &file->status) != 0)
        return open_fault(errno);
    return status_fault(&file->status, secure);
}

size_t config_file_size(const struct config_file *file) {
    return (size_t)file->status.st_size;
}

/* Returns what there is, at most `size` octets; -1: an error. */
static ssize_t read_fully(int descriptor, char *buffer, size_t size) {
    size_t filled = 0;
    while (filled < size) {
        ssize_t count = pread(descriptor, buffer + filled, size - filled, (off_t)filled);
        if (count < 0 && errno != EINTR)
            return -1;
        if (count == 0)
            break;
        filled += count > 0 ? (size_t)count : 0;
    }
    return (ssize_t)filled;
}

static bool is_unchanged(const struct config_file *file) {
    const struct stat *before = &file->status;
    struct stat now;
    return fstat(file->descriptor, &now) == 0 && now.st_size == before->st_size &&
           now.st_mtim.tv_sec == before->st_mtim.tv_sec && now.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

/* There is room for one octet more than the file has: where it is filled, the file has grown. */
const char *config_file_read(const struct config_file *file, char *buffer) {
    size_t size = config_file_size(file);
    ssize_t count = read_fully(file->descriptor, buffer, size + 1);
    if (count < 0)
        return "the file can not be read: input/output error";
    if ((size_t)count != size || !is_unchanged(file))
        return "the file changed while it was read";
    memcpy(buffer + size, "\n", 2);
    return NULL;
}

void config_file_close(struct config_file *file) {
    if (file->descriptor >= 0)
        close(file->descriptor);
    file->descriptor = -1;
}
