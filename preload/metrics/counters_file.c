#include "originbypass/metrics/counters_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "originbypass/guest/descriptor.h"
#include "originbypass/metrics/kernel_store.h"
#include "originbypass/version.h"

_Static_assert(sizeof(struct counters_header) <= COUNTERS_HEADER_ROOM, "the header has room");
_Static_assert(offsetof(struct counters_file, figures) == COUNTERS_HEADER_ROOM, "as the layout has it");
_Static_assert(offsetof(struct counters_header, identity) == 24 && offsetof(struct counters_header, program) == 80 &&
                   offsetof(struct counters_header, load) == 152 && offsetof(struct counters_load, error) == 24,
               "as the layout has it");

/* ---- names ---- */

static const char SUFFIX[] = ".counters";

void counters_file_name(const struct counters_identity *identity, char name[static COUNTERS_FILE_NAME_SIZE]) {
    snprintf(name, COUNTERS_FILE_NAME_SIZE, "%" PRIu64 "-%" PRIu32 "-%" PRIu64 "%s", identity->pid_namespace,
             identity->pid, identity->start_ticks, SUFFIX);
}

static const char *read_decimal(const char *text, uint64_t *number) {
    char *end;
    if (text == NULL || *text < '0' || *text > '9')
        return NULL;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 ? end : NULL;
}

static const char *skip(const char *text, char c) {
    return text != NULL && *text == c ? text + 1 : NULL;
}

bool counters_file_parse_name(const char *name, struct counters_identity *identity) {
    char again[COUNTERS_FILE_NAME_SIZE];
    uint64_t pid = 0;
    *identity = (struct counters_identity){0};
    const char *rest = read_decimal(name, &identity->pid_namespace);
    rest = read_decimal(skip(rest, '-'), &pid);
    rest = read_decimal(skip(rest, '-'), &identity->start_ticks);
    if (rest == NULL || pid > INT32_MAX)
        return false;
    identity->pid = (uint32_t)pid;
    /* One process has one name: no leading zeros. */
    counters_file_name(identity, again);
    return strcmp(name, again) == 0;
}

/* ---- who we are ---- */

/* Whether the numbers in /proc are those of our namespace: it may be mounted for another one. */
static bool proc_is_ours(void) {
    char link[16];
    ssize_t length = readlink("/proc/self", link, sizeof(link) - 1);
    if (length < 0)
        return false;
    link[length] = '\0';
    return strtol(link, NULL, 10) == getpid();
}

/* The 22nd field; the second one is a program's name, which may have blanks and brackets in it. */
static bool parse_start(char *text, uint64_t *start_ticks) {
    char *field = strrchr(text, ')');
    for (int i = 2; i < 22 && field != NULL; i++)
        field = strchr(field + 1, ' ');
    return field != NULL && read_decimal(field + 1, start_ticks) != NULL;
}

static ssize_t read_proc_text(const char *path, char *text, size_t size) {
    struct descriptor file;
    if (!descriptor_take(&file, open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)))
        return -1;
    ssize_t length = pread(file.number, text, size - 1, 0);
    descriptor_close(&file);
    if (length >= 0)
        text[length] = '\0';
    return length;
}

bool counters_start_of(uint32_t pid, uint64_t *start_ticks) {
    char path[32], text[512];
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/stat", pid);
    return proc_is_ours() && read_proc_text(path, text, sizeof(text)) > 0 && parse_start(text, start_ticks);
}

struct counters_identity counters_identity_of(uint32_t pid) {
    struct counters_identity identity = {.pid = pid};
    struct stat status;
    if (stat("/proc/self/ns/pid", &status) == 0)
        identity.pid_namespace = status.st_ino;
    if (!counters_start_of(pid, &identity.start_ticks))
        identity.start_ticks = 0;
    return identity;
}

/* ---- making ---- */

static const int FLAGS = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/* What is known of a file on the way to its being mapped. */
struct making {
    int directory;
    const char *fault;
    bool is_being_folded;
    struct descriptor file;
    char name[COUNTERS_FILE_NAME_SIZE];
    struct counters_writer *writer;
};

static const char *fault_of(int error) {
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return "no room is left on its disk";
    case EFBIG:
        return "the process may not write files of this size (ulimit -f)";
    case EACCES:
    case EPERM:
    case EROFS:
        return "this user may not write there";
    case EMFILE:
    case ENFILE:
        return "no descriptor is left";
    default:
        return "a file cannot be made there";
    }
}

/* Beyond the limit the kernel would send SIGXFSZ. */
static bool is_beyond_limit(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < sizeof(struct counters_file);
}

/* Zero, or why not (errno). */
static int write_whole(const struct making *making) {
    const struct counters_file *file = &making->writer->has;
    if (!descriptor_is_ours(&making->file))
        return EBADF;
    ssize_t written = pwrite(making->file.number, file, sizeof(*file), 0);
    return written < 0 ? errno : (written == (ssize_t)sizeof(*file) ? 0 : ENOSPC);
}

