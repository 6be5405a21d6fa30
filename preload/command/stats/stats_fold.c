#include "originbypass/command/stats/stats_fold.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "originbypass/command/stats/stats_entry.h"
#include "originbypass/command/stats/stats_total.h"

struct folding {
    int directory;
    uint64_t own_namespace;
    size_t folded;
};

static bool remove_file(const struct folding *folding, const struct counters_identity *identity) {
    char name[COUNTERS_FILE_NAME_SIZE];
    counters_file_name(identity, name);
    return unlinkat(folding->directory, name, 0) == 0 || errno == ENOENT;
}

static bool is_last(const struct stats_total *total, const struct counters_identity *identity) {
    return total->serial > 0 && total->last.pid_namespace == identity->pid_namespace &&
           total->last.pid == identity->pid && total->last.start_ticks == identity->start_ticks;
}

/*
 * If somebody was killed while folding, the total already includes the last file, which is still there: remove it. Keep
 * a file of the same name that a living process has made, because it is not the same file. Keep a file of another user
 * too, because a total is trusted only for its own user. False: not possible now.
 */
static bool finish_last(const struct folding *folding, const struct stats_total *total, uid_t owner) {
    struct stats_entry left;
    bool is_finished;
    if (total->serial == 0)
        return true;
    if (stats_entry_open_locked(folding->directory, &total->last, folding->own_namespace, &left))
        is_finished = left.status.st_uid != owner || !left.is_dead || remove_file(folding, &total->last);
    else if (left.file < 0)
        is_finished = errno == ENOENT;
    else
        is_finished = left.status.st_uid != owner || left.status.st_nlink == 0 ||
                      counters_file_sign(left.file) == COUNTERS_SIGN_LIFE;
    stats_entry_close(&left);
    return is_finished;
}

static void add_to_total(struct stats_total *total, const struct stats_entry *entry) {
    total->magic = STATS_TOTAL_MAGIC;
    total->layout = STATS_TOTAL_LAYOUT;
    total->serial++;
    total->processes++;
    total->last = entry->identity;
    for (size_t place = 0; place < COUNTER_PLACES; place++)
        total->figures[place] += entry->copy.figures[place];
}

static bool is_good(enum stats_total_state state) {
    return state == STATS_TOTAL_NONE || state == STATS_TOTAL_OTHERS || state == STATS_TOTAL_READ;
}

static void add_and_remove(struct folding *folding, struct stats_next_total *next, const struct stats_entry *entry) {
    struct stats_total total;
    if (!is_good(stats_total_read(folding->directory, next->owner, &total)))
        return;
    if (!is_last(&total, &entry->identity)) {
        if (!finish_last(folding, &total, next->owner))
            return;
        add_to_total(&total, entry);
        if (!stats_total_replace(next, &total))
            return;
        folding->folded++;
    }
    remove_file(folding, &entry->identity);
}

/* A process that is killed in here has changed nothing, or only the total, which records the file that it includes. */
static void fold(struct folding *folding, const struct stats_entry *entry) {
    struct stats_next_total next;
    if (!stats_total_prepare(folding->directory, entry->status.st_uid, &next))
        return;
    add_and_remove(folding, &next, entry);
    stats_total_release(&next);
}

static bool may_be_folded(const struct stats_entry *entry) {
    return geteuid() == 0 || entry->status.st_uid == geteuid();
}

static void fold_if_dead(struct folding *folding, const struct counters_identity *identity) {
    struct stats_entry entry;
    if (stats_entry_open_locked(folding->directory, identity, folding->own_namespace, &entry) && entry.is_dead &&
        may_be_folded(&entry)) {
        if (entry.fault == COUNTERS_UNFINISHED)
            remove_file(folding, identity);
        else
            fold(folding, &entry);
    }
    stats_entry_close(&entry);
}

/* Checked without a lock, so that the files of living processes are never locked. */
static bool seems_dead(const struct folding *folding, const struct counters_identity *identity) {
    struct stats_entry entry;
    bool seems = stats_entry_open(folding->directory, identity, folding->own_namespace, &entry) && entry.is_dead;
    stats_entry_close(&entry);
    return seems;
}

static void fold_all(struct folding *folding, DIR *names) {
    struct counters_identity identity;
    const struct dirent *entry;
    while ((entry = readdir(names)) != NULL) // NOLINT(concurrency-mt-unsafe): there is one thread
        if (counters_file_parse_name(entry->d_name, &identity) && seems_dead(folding, &identity))
            fold_if_dead(folding, &identity);
}

/* Nothing is folded in a directory in which every user can remove the files of others. */
static bool is_safe_directory(int directory) {
    struct stat status;
    return fstat(directory, &status) == 0 && (!(status.st_mode & S_IWOTH) || (status.st_mode & S_ISVTX));
}

size_t stats_fold(const char *directory) {
    DIR *names = stats_entry_open_names(directory);
    if (names == NULL)
        return 0;
    struct folding folding = {.directory = dirfd(names), .own_namespace = stats_entry_own_namespace()};
    if (is_safe_directory(folding.directory))
        fold_all(&folding, names);
    closedir(names);
    return folding.folded;
}
