#include "originbypass/command/stats/stats_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static const int FLAGS = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

uint64_t stats_entry_own_namespace(void) {
    struct stat status;
    return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

DIR *stats_entry_open_names(const char *directory) {
    int opened = open(directory, FLAGS | O_RDONLY | O_DIRECTORY);
    DIR *names = opened < 0 ? NULL : fdopendir(opened);
    if (names == NULL && opened >= 0)
        close(opened);
    return names;
}

/* ---- who lives ---- */

enum life { LIVES, IS_GONE, IS_UNKNOWN };

static enum life life_of(const struct counters_identity *identity, uint64_t own_namespace) {
    uint64_t start_ticks;
    if (own_namespace == 0 || identity->pid_namespace != own_namespace || identity->pid == 0)
        return IS_UNKNOWN;
    if (kill((pid_t)identity->pid, 0) != 0 && errno == ESRCH)
        return IS_GONE;
    if (identity->start_ticks == 0 || !counters_start_of(identity->pid, &start_ticks))
        return IS_UNKNOWN;
    return start_ticks == identity->start_ticks ? LIVES : IS_GONE;
}

/* A file without a header may be younger than this: its process is then still writing it. */
#define UNFINISHED_S 60

/* If a process cannot be seen from here, the lock on its file shows whether it is alive. */
static bool is_dead(const struct stats_entry *entry, uint64_t own_namespace, bool has_sign) {
    switch (life_of(&entry->identity, own_namespace)) {
    case LIVES:
        return false;
    case IS_GONE:
        return true;
    case IS_UNKNOWN:
        break;
    }
    if (entry->fault == COUNTERS_UNFINISHED)
        return !has_sign && entry->status.st_mtim.tv_sec + UNFINISHED_S < time(NULL);
    return !has_sign && entry->copy.locked;
}

static bool is_same_identity(const struct counters_identity *a, const struct counters_identity *b) {
    return a->pid_namespace == b->pid_namespace && a->pid == b->pid && a->start_ticks == b->start_ticks;
}

/* The lock is checked before the figures are read: a process that has no lock by then counts no more. */
static void read_open_entry(struct stats_entry *entry, uint64_t own_namespace) {
    bool has_sign = counters_file_sign(entry->file) == COUNTERS_SIGN_LIFE;
    entry->fault = counters_file_read(entry->file, &entry->copy);
    if (entry->fault == COUNTERS_READ && !is_same_identity(&entry->identity, &entry->copy.identity))
        entry->fault = COUNTERS_FOREIGN;
    entry->is_dead = entry->fault != COUNTERS_FOREIGN && is_dead(entry, own_namespace, has_sign);
}

static bool open_process_file(int directory, const struct counters_identity *identity, int mode,
                              struct stats_entry *entry) {
    char name[COUNTERS_FILE_NAME_SIZE];
    counters_file_name(identity, name);
    *entry = (struct stats_entry){.identity = *identity, .file = openat(directory, name, FLAGS | mode)};
    return entry->file >= 0 && fstat(entry->file, &entry->status) == 0;
}

bool stats_entry_open(int directory, const struct counters_identity *identity, uint64_t own_namespace,
                      struct stats_entry *entry) {
    if (!open_process_file(directory, identity, O_RDONLY, entry))
        return false;
    read_open_entry(entry, own_namespace);
    return true;
}

/*
 * In a directory that others may write, the name may be a hard link to some other file. And the former holder of the
 * lock may have removed the file.
 */
static bool has_one_name(struct stats_entry *entry) {
    return fstat(entry->file, &entry->status) == 0 && S_ISREG(entry->status.st_mode) && entry->status.st_nlink == 1;
}

bool stats_entry_open_locked(int directory, const struct counters_identity *identity, uint64_t own_namespace,
                             struct stats_entry *entry) {
    if (!open_process_file(directory, identity, O_RDWR, entry) || !has_one_name(entry) ||
        !counters_file_lock(entry->file, F_WRLCK) || !has_one_name(entry))
        return false;
    read_open_entry(entry, own_namespace);
    return true;
}

void stats_entry_close(struct stats_entry *entry) {
    if (entry->file >= 0)
        close(entry->file);
    entry->file = -1;
}