/* False: there is one of this name (no fault), or there is a fault. */
static bool make_new(struct making *making) {
    if (is_beyond_limit()) {
        making->fault = fault_of(EFBIG);
        return false;
    }
    if (!descriptor_take(&making->file, openat(making->directory, making->name, FLAGS | O_CREAT | O_EXCL, 0644))) {
        making->fault = errno == EEXIST ? NULL : fault_of(errno);
        return false;
    }
    (void)counters_file_lock(making->file.number, F_RDLCK);
    int error = write_whole(making);
    if (error == 0)
        return true;
    making->fault = fault_of(error);
    unlinkat(making->directory, making->name, 0);
    descriptor_close(&making->file);
    return false;
}

static bool is_same_process(const struct counters_identity *a, const struct counters_identity *b) {
    return a->pid_namespace == b->pid_namespace && a->pid == b->pid && a->start_ticks == b->start_ticks;
}

/* Reads what is in it. */
static bool is_as_we_would_make_it(const struct making *making, struct counters_file *found) {
    struct stat status;
    const struct counters_header *header = &making->writer->has.header;
    int number = making->file.number;
    return fstat(number, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
           status.st_nlink == 1 && status.st_size == (off_t)sizeof(*found) &&
           pread(number, found, sizeof(*found), 0) == (ssize_t)sizeof(*found) && found->header.magic == header->magic &&
           found->header.layout == header->layout && is_same_process(&found->header.identity, &header->identity);
}

static void count_on(struct counters_writer *writer, const struct counters_file *found) {
    writer->has = *found;
    memcpy(writer->before, found->figures, sizeof(writer->before));
}

/* Its own file of before it executed this program; not one that somebody is just taking for a dead process's. */
static bool open_existing(struct making *making) {
    struct counters_file found;
    making->fault = "a file stands there under the process's name that cannot be taken";
    if (!descriptor_take(&making->file, openat(making->directory, making->name, FLAGS)))
        return false;
    making->is_being_folded = !counters_file_lock(making->file.number, F_RDLCK) && (errno == EAGAIN || errno == EACCES);
    if (!making->is_being_folded && is_as_we_would_make_it(making, &found)) {
        count_on(making->writer, &found);
        return true;
    }
    descriptor_close(&making->file);
    return false;
}

#define TRIES 3

/* It may be removed between the two steps. */
static bool open_own_file(struct making *making) {
    for (int i = 0; i < TRIES; i++) {
        if (make_new(making))
            return true;
        if (making->fault != NULL)
            return false;
        if (open_existing(making))
            return true;
        if (making->is_being_folded)
            break;
    }
    return false;
}

/* Each word; the kernel is asked. */
static bool leads_to(const void *memory, const struct counters_identity *identity) {
    const char *place = (const char *)memory + offsetof(struct counters_header, identity);
    uint32_t words[sizeof(*identity) / sizeof(uint32_t)];
    memcpy(words, identity, sizeof(words));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!kernel_has(place + i * sizeof(words[0]), words[i]))
            return false;
    return true;
}

