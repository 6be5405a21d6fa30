#include "originbypass/command/stats/stats_total.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int FLAGS = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

#define NAME_SIZE 32

static void make_name(uid_t owner, const char *suffix, char name[static NAME_SIZE]) {
    snprintf(name, NAME_SIZE, "%" PRIu32 ".total%s", (uint32_t)owner, suffix);
}

bool stats_total_parse_name(const char *name, uid_t *owner) {
    char again[NAME_SIZE];
    *owner = (uid_t)strtoul(name, NULL, 10);
    make_name(*owner, "", again);
    return strcmp(name, again) == 0;
}

/* ---- reading ---- */

static bool is_total(const struct stats_total *total) {
    return total->magic == STATS_TOTAL_MAGIC && total->layout == STATS_TOTAL_LAYOUT;
}

static enum stats_total_state read_open_total(int file, uid_t owner, struct stats_total *total) {
    struct stat status;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
        return STATS_TOTAL_FOREIGN;
    if (status.st_uid != owner)
        return STATS_TOTAL_OTHERS;
    bool is_whole = pread(file, total, sizeof(*total), 0) == (ssize_t)sizeof(*total) && is_total(total);
    return is_whole ? STATS_TOTAL_READ : STATS_TOTAL_FOREIGN;
}

enum stats_total_state stats_total_read(int directory, uid_t owner, struct stats_total *total) {
    char name[NAME_SIZE];
    make_name(owner, "", name);
    *total = (struct stats_total){0};
    int file = openat(directory, name, FLAGS | O_RDONLY);
    if (file < 0)
        return errno == ENOENT ? STATS_TOTAL_NONE : STATS_TOTAL_CLOSED;
    enum stats_total_state state = read_open_total(file, owner, total);
    close(file);
    if (state != STATS_TOTAL_READ)
        *total = (struct stats_total){0};
    return state;
}

/* ---- the next one ---- */

/*
 * If somebody was killed and left the file, it is used again. A file that others have put there is left as it is. It
 * must not be removed: it may be the new file of somebody who is folding right now, and then two would fold at the same
 * time.
 */
static int open_next(int directory, uid_t owner, const char *name) {
    struct stat status;
    int file = openat(directory, name, FLAGS | O_RDWR | O_CREAT | O_EXCL, 0600);
    if (file >= 0 || errno != EEXIST)
        return file;
    file = openat(directory, name, FLAGS | O_RDWR);
    if (file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink <= 1 &&
        (status.st_uid == geteuid() || status.st_uid == owner))
        return file;
    if (file >= 0)
        close(file);
    return -1;
}

/* The former holder of the lock may have renamed the file since we opened it. */
static bool has_its_name(int directory, int file, const char *name) {
    struct stat opened, named;
    int place =
        openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC); /* fstatat(2) has another version since 2.33 */
    bool has = place >= 0 && fstat(place, &named) == 0 && fstat(file, &opened) == 0 && opened.st_dev == named.st_dev &&
               opened.st_ino == named.st_ino;
    if (place >= 0)
        close(place);
    return has;
}

bool stats_total_prepare(int directory, uid_t owner, struct stats_next_total *next) {
    char name[NAME_SIZE];
    make_name(owner, ".new", name);
    *next = (struct stats_next_total){.directory = directory, .owner = owner};
    next->file = open_next(directory, owner, name);
    if (next->file >= 0 && counters_file_lock(next->file, F_WRLCK) && has_its_name(directory, next->file, name))
        return true;
    if (next->file >= 0)
        close(next->file);
    next->file = -1;
    return false;
}

static bool is_given_to_its_user(int file, uid_t owner) {
    struct stat status;
    return fstat(file, &status) == 0 && (status.st_uid == owner || fchown(file, owner, (gid_t)-1) == 0) &&
           fchmod(file, 0644) == 0;
}

bool stats_total_replace(struct stats_next_total *next, const struct stats_total *total) {
    char name[NAME_SIZE], new_name[NAME_SIZE];
    make_name(next->owner, "", name);
    make_name(next->owner, ".new", new_name);
    bool replaced = ftruncate(next->file, 0) == 0 &&
                    pwrite(next->file, total, sizeof(*total), 0) == (ssize_t)sizeof(*total) &&
                    is_given_to_its_user(next->file, next->owner) &&
                    renameat(next->directory, new_name, next->directory, name) == 0;
    if (replaced) {
        close(next->file);
        next->file = -1;
    }
    return replaced;
}

void stats_total_release(struct stats_next_total *next) {
    char name[NAME_SIZE];
    make_name(next->owner, ".new", name);
    if (next->file < 0)
        return;
    unlinkat(next->directory, name, 0);
    close(next->file);
    next->file = -1;
}
