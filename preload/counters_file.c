#include "originbypass/counters_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "originbypass/descriptor.h"
#include "originbypass/version.h"

_Static_assert(sizeof(struct counters_header) <= COUNTERS_HEADER_ROOM, "the header has room");
_Static_assert(offsetof(struct counters_file, blocks) == COUNTERS_HEADER_ROOM, "as the layout has it");
_Static_assert(offsetof(struct counters_header, program) == 80 && offsetof(struct counters_header, load) == 152 &&
                   offsetof(struct counters_load, error) == 24,
               "as the layout has it");
_Static_assert(sizeof(_Atomic uint64_t) == sizeof(uint64_t), "figures are plain numbers in the file");

/* ---- names ---- */

static const char SUFFIX[] = ".counters";

void counters_file_name(const struct counters_identity *identity, char name[static COUNTERS_FILE_NAME_SIZE]) {
    snprintf(name, COUNTERS_FILE_NAME_SIZE, "%" PRIu64 "-%" PRIu32 "-%" PRIu64 "%s", identity->pid_namespace,
             identity->pid, identity->start_ticks, SUFFIX);
}

static const char *read_number(const char *text, uint64_t *number) {
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
    const char *rest = read_number(name, &identity->pid_namespace);
    rest = read_number(skip(rest, '-'), &pid);
    rest = read_number(skip(rest, '-'), &identity->start_ticks);
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
    return field != NULL && read_number(field + 1, start_ticks) != NULL;
}

static ssize_t read_text(const char *path, char *text, size_t size) {
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
    return proc_is_ours() && read_text(path, text, sizeof(text)) > 0 && parse_start(text, start_ticks);
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
    const struct counters_identity *identity;
    const char *fault;
    struct descriptor file;
    char name[COUNTERS_FILE_NAME_SIZE];
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
        return "a file can not be made there";
    }
}

/* Beyond the limit the kernel would send SIGXFSZ. */
static bool is_beyond_limit(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < sizeof(struct counters_file);
}

static int write_header(const struct making *making, const char *program) {
    struct counters_header header = {
        .layout = COUNTERS_FILE_LAYOUT,
        .counter_count = COUNTER_COUNT,
        .block_count = COUNTER_BLOCKS,
        .place_count = COUNTER_PLACES,
        .identity = *making->identity,
        .version = ORIGINBYPASS_VERSION,
    };
    strncpy(header.program, program, sizeof(header.program) - 1);
    if (!descriptor_is_ours(&making->file))
        return EBADF;
    return pwrite(making->file.number, &header, sizeof(header), 0) == (ssize_t)sizeof(header) ? 0 : errno;
}

