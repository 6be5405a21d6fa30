#include "originbypass/command/programs/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "originbypass/command/base/file_text.h"
#include "originbypass/command/programs/foreign_file.h"

static const char FILE_NAME[] = "/liboriginbypass.so";
static const char DELETED[] = " (deleted)";

/* --- finding it --------------------------------------------------------------------------------------------------- */

static bool cut_off(char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    if (length < end_length || strcmp(text + length - end_length, end) != 0)
        return false;
    text[length - end_length] = '\0';
    return true;
}

/* The kernel writes a newline in a name as an octal number, and escapes nothing else (proc(5)). */
static void unescape_newlines(char *path) {
    static const char newline[] = "\\012";
    for (char *found = strstr(path, newline); found != NULL; found = strstr(found + 1, newline)) {
        *found = '\n';
        memmove(found + 1, found + strlen(newline), strlen(found + strlen(newline)) + 1);
    }
}

/* The rest of a line after a field and the blanks that follow it. */
static const char *skip_field(const char *at) {
    at += strcspn(at, " ");
    return at + strspn(at, " ");
}

bool mapping_is_library(const struct mapping *mapping) {
    const char *name = strrchr(mapping->path, '/');
    return name != NULL && strncmp(name, FILE_NAME, strlen(FILE_NAME)) == 0; /* with a version after it, or none */
}

/* `START-END PERMISSIONS OFFSET MAJOR:MINOR INODE PATH`. False: it is not of a file. */
static bool read_line(const char *line, struct mapping *mapping) {
    const char *permissions = skip_field(line);
    const char *device = skip_field(skip_field(permissions)), *inode = skip_field(device);
    char *rest = NULL;
    mapping->start = strtoull(line, &rest, 16);
    mapping->end = *rest == '-' ? strtoull(rest + 1, NULL, 16) : 0;
    mapping->writable = permissions[0] != '\0' && permissions[1] == 'w';
    mapping->executable = permissions[strcspn(permissions, " x")] == 'x';
    unsigned long major_number = strtoul(device, &rest, 16);
    unsigned long minor_number = strtoul(rest + (*rest == ':'), NULL, 16);
    snprintf(mapping->path, sizeof(mapping->path), "%s", skip_field(inode));
    mapping->device = makedev((unsigned)major_number, (unsigned)minor_number);
    mapping->inode = strtoul(inode, NULL, 10);
    mapping->deleted = cut_off(mapping->path, DELETED);
    unescape_newlines(mapping->path);
    return mapping->path[0] == '/';
}

bool mapping_next_file(char **maps, struct mapping *mapping) {
    for (char *line; (line = strsep(maps, "\n")) != NULL;)
        if (read_line(line, mapping))
            return true;
    return false;
}

bool mapping_next(char **maps, struct mapping *mapping) {
    while (mapping_next_file(maps, mapping))
        if (mapping_is_library(mapping))
            return true;
    return false;
}

/* What the loader could not map for execution, such as a file on a noexec mount, may leave its first mapping behind. */
bool mapping_next_loaded(char **maps, struct mapping *mapping) {
    while (mapping_next(maps, mapping))
        if (mapping->executable)
            return true;
    return false;
}

bool mapping_has_libc(const char *maps) {
    return strstr(maps, "/libc.so.") != NULL || strstr(maps, "/libc-2.") != NULL;
}

/* --- comparing it ------------------------------------------------------------------------------------------------- */

/* No build of the library is so large. */
enum { LIBRARY_SIZE_MAX = 64 * 1024 * 1024 };

static bool has_same_octets(int one, int other) {
    size_t one_size = 0, other_size = 0;
    char *one_text = file_text_of(one, &one_size), *other_text = file_text_of(other, &other_size);
    bool same =
        one_text != NULL && other_text != NULL && one_size == other_size && memcmp(one_text, other_text, one_size) == 0;
    free(one_text);
    free(other_text);
    return same;
}

static bool is_installed(int found, const struct stat *status, const char *installed) {
    struct stat other_status;
    int other = foreign_file_open(installed, LIBRARY_SIZE_MAX, NULL);
    if (other < 0)
        return false;
    bool same = fstat(other, &other_status) == 0 &&
                ((other_status.st_dev == status->st_dev && other_status.st_ino == status->st_ino) ||
                 (other_status.st_size == status->st_size && has_same_octets(found, other)));
    close(other);
    return same;
}

/*
 * The path may belong to another file now, which has replaced the mapped one. If both are on the same file system, the
 * inode number shows this. (With an overlay, the two device numbers differ.)
 */
static const char *why_another(int found, const struct mapping *mapping, const char *installed) {
    struct stat status;
    if (found < 0 || fstat(found, &status) != 0)
        return errno == ENOENT || errno == ENOTDIR ? "is no longer there" : "has something else in its place now";
    if (status.st_dev == mapping->device && status.st_ino != mapping->inode)
        return "has another file in its place now";
    return installed != NULL && !is_installed(found, &status, installed) ? "is another than the installed one" : NULL;
}

/* With an overlay, as containers have it, the mapping has the device number of another layer. */
static bool is_mapped_file(int descriptor, const struct mapping *mapping) {
    struct stat status;
    struct statfs system;
    return fstat(descriptor, &status) == 0 && status.st_ino == mapping->inode &&
           (status.st_dev == mapping->device ||
            (fstatfs(descriptor, &system) == 0 && system.f_type == OVERLAYFS_SUPER_MAGIC));
}

/* A process that has changed its root directory does not find the file that it has mapped. We may. */
static int open_mapped(const char *pid, const struct mapping *mapping) {
    int found = foreign_file_open_of(pid, mapping->path, O_NOFOLLOW, LIBRARY_SIZE_MAX, NULL), error = errno;
    if (found >= 0 || (error != ENOENT && error != ENOTDIR && error != EACCES && error != EPERM))
        return found;
    int ours = foreign_file_open(mapping->path, LIBRARY_SIZE_MAX, NULL);
    if (ours >= 0 && is_mapped_file(ours, mapping))
        return ours;
    if (ours >= 0)
        close(ours);
    errno = error;
    return -1;
}

const char MAPPING_UNKNOWN[] = "this user may not look into its root directory";

const char *mapping_why_outdated(const char *pid, const struct mapping *mapping, const char *installed) {
    if (mapping->deleted)
        return "has been replaced or deleted since";
    int found = open_mapped(pid, mapping);
    if (found < 0 && (errno == EACCES || errno == EPERM))
        return MAPPING_UNKNOWN;
    const char *why = why_another(found, mapping, installed);
    if (found >= 0)
        close(found);
    return why;
}

bool mapping_file_status(const char *pid, const struct mapping *mapping, struct stat *status) {
    int found = open_mapped(pid, mapping);
    bool known = found >= 0 && is_mapped_file(found, mapping) && fstat(found, status) == 0;
    if (found >= 0)
        close(found);
    return known;
}