/* The number may lead to another file since: nothing is written before what is mapped has said that it is ours. */
static void *map_file(const struct making *making) {
    if (!descriptor_is_ours(&making->file))
        return NULL;
    void *memory = mmap(NULL, sizeof(struct counters_file), PROT_READ | PROT_WRITE, MAP_SHARED, making->file.number, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (leads_to(memory, &making->writer->has.header.identity))
        return memory;
    munmap(memory, sizeof(struct counters_file));
    return NULL;
}

/* A lock belongs to the open file, which the mapping keeps; some file systems think otherwise. */
static bool is_locked_still(const struct making *making) {
    struct descriptor again;
    if (!descriptor_take(&again, openat(making->directory, making->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)))
        return false;
    bool locked = counters_file_sign(again.number) == COUNTERS_SIGN_LIFE;
    descriptor_close(&again);
    return locked;
}

static struct counters_file empty_file(const struct counters_identity *identity, const char *program) {
    struct counters_file file = {.header = {.magic = COUNTERS_FILE_MAGIC,
                                            .layout = COUNTERS_FILE_LAYOUT,
                                            .counter_count = COUNTER_COUNT,
                                            .place_count = COUNTER_PLACES,
                                            .identity = *identity,
                                            .version = ORIGINBYPASS_VERSION}};
    strncpy(file.header.program, program, sizeof(file.header.program) - 1);
    return file;
}

static bool put_figures(struct counters_writer *writer, struct counters_file *new);

const char *counters_file_make(int directory, const struct counters_identity *identity, const char *program,
                               struct counters_writer *writer) {
    struct making making = {.directory = directory, .file = DESCRIPTOR_NONE, .writer = writer};
    struct counters_file file = empty_file(identity, program);
    counters_file_name(identity, making.name);
    *writer = (struct counters_writer){.has = file};
    if (!open_own_file(&making))
        return making.is_being_folded ? NULL : making.fault;
    writer->mapped = map_file(&making);
    descriptor_close(&making.file);
    if (writer->mapped == NULL)
        return "the file cannot be mapped";
    file.header.locked = is_locked_still(&making);
    memcpy(file.figures, writer->has.figures, sizeof(file.figures));
    if (put_figures(writer, &file))
        return NULL;
    counters_file_leave(writer);
    return "the file cannot be written";
}

/* ---- writing ---- */

static void *word_of(const struct counters_writer *writer, size_t offset) {
    return (char *)writer->mapped + offset;
}

/* From where the kernel has it to `new`; what differs is written, and remembered. */
static bool put_words(struct counters_writer *writer, const struct counters_file *new, size_t from, size_t to) {
    for (size_t offset = from; offset < to; offset += sizeof(uint32_t)) {
        uint32_t old_word, new_word;
        char *old = (char *)&writer->has + offset;
        memcpy(&old_word, old, sizeof(old_word));
        memcpy(&new_word, (const char *)new + offset, sizeof(new_word));
        if (old_word != new_word && !kernel_store(word_of(writer, offset), old_word, new_word))
            return false;
        memcpy(old, &new_word, sizeof(new_word));
    }
    return true;
}

static bool put_sequence(struct counters_writer *writer, uint32_t sequence) {
    uint32_t *old = &writer->has.header.sequence;
    if (!kernel_store(word_of(writer, offsetof(struct counters_header, sequence)), *old, sequence))
        return false;
    *old = sequence;
    return true;
}

static bool put_figures(struct counters_writer *writer, struct counters_file *new) {
    uint32_t odd = writer->has.header.sequence | 1; /* already, where a program died over it */
    if (!put_sequence(writer, odd))
        return false;
    new->header.sequence = odd;
    return put_words(writer, new, 0, sizeof(*new)) && put_sequence(writer, odd + 1);
}

bool counters_file_write(struct counters_writer *writer, const uint64_t figures[static COUNTER_COUNT],
                         const struct counters_load *load) {
    struct counters_file new = writer->has;
    new.header.load = *load;
    for (size_t counter = 0; counter < COUNTER_COUNT; counter++)
        new.figures[counter] = writer->before[counter] + figures[counter];
    return put_figures(writer, &new);
}

void counters_file_leave(struct counters_writer *writer) {
    if (writer->mapped != NULL)
        munmap(writer->mapped, sizeof(struct counters_file));
    writer->mapped = NULL;
}

/* ---- signs of life ---- */

bool counters_file_lock(int descriptor, short type) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
    return fcntl(descriptor, F_OFD_SETLK, &lock) == 0;
}

enum counters_sign counters_file_sign(int descriptor) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(descriptor, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
        return COUNTERS_SIGN_NONE;
    return lock.l_type == F_RDLCK ? COUNTERS_SIGN_LIFE : COUNTERS_SIGN_FOLDED;
}

/* ---- reading ---- */

#define READ_TRIES 100

static bool read_whole(int descriptor, struct counters_file *file) {
    return pread(descriptor, file, sizeof(*file), 0) == (ssize_t)sizeof(*file);
}

static bool read_sequence(int descriptor, uint32_t *sequence) {
    return pread(descriptor, sequence, sizeof(*sequence), offsetof(struct counters_header, sequence)) ==
           (ssize_t)sizeof(*sequence);
}

/* A write takes microseconds, and longer only where its process has lost its processor. */
static void wait_for_writer(int tries) {
    static const struct timespec moment = {.tv_nsec = 1000000};
    if (tries < 10)
        sched_yield();
    else
        nanosleep(&moment, NULL);
}

/*
 * What is being written is read again. The sequence of a process that died over it stays odd: its figures are good, and
 * what it says of its configuration is neither the old nor the new.
 */
static bool read_settled(int descriptor, struct counters_file *file) {
    for (int i = 0; i < READ_TRIES; i++) {
        uint32_t before, after;
        if (!read_sequence(descriptor, &before) || !read_whole(descriptor, file) || !read_sequence(descriptor, &after))
            return false;
        if (before % 2 == 0 && before == after)
            return true;
        wait_for_writer(i);
    }
    file->header.load = (struct counters_load){0};
    return true;
}

static bool is_of_this_layout(const struct counters_header *header) {
    return header->magic == COUNTERS_FILE_MAGIC && header->layout == COUNTERS_FILE_LAYOUT &&
           header->place_count == COUNTER_PLACES;
}

enum counters_fault counters_file_read(int descriptor, struct counters_copy *copy) {
    struct counters_file file;
    struct stat status;
    *copy = (struct counters_copy){0};
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        return COUNTERS_FOREIGN;
    if (status.st_size < (off_t)sizeof(file))
        return COUNTERS_UNFINISHED;
    if (!read_settled(descriptor, &file) || !is_of_this_layout(&file.header))
        return COUNTERS_FOREIGN;
    copy->identity = file.header.identity;
    copy->locked = file.header.locked == 1;
    copy->load = file.header.load;
    memcpy(copy->version, file.header.version, sizeof(copy->version) - 1);
    memcpy(copy->program, file.header.program, sizeof(copy->program) - 1);
    memcpy(copy->figures, file.figures, sizeof(copy->figures));
    copy->load.error[sizeof(copy->load.error) - 1] = '\0';
    return COUNTERS_READ;
}
