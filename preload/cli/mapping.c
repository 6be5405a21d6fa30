#include "originbypass/cli/mapping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "originbypass/cli/file_text.h"
#include "originbypass/cli/text.h"

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

/* The rest of a line behind a field and the blanks after it. */
static const char *skip_field(const char *at) {
    at += strcspn(at, " ");
    return at + strspn(at, " ");
}

/* `START-END PERMISSIONS OFFSET MAJOR:MINOR INODE PATH`. False: another file, or none. */
static bool read_line(const char *line, struct mapping *mapping) {
    const char *device = skip_field(skip_field(skip_field(line))), *inode = skip_field(device);
    char *rest = NULL;
    unsigned long major_number = strtoul(device, &rest, 16);
    unsigned long minor_number = strtoul(rest + (*rest == ':'), NULL, 16);
    snprintf(mapping->path, sizeof(mapping->path), "%s", skip_field(inode));
    mapping->device = makedev((unsigned)major_number, (unsigned)minor_number);
    mapping->inode = strtoul(inode, NULL, 10);
    mapping->deleted = cut_off(mapping->path, DELETED);
    /* Also under a name with a version behind it. */
    const char *name = strrchr(mapping->path, '/');
    return name != NULL && strncmp(name, FILE_NAME, strlen(FILE_NAME)) == 0;
}

bool mapping_next(char **maps, struct mapping *mapping) {
    for (char *line; (line = strsep(maps, "\n")) != NULL;)
        if (read_line(line, mapping))
            return true;
    return false;
}

/* --- comparing it ------------------------------------------------------------------------------------------------- */

static bool has_same_octets(const char *one, const char *other) {
    size_t one_size = 0, other_size = 0;
    char *one_text = file_text(one, &one_size), *other_text = file_text(other, &other_size);
    bool same =
        one_text != NULL && other_text != NULL && one_size == other_size && memcmp(one_text, other_text, one_size) == 0;
    free(one_text);
    free(other_text);
    return same;
}

static bool is_installed(const char *path, const struct stat *found, const char *installed) {
    struct stat other;
    return (stat(installed, &other) == 0 && other.st_dev == found->st_dev && other.st_ino == found->st_ino) ||
           has_same_octets(path, installed);
}

/*
 * The file that has the path now may be another, in place of the one that is mapped: where they are in the same file
 * system its number tells. (Overlays show two devices.)
 */
const char *mapping_why_outdated(const char *pid, const struct mapping *mapping, const char *installed) {
    struct stat found;
    const char *why = NULL;
    char *path = text_format("/proc/%s/root%s", pid, mapping->path);
    if (mapping->deleted)
        why = "has been replaced or deleted since";
    else if (stat(path, &found) != 0)
        why = "is no longer there";
    else if (found.st_dev == mapping->device && found.st_ino != mapping->inode)
        why = "has another file in its place now";
    else if (installed != NULL && !is_installed(path, &found, installed))
        why = "is another than the installed one";
    free(path);
    return why;
}
