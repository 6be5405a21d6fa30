#include "originbypass/counters_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const int READ_FLAGS = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

static const char *fault_of_open(int error) {
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
        return "the directory can not be opened";
    }
}

const char *counters_directory_open(const char *path, struct descriptor *directory) {
    struct stat status;
    if (!descriptor_take(directory, open(path, READ_FLAGS | O_DIRECTORY)) || fstat(directory->number, &status) != 0)
        return fault_of_open(errno);
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return "the directory is not safe: it belongs neither to this user nor to root";
    if ((status.st_mode & S_IWOTH) && !(status.st_mode & S_ISVTX))
        return "the directory is not safe: all may write to it, and it has no sticky bit";
    return NULL;
}

/* ---- what stands in it ---- */

/* Not by readdir(3): its stream is closed without a look at what its number leads to by then. */
struct walk {
    int directory;
    size_t filled, at;
    _Alignas(uint64_t) char buffer[1024];
};

static void walk_begin(struct walk *walk, int directory) {
    walk->directory = directory;
    walk->filled = walk->at = 0;
    lseek(directory, 0, SEEK_SET);
}

/* The next name; NULL: there is none. */
static const char *walk_next(struct walk *walk) {
    if (walk->at >= walk->filled) {
        long filled = syscall(SYS_getdents64, walk->directory, walk->buffer, sizeof(walk->buffer));
        walk->filled = filled > 0 ? (size_t)filled : 0;
        walk->at = 0;
    }
    if (walk->filled == 0)
        return NULL;
    const struct dirent64 *entry = (const struct dirent64 *)(const void *)(walk->buffer + walk->at);
    walk->at += entry->d_reclen;
    return entry->d_name;
}

/* ---- who lives ---- */

