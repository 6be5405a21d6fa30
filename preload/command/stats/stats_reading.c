#include "originbypass/command/stats/stats_reading.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/stats/stats_entry.h"
#include "originbypass/command/stats/stats_total.h"
#include "originbypass/metrics/counters_directory.h"

/* A user's total, as it was before the processes' files were read. */
struct known_total {
    uid_t owner;
    uint64_t serial;
    struct counters_identity last;
};

struct stats_reader {
    DIR *names;
    int directory;
    uint64_t own_namespace;
    size_t total_count;
    struct known_total *totals;
    bool has_changed; /* something was folded after they were read */
    struct stats_reading *reading;
};

/* Returns the list with room for one more element. */
static void *with_room(void *list, size_t count, size_t size) {
    bool is_full = (count & (count - 1)) == 0;
    return is_full ? memory_resize(list, count == 0 ? 1 : count * 2, size) : list;
}

/* A limit, because a user who can create that many files could otherwise fill all our memory. */
#define FILES_MAX 65536

/* Calls `visit` for each name. Returns NULL, or the reason why it was not called for all. */
static const char *each_name(struct stats_reader *reader,
                             void (*visit)(struct stats_reader *reader, const char *name)) {
    const struct dirent *entry;
    rewinddir(reader->names);
    for (size_t i = 0; (entry = readdir(reader->names)) != NULL; i++) { // NOLINT(concurrency-mt-unsafe): one thread
        if (i >= FILES_MAX)
            return "more than 65536 files are there: it does not only hold counters";
        visit(reader, entry->d_name);
    }
    return NULL;
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
        return "cannot be opened";
    }
}

static void note_unread(struct stats_reading *reading, const char *name, const char *reason) {
    reading->unread = with_room(reading->unread, reading->unread_count, sizeof(*reading->unread));
    struct stats_unread *file = &reading->unread[reading->unread_count++];
    *file = (struct stats_unread){.reason = reason};
    strncpy(file->name, name, sizeof(file->name) - 1);
}

static void add_to_sums(uint64_t sums[static COUNTER_COUNT], const uint64_t figures[static COUNTER_COUNT]) {
    for (size_t counter = 0; counter < COUNTER_COUNT; counter++)
        sums[counter] += figures[counter];
}

/* ---- totals ---- */

static void add_total(struct stats_reader *reader, uid_t owner, const struct stats_total *total) {
    reader->totals = with_room(reader->totals, reader->total_count, sizeof(*reader->totals));
    reader->totals[reader->total_count++] = (struct known_total){owner, total->serial, total->last};
    reader->reading->dead_count += total->processes;
    add_to_sums(reader->reading->dead, total->figures);
}

static void read_known_total(struct stats_reader *reader, const char *name) {
    struct stats_total total;
    uid_t owner;
    if (!stats_total_parse_name(name, &owner))
        return;
    switch (stats_total_read(reader->directory, owner, &total)) {
    case STATS_TOTAL_NONE:
        break;
    case STATS_TOTAL_CLOSED:
        note_unread(reader->reading, name, fault_of_file(errno));
        break;
    case STATS_TOTAL_OTHERS:
        note_unread(reader->reading, name, "it does not belong to the user whom it is named after");
        break;
    case STATS_TOTAL_FOREIGN:
        note_unread(reader->reading, name, FOREIGN);
        break;
    case STATS_TOTAL_READ:
        add_total(reader, owner, &total);
    }
}

/* Checks whether this total is still as it was when it was read. */
static void compare_total(struct stats_reader *reader, const char *name) {
    struct stats_total total;
    uid_t owner;
    if (!stats_total_parse_name(name, &owner) || stats_total_read(reader->directory, owner, &total) != STATS_TOTAL_READ)
        return;
    for (size_t i = 0; i < reader->total_count; i++)
        if (reader->totals[i].owner == owner && reader->totals[i].serial == total.serial)
            return;
    reader->has_changed = true;
}

/* ---- processes ---- */

static bool is_folded(const struct stats_reader *reader, const struct stats_entry *entry) {
    const struct counters_identity *identity = &entry->identity;
    for (size_t i = 0; i < reader->total_count; i++) {
        const struct counters_identity *last = &reader->totals[i].last;
        if (entry->is_dead && reader->totals[i].owner == entry->status.st_uid && last->pid == identity->pid &&
            last->pid_namespace == identity->pid_namespace && last->start_ticks == identity->start_ticks)
            return true;
    }
    return false;
}