/* False: there is one of this name (no fault), or there is a fault. */
static bool make_new(struct making *making, const char *program) {
    if (is_beyond_limit()) {
        making->fault = fault_of(EFBIG);
        return false;
    }
    if (!descriptor_take(&making->file, openat(making->directory, making->name, FLAGS | O_CREAT | O_EXCL, 0644))) {
        making->fault = errno == EEXIST ? NULL : fault_of(errno);
        return false;
    }
    (void)flock(making->file.number, LOCK_SH | LOCK_NB);
    int error = posix_fallocate(making->file.number, 0, sizeof(struct counters_file));
    if (error == 0)
        error = write_header(making, program);
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

static bool is_as_we_would_make_it(const struct making *making) {
    struct stat status;
    struct counters_header header;
    int number = making->file.number;
    return fstat(number, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
           status.st_nlink == 1 && status.st_size == (off_t)sizeof(struct counters_file) &&
           pread(number, &header, sizeof(header), 0) == (ssize_t)sizeof(header) &&
           header.magic == COUNTERS_FILE_MAGIC && header.layout == COUNTERS_FILE_LAYOUT &&
           is_same_process(&header.identity, making->identity);
}

/* Its own file of before it executed this program; not one that somebody is just taking for a dead process's. */
static bool take_own(struct making *making) {
    making->fault = "a file stands there under the process's name that can not be taken";
    if (!descriptor_take(&making->file, openat(making->directory, making->name, FLAGS)))
        return false;
    bool locked = flock(making->file.number, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    if (locked && is_as_we_would_make_it(making))
        return true;
    descriptor_close(&making->file);
    return false;
}

#define TRIES 3

static bool open_file(struct making *making, const char *program) {
    for (int i = 0; i < TRIES; i++) {
        if (make_new(making, program))
            return true;
        if (making->fault != NULL)
            return false;
        if (take_own(making))
            return true;
        sched_yield();
    }
    return false;
}

/* The number may lead to another file since: nothing is written before what is mapped has said that it is ours. */
static struct counters_file *map(const struct making *making, struct counters_file *place) {
    size_t size = sizeof(struct counters_file);
    if (!descriptor_is_ours(&making->file))
        return NULL;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, making->file.number, 0);
    if (memory == MAP_FAILED)
        return NULL;
    struct counters_file *file = memory;
    if (!is_same_process(&file->header.identity, making->identity)) {
        munmap(memory, size);
        return NULL;
    }
    if (place == NULL)
        return file;
    memory = mremap(memory, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, place);
    return memory == MAP_FAILED ? file : memory;
}

/* A lock belongs to the open file, which the mapping keeps; some file systems think otherwise. */
static bool is_held(const struct making *making) {
    struct descriptor again;
    if (!descriptor_take(&again, openat(making->directory, making->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)))
        return false;
    bool held = flock(again.number, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    descriptor_close(&again);
    return held;
}

struct counters_file *counters_file_make(int directory, const struct counters_identity *identity, const char *program,
                                         struct counters_file *place, const char **fault) {
    struct making making = {.directory = directory, .identity = identity, .file = DESCRIPTOR_NONE};
    counters_file_name(identity, making.name);
    *fault = NULL;
    if (!open_file(&making, program)) {
        *fault = making.fault;
        return NULL;
    }
    struct counters_file *file = map(&making, place);
    descriptor_close(&making.file);
    if (file == NULL) {
        *fault = "the file can not be mapped";
        unlinkat(directory, making.name, 0);
        return NULL;
    }
    file->header.held = is_held(&making);
    memset(file->header.program, 0, sizeof(file->header.program));
    strncpy(file->header.program, program, sizeof(file->header.program) - 1);
    atomic_store_explicit(&file->header.magic, COUNTERS_FILE_MAGIC, memory_order_release);
    return file;
}

/* The system calls of readers, which copy, are no atomics: full barriers on both sides. */
void counters_file_tell(struct counters_file *file, const struct counters_load *load) {
    atomic_fetch_or(&file->header.sequence, 1);
    file->header.load = *load;
    atomic_fetch_add(&file->header.sequence, 1);
}

/* ---- reading ---- */

#define READ_TRIES 100

static bool read_header(int descriptor, struct counters_header *header) {
    return pread(descriptor, header, sizeof(*header), 0) == (ssize_t)sizeof(*header);
}

/* What is being written is read again; a process that died over it leaves the sequence odd, and nothing to be told. */
static bool read_settled_header(int descriptor, struct counters_header *header) {
    for (int i = 0; i < READ_TRIES; i++) {
        struct counters_header again;
        if (!read_header(descriptor, header) || !read_header(descriptor, &again))
            return false;
        if (header->sequence % 2 == 0 && header->sequence == again.sequence)
            return true;
        sched_yield();
    }
    header->load = (struct counters_load){0};
    return true;
}

static bool add_blocks(int descriptor, uint64_t figures[static COUNTER_PLACES]) {
    struct counter_block some[4];
    for (size_t first = 0; first < COUNTER_BLOCKS; first += sizeof(some) / sizeof(some[0])) {
        off_t offset = (off_t)(COUNTERS_HEADER_ROOM + first * sizeof(some[0]));
        if (pread(descriptor, some, sizeof(some), offset) != (ssize_t)sizeof(some))
            return false;
        for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
            for (size_t place = 0; place < COUNTER_PLACES; place++)
                figures[place] += atomic_load_explicit(&some[i].figures[place], memory_order_relaxed);
    }
    return true;
}

enum counters_fault counters_file_read(int descriptor, struct counters_copy *copy) {
    struct counters_header header;
    struct stat status;
    *copy = (struct counters_copy){0};
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        return COUNTERS_FOREIGN;
    if (status.st_size < (off_t)sizeof(struct counters_file))
        return COUNTERS_UNFINISHED;
    if (!read_settled_header(descriptor, &header))
        return COUNTERS_FOREIGN;
    if (header.magic == 0)
        return COUNTERS_UNFINISHED;
    if (header.magic != COUNTERS_FILE_MAGIC || header.layout != COUNTERS_FILE_LAYOUT ||
        header.block_count != COUNTER_BLOCKS || header.place_count != COUNTER_PLACES ||
        !add_blocks(descriptor, copy->figures))
        return COUNTERS_FOREIGN;
    copy->identity = header.identity;
    copy->held = header.held == 1;
    copy->load = header.load;
    memcpy(copy->version, header.version, sizeof(copy->version) - 1);
    memcpy(copy->program, header.program, sizeof(copy->program) - 1);
    copy->load.error[sizeof(copy->load.error) - 1] = '\0';
    return COUNTERS_READ;
}