/* From where we look. */
static uint64_t own_namespace(void) {
    struct stat status;
    return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

static bool has_no_process(const struct counters_identity *identity, uint64_t namespace) {
    return namespace != 0 && identity->pid_namespace == namespace && identity->pid > 0 &&
           kill((pid_t)identity->pid, 0) != 0 && errno == ESRCH;
}

static bool is_of_another_process(const struct counters_identity *identity, uint64_t namespace) {
    uint64_t start_ticks;
    return namespace != 0 && identity->pid_namespace == namespace && identity->start_ticks != 0 &&
           counters_start_of(identity->pid, &start_ticks) && start_ticks != identity->start_ticks;
}

/* A process's file that is open; where nobody else has it, it is locked until it is closed. */
struct entry {
    struct counters_identity identity; /* by its name */
    struct descriptor file;
    struct stat status;
    enum counters_fault fault;
    bool locked, is_dead;
    struct counters_copy copy;
};

/* Nobody begins so slowly. */
#define UNFINISHED_S 60

static bool is_dead(const struct entry *entry, uint64_t namespace) {
    if (has_no_process(&entry->identity, namespace) || is_of_another_process(&entry->identity, namespace))
        return true;
    if (entry->fault == COUNTERS_UNFINISHED)
        return entry->locked && entry->status.st_mtim.tv_sec + UNFINISHED_S < time(NULL);
    return entry->locked && entry->copy.held;
}

static bool is_same(const struct counters_identity *a, const struct counters_identity *b) {
    return a->pid_namespace == b->pid_namespace && a->pid == b->pid && a->start_ticks == b->start_ticks;
}

/* False: it is not there any more, or may not be read (errno). It is to be closed in either case. */
static bool open_entry(int directory, const struct counters_identity *identity, uint64_t namespace,
                       struct entry *entry) {
    char name[COUNTERS_FILE_NAME_SIZE];
    counters_file_name(identity, name);
    entry->identity = *identity;
    if (!descriptor_take(&entry->file, openat(directory, name, READ_FLAGS)) ||
        fstat(entry->file.number, &entry->status) != 0)
        return false;
    entry->locked = flock(entry->file.number, LOCK_EX | LOCK_NB) == 0;
    entry->fault = counters_file_read(entry->file.number, &entry->copy);
    if (entry->fault == COUNTERS_READ && !is_same(identity, &entry->copy.identity))
        entry->fault = COUNTERS_FOREIGN;
    entry->is_dead = entry->fault != COUNTERS_FOREIGN && is_dead(entry, namespace);
    return true;
}

/* Not by closing alone: a child that another thread has made meanwhile has the open file, too, and its lock. */
static void unlock(const struct descriptor *descriptor) {
    if (descriptor_is_ours(descriptor))
        flock(descriptor->number, LOCK_UN);
}

static void close_entry(struct entry *entry) {
    unlock(&entry->file);
    descriptor_close(&entry->file);
}

/* ---- totals ---- */

#define TOTAL_NAME_SIZE 32

static void total_name(uid_t owner, const char *suffix, char name[static TOTAL_NAME_SIZE]) {
    snprintf(name, TOTAL_NAME_SIZE, "%" PRIu32 ".total%s", (uint32_t)owner, suffix);
}

static bool parse_total_name(const char *name, uid_t *owner) {
    char again[TOTAL_NAME_SIZE];
    *owner = (uid_t)strtoul(name, NULL, 10);
    total_name(*owner, "", again);
    return strcmp(name, again) == 0;
}

/* What a file has to be for a total to be trusted as far as its user is. */
static bool is_total(const struct counters_total *total) {
    return total->magic == COUNTERS_TOTAL_MAGIC && total->layout == COUNTERS_TOTAL_LAYOUT;
}

enum total_state {
    TOTAL_NONE,
    TOTAL_CLOSED, /* it can not be opened: errno */
    TOTAL_READ,
    TOTAL_FOREIGN,
};

static enum total_state read_total(int directory, uid_t owner, struct counters_total *total) {
    char name[TOTAL_NAME_SIZE];
    struct descriptor file;
    struct stat status;
    total_name(owner, "", name);
    *total = (struct counters_total){0};
    if (!descriptor_take(&file, openat(directory, name, READ_FLAGS)))
        return errno == ENOENT ? TOTAL_NONE : TOTAL_CLOSED;
    bool whole = fstat(file.number, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == owner &&
                 pread(file.number, total, sizeof(*total), 0) == (ssize_t)sizeof(*total) && is_total(total);
    descriptor_close(&file);
    return whole ? TOTAL_READ : TOTAL_FOREIGN;
}

/* False: it could not be written, and the old one stays. */
static bool write_total(int directory, uid_t owner, const struct counters_total *total) {
    char name[TOTAL_NAME_SIZE], new_name[TOTAL_NAME_SIZE];
    struct descriptor file;
    total_name(owner, "", name);
    total_name(owner, ".new", new_name);
    unlinkat(directory, new_name, 0); /* of somebody who was killed */
    if (!descriptor_take(&file,
                         openat(directory, new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644)))
        return false;
    bool written = descriptor_is_ours(&file) &&
                   pwrite(file.number, total, sizeof(*total), 0) == (ssize_t)sizeof(*total) &&
                   renameat(directory, new_name, directory, name) == 0;
    descriptor_close(&file);
    if (!written)
        unlinkat(directory, new_name, 0);
    return written;
}

/* ---- folding, under the directory's lock ---- */

struct folding {
    int directory;
    uid_t owner;
    uint64_t namespace;
    size_t most, folded, opened;
    struct counters_total total;
};

static bool remove_entry(const struct folding *folding, const struct counters_identity *identity) {
    char name[COUNTERS_FILE_NAME_SIZE];
    counters_file_name(identity, name);
    return unlinkat(folding->directory, name, 0) == 0;
}

/* The total has the file already where somebody was killed in between. */
static bool finish_last(const struct folding *folding) {
    return folding->total.serial == 0 || remove_entry(folding, &folding->total.last) || errno == ENOENT;
}

/* False: it can not be done; to go on would be in vain. */
static bool fold(struct folding *folding, const struct entry *entry) {
    struct counters_total total = folding->total;
    total.magic = COUNTERS_TOTAL_MAGIC;
    total.layout = COUNTERS_TOTAL_LAYOUT;
    total.serial++;
    total.processes++;
    total.last = entry->identity;
    for (size_t place = 0; place < COUNTER_PLACES; place++)
        total.figures[place] += entry->copy.figures[place];
    if (!write_total(folding->directory, folding->owner, &total))
        return false;
    folding->total = total;
    folding->folded++;
    return remove_entry(folding, &entry->identity);
}

static bool fold_if_dead(struct folding *folding, const struct counters_identity *identity) {
    struct entry entry;
    bool goes_on = true;
    if (open_entry(folding->directory, identity, folding->namespace, &entry) && entry.is_dead &&
        entry.status.st_uid == folding->owner)
        goes_on = entry.fault == COUNTERS_UNFINISHED ? remove_entry(folding, identity) : fold(folding, &entry);
    close_entry(&entry);
    return goes_on;
}

/*
 * Whose PID is gone is dead. Of the others, which may be of another namespace, or have the PID of a dead process, a few
 * are looked at each time: others the next time.
 */
static bool is_worth_a_look(const struct folding *folding, const struct counters_identity *identity) {
    if (folding->most == COUNTERS_FOLD_ALL || has_no_process(identity, folding->namespace))
        return true;
    return (identity->pid + (uint64_t)time(NULL)) % 16 == 0;
}

/* A directory of more names than this is no good one. */
#define NAMES_MAX 4096

static void fold_all(struct folding *folding) {
    struct walk walk;
    struct counters_identity identity;
    const char *name;
    walk_begin(&walk, folding->directory);
    for (size_t i = 0; (name = walk_next(&walk)) != NULL; i++) {
        if (folding->most != COUNTERS_FOLD_ALL && (i >= NAMES_MAX || folding->opened >= folding->most))
            return;
        if (!counters_file_parse_name(name, &identity) || !is_worth_a_look(folding, &identity))
            continue;
        folding->opened++;
        if (!fold_if_dead(folding, &identity))
            return;
    }
}

size_t counters_directory_fold(const struct descriptor *directory, size_t most) {
    struct folding folding = {.directory = directory->number, .owner = geteuid(), .most = most};
    if (!descriptor_is_ours(directory) || flock(directory->number, LOCK_EX | LOCK_NB) != 0)
        return 0;
    folding.namespace = own_namespace();
    enum total_state state = read_total(folding.directory, folding.owner, &folding.total);
    if ((state == TOTAL_NONE || state == TOTAL_READ) && finish_last(&folding))
        fold_all(&folding);
    unlock(directory);
    return folding.folded;
}

/* ---- reading ---- */

/* A user's total, as it was before the files were read. */
struct known_total {
    uid_t owner;
    uint64_t serial;
    struct counters_identity last;
};

struct reader {
    int directory;
    uint64_t namespace;
    size_t total_count;
    struct known_total *totals;
    struct counters_reading *reading;
};

/* The list with room for one more; NULL: no memory, and the list is as it was. */
static void *with_room(void *list, size_t count, size_t size) {
    bool is_full = (count & (count - 1)) == 0;
    return is_full ? reallocarray(list, count == 0 ? 1 : count * 2, size) : list;
}

static const char FOREIGN[] = "of another layout, as another version of the library has it, or no file of counters";

static const char *fault_of_file(int error) {
    switch (error) {
    case EACCES:
    case EPERM:
        return "this user may not read it";
    case ELOOP:
        return "a symbolic link, which is no file of counters";
    case EMFILE:
    case ENFILE:
        return "no descriptor is left";
    default:
        return "can not be opened";
    }
}

static bool take_unread(struct counters_reading *reading, const char *name, const char *reason) {
    struct counters_unread *unread = with_room(reading->unread, reading->unread_count, sizeof(*unread));
    if (unread == NULL)
        return false;
    reading->unread = unread;
    struct counters_unread *file = &unread[reading->unread_count++];
    *file = (struct counters_unread){.reason = reason};
    strncpy(file->name, name, sizeof(file->name) - 1);
    return true;
}

static bool take_total(struct reader *reader, const char *name, uid_t owner) {
    struct counters_total total;
    struct counters_reading *reading = reader->reading;
    switch (read_total(reader->directory, owner, &total)) {
    case TOTAL_NONE:
        return true;
    case TOTAL_CLOSED:
        return take_unread(reading, name, fault_of_file(errno));
    case TOTAL_FOREIGN:
        return take_unread(reading, name, FOREIGN);
    case TOTAL_READ:
        break;
    }
    struct known_total *totals = with_room(reader->totals, reader->total_count, sizeof(*totals));
    if (totals == NULL)
        return false;
    reader->totals = totals;
    totals[reader->total_count++] = (struct known_total){owner, total.serial, total.last};
    reading->dead_count += total.processes;
    for (size_t counter = 0; counter < COUNTER_COUNT; counter++)
        reading->dead[counter] += total.figures[counter];
    return true;
}

static bool take_totals(struct reader *reader) {
    struct walk walk;
    const char *name;
    uid_t owner;
    walk_begin(&walk, reader->directory);
    while ((name = walk_next(&walk)) != NULL)
        if (parse_total_name(name, &owner) && !take_total(reader, name, owner))
            return false;
    return true;
}

static bool is_folded(const struct reader *reader, const struct entry *entry) {
    for (size_t i = 0; i < reader->total_count; i++)
        if (reader->totals[i].owner == entry->status.st_uid && is_same(&reader->totals[i].last, &entry->identity))
            return true;
    return false;
}

static bool take_process(struct reader *reader, const struct entry *entry) {
    struct counters_reading *reading = reader->reading;
    if (entry->is_dead) {
        reading->dead_count++;
        for (size_t counter = 0; counter < COUNTER_COUNT; counter++)
            reading->dead[counter] += entry->copy.figures[counter];
        return true;
    }
    struct counters_process *processes = with_room(reading->processes, reading->process_count, sizeof(*processes));
    if (processes == NULL)
        return false;
    reading->processes = processes;
    struct counters_process *process = &processes[reading->process_count++];
    *process = (struct counters_process){
        .identity = entry->identity,
        .is_here = reader->namespace != 0 && entry->identity.pid_namespace == reader->namespace,
        .owner = entry->status.st_uid,
        .load = entry->copy.load,
    };
    memcpy(process->version, entry->copy.version, sizeof(process->version));
    memcpy(process->program, entry->copy.program, sizeof(process->program));
    memcpy(process->figures, entry->copy.figures, sizeof(process->figures));
    return true;
}

static bool take_entry(struct reader *reader, const char *name, const struct counters_identity *identity) {
    struct entry entry;
    bool goes_on = true;
    if (!open_entry(reader->directory, identity, reader->namespace, &entry))
        goes_on = errno == ENOENT || take_unread(reader->reading, name, fault_of_file(errno));
    else if (entry.fault == COUNTERS_FOREIGN)
        goes_on = take_unread(reader->reading, name, FOREIGN);
    else if (entry.fault == COUNTERS_READ && !is_folded(reader, &entry))
        goes_on = take_process(reader, &entry);
    close_entry(&entry);
    return goes_on;
}

static bool take_entries(struct reader *reader) {
    struct walk walk;
    struct counters_identity identity;
    const char *name;
    walk_begin(&walk, reader->directory);
    while ((name = walk_next(&walk)) != NULL)
        if (counters_file_parse_name(name, &identity) && !take_entry(reader, name, &identity))
            return false;
    return true;
}

/* Whether something was folded since we read the totals. */
static bool has_changed(const struct reader *reader) {
    struct walk walk;
    struct counters_total total;
    const char *name;
    uid_t owner;
    size_t found = 0;
    walk_begin(&walk, reader->directory);
    while ((name = walk_next(&walk)) != NULL) {
        if (!parse_total_name(name, &owner) || read_total(reader->directory, owner, &total) != TOTAL_READ)
            continue;
        found++;
        for (size_t i = 0; i < reader->total_count; i++)
            if (reader->totals[i].owner == owner && reader->totals[i].serial != total.serial)
                return true;
    }
    return found != reader->total_count;
}

static int by_identity(const void *one, const void *other) {
    const struct counters_identity *a = &((const struct counters_process *)one)->identity;
    const struct counters_identity *b = &((const struct counters_process *)other)->identity;
    if (a->pid_namespace != b->pid_namespace)
        return a->pid_namespace < b->pid_namespace ? -1 : 1;
    return (a->pid > b->pid) - (a->pid < b->pid);
}

static int by_name(const void *one, const void *other) {
    return strcmp(((const struct counters_unread *)one)->name, ((const struct counters_unread *)other)->name);
}

/* Who folds all the time would have to fold a process a millisecond. */
#define READ_TRIES 100

static const char *read_all(struct reader *reader) {
    static const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < READ_TRIES; i++) {
        counters_reading_release(reader->reading);
        reader->total_count = 0;
        free(reader->totals);
        reader->totals = NULL;
        if (!take_totals(reader) || !take_entries(reader))
            return "no memory";
        if (!has_changed(reader))
            return NULL;
        nanosleep(&pause, NULL);
    }
    return "the directory changes all the time";
}

const char *counters_directory_read(const char *path, struct counters_reading *reading) {
    struct reader reader = {.reading = reading, .namespace = own_namespace()};
    *reading = (struct counters_reading){0};
    struct descriptor directory;
    if (!descriptor_take(&directory, open(path, READ_FLAGS | O_DIRECTORY)))
        return fault_of_open(errno);
    reader.directory = directory.number;
    const char *fault = read_all(&reader);
    free(reader.totals);
    descriptor_close(&directory);
    if (fault != NULL)
        counters_reading_release(reading);
    if (reading->process_count > 0)
        qsort(reading->processes, reading->process_count, sizeof(reading->processes[0]), by_identity);
    if (reading->unread_count > 0)
        qsort(reading->unread, reading->unread_count, sizeof(reading->unread[0]), by_name);
    return fault;
}

void counters_reading_release(struct counters_reading *reading) {
    free(reading->processes);
    free(reading->unread);
    memset(reading, 0, sizeof(*reading));
}
