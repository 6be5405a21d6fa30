#include "originbypass/config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

/* ---- stamps ---- */

struct config_stamp config_stamp_of(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0)
        return (struct config_stamp){0};
    return (struct config_stamp){
        .device = status.st_dev,
        .inode = status.st_ino,
        .size = (uint64_t)status.st_size,
        .owner = status.st_uid,
        .mode = status.st_mode,
        .modified_s = status.st_mtim.tv_sec,
        .modified_ns = status.st_mtim.tv_nsec,
        .changed_s = status.st_ctim.tv_sec,
        .changed_ns = status.st_ctim.tv_nsec,
    };
}

bool config_stamp_equals(const struct config_stamp *a, const struct config_stamp *b) {
    return memcmp(a, b, sizeof(*a)) == 0;
}

bool config_stamp_exists(const struct config_stamp *stamp) {
    return stamp->mode != 0;
}

#define MOMENT_NS 300000000

static bool is_fresh(int64_t then_s, int64_t then_ns) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t age_s = now.tv_sec - then_s;
    if (age_s < -1 || age_s > 1) /* also where the clocks differ: there is no telling */
        return false;
    int64_t age_ns = age_s * 1000000000 + now.tv_nsec - then_ns;
    return age_ns >= 0 && age_ns < MOMENT_NS;
}

bool config_stamp_is_fresh(const struct config_stamp *stamp) {
    return is_fresh(stamp->modified_s, stamp->modified_ns) || is_fresh(stamp->changed_s, stamp->changed_ns);
}

/* ---- files ---- */

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
        return "the file cannot be opened: no descriptor is left";
    default:
        return "the file cannot be opened";
    }
}

/* Whether it has to do with the file: else the same file can be opened the next time. */
static bool is_of_the_file(int error) {
    return error == ENOENT || error == ENOTDIR || error == EACCES || error == EPERM || error == ELOOP;
}

static bool is_trusted(const struct stat *status, enum config_trust trust) {
    if (trust == CONFIG_TRUST_ALL)
        return true;
    bool owned = status->st_uid == 0 || (trust == CONFIG_TRUST_USER && status->st_uid == getauxval(AT_EUID));
    return owned && (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static const char *trust_fault(enum config_trust trust) {
    if (trust == CONFIG_TRUST_ROOT)
        return "for a setuid program, or one with file capabilities, the file counts only if root owns it and nobody "
               "else can write to it";
    return "while the program runs, a changed file counts only if root or the user who started the program owns it, "
           "and nobody else can write to it";
}

static const char *status_fault(const struct stat *status, enum config_trust trust) {
    if (S_ISDIR(status->st_mode))
        return "this is a directory: expected a regular file";
    if (!S_ISREG(status->st_mode))
        return "this is not a regular file";
    if (status->st_size > (off_t)CONFIG_SIZE_MAX)
        return "the file is larger than 16 MiB";
    return is_trusted(status, trust) ? NULL : trust_fault(trust);
}

const char *config_file_open(const char *path, enum config_trust trust, struct config_file *file) {
    *file = (struct config_file){.descriptor = -1, .stamp = config_stamp_of(path)};
    if (!config_stamp_exists(&file->stamp))
        return open_fault(errno);
    do {
        file->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    } while (file->descriptor < 0 && errno == EINTR);
    if (file->descriptor < 0 || fstat(file->descriptor, &file->status) != 0) {
        if (!is_of_the_file(errno))
            file->stamp = (struct config_stamp){0};
        return open_fault(errno);
    }
    return status_fault(&file->status, trust);
}

size_t config_file_size(const struct config_file *file) {
    return (size_t)file->status.st_size;
}

/* Returns what there is, at most `size` octets; -1: an error. */
static ssize_t read_to_end(int descriptor, char *buffer, size_t size) {
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
    ssize_t count = read_to_end(file->descriptor, buffer, size + 1);
    if (count < 0)
        return "the file cannot be read: input/output error";
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