static void add_living(struct stats_reader *reader, const struct stats_entry *entry) {
    struct stats_reading *reading = reader->reading;
    reading->processes = with_room(reading->processes, reading->process_count, sizeof(*reading->processes));
    struct stats_process *process = &reading->processes[reading->process_count++];
    *process = (struct stats_process){
        .identity = entry->identity,
        .is_here = reader->own_namespace != 0 && entry->identity.pid_namespace == reader->own_namespace,
        .owner = entry->status.st_uid,
        .load = entry->copy.load,
    };
    memcpy(process->version, entry->copy.version, sizeof(process->version));
    memcpy(process->program, entry->copy.program, sizeof(process->program));
    memcpy(process->figures, entry->copy.figures, sizeof(process->figures));
}

static void count_entry(struct stats_reader *reader, const char *name, const struct stats_entry *entry) {
    if (entry->fault == COUNTERS_FOREIGN) {
        note_unread(reader->reading, name, FOREIGN);
    } else if (entry->fault == COUNTERS_READ && !entry->is_dead) {
        add_living(reader, entry);
    } else if (entry->fault == COUNTERS_READ && !is_folded(reader, entry)) {
        reader->reading->dead_count++;
        add_to_sums(reader->reading->dead, entry->copy.figures);
    }
}

static void read_entry(struct stats_reader *reader, const char *name) {
    struct counters_identity identity;
    struct stats_entry entry;
    if (!counters_file_parse_name(name, &identity))
        return;
    if (stats_entry_open(reader->directory, &identity, reader->own_namespace, &entry))
        count_entry(reader, name, &entry);
    else if (errno != ENOENT)
        note_unread(reader->reading, name, fault_of_file(errno));
    stats_entry_close(&entry);
}

/* ---- together ---- */

static int by_identity(const void *one, const void *other) {
    const struct counters_identity *a = &((const struct stats_process *)one)->identity;
    const struct counters_identity *b = &((const struct stats_process *)other)->identity;
    if (a->pid_namespace != b->pid_namespace)
        return a->pid_namespace < b->pid_namespace ? -1 : 1;
    return (a->pid > b->pid) - (a->pid < b->pid);
}

static int by_name(const void *one, const void *other) {
    return strcmp(((const struct stats_unread *)one)->name, ((const struct stats_unread *)other)->name);
}

#define READ_TRIES 100

static const char *read_once(struct stats_reader *reader) {
    stats_reading_release(reader->reading);
    free(reader->totals);
    reader->totals = NULL;
    reader->total_count = 0;
    reader->has_changed = false;
    const char *fault = each_name(reader, read_known_total);
    if (fault == NULL)
        fault = each_name(reader, read_entry);
    if (fault == NULL)
        fault = each_name(reader, compare_total);
    return fault;
}

/* If the totals keep changing, a user keeps writing their own total. This falsifies only that user's figures. */
static const char *read_until_stable(struct stats_reader *reader) {
    static const struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < READ_TRIES; i++) {
        const char *fault = read_once(reader);
        if (fault != NULL || !reader->has_changed)
            return fault;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static void sort_reading(struct stats_reading *reading) {
    if (reading->process_count > 0)
        qsort(reading->processes, reading->process_count, sizeof(reading->processes[0]), by_identity);
    if (reading->unread_count > 0)
        qsort(reading->unread, reading->unread_count, sizeof(reading->unread[0]), by_name);
}

static const char *read_names(DIR *names, struct stats_reading *reading) {
    struct stats_reader reader = {
        .names = names, .directory = dirfd(names), .own_namespace = stats_entry_own_namespace(), .reading = reading};
    const char *fault = read_until_stable(&reader);
    free(reader.totals);
    if (fault != NULL)
        stats_reading_release(reading);
    sort_reading(reading);
    return fault;
}

const char *stats_reading_collect(const char *path, struct stats_reading *reading) {
    *reading = (struct stats_reading){0};
    DIR *names = stats_entry_open_names(path);
    if (names == NULL)
        return counters_directory_fault(errno);
    const char *fault = read_names(names, reading);
    closedir(names);
    return fault;
}

void stats_reading_release(struct stats_reading *reading) {
    free(reading->processes);
    free(reading->unread);
    memset(reading, 0, sizeof(*reading));
}
