#include "originbypass/config_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const VARIABLE_NAMES[CONFIG_VARIABLES] = {
    [CONFIG_VARIABLE_HOSTS] = "ORIGIN_BYPASS_HOSTS",       [CONFIG_VARIABLE_UPSTREAMS] = "ORIGIN_BYPASS_UPSTREAMS",
    [CONFIG_VARIABLE_FILE] = "ORIGIN_BYPASS_CONFIG_FILE",  [CONFIG_VARIABLE_LOG_LEVEL] = "ORIGIN_BYPASS_LOG_LEVEL",
    [CONFIG_VARIABLE_LOG_FILE] = "ORIGIN_BYPASS_LOG_FILE", [CONFIG_VARIABLE_METRICS] = "ORIGIN_BYPASS_METRICS",
    [CONFIG_VARIABLE_DISABLED] = "ORIGIN_BYPASS_DISABLED", [CONFIG_VARIABLE_PLAIN_LOG_LEVEL] = "LOG_LEVEL",
};

const char *config_variable_name(enum config_variable variable) {
    return VARIABLE_NAMES[variable];
}

static bool is_one_of(const char *word, const char *const *words) {
    for (; *words != NULL; words++) {
        if (strcasecmp(word, *words) == 0)
            return true;
    }
    return false;
}

bool config_source_is_disabled(const char *word, bool *disabled) {
    static const char *const yes[] = {"1", "true", "yes", "on", NULL};
    static const char *const no[] = {"0", "false", "no", "off", "", NULL};
    *disabled = is_one_of(word, yes);
    return *disabled || is_one_of(word, no);
}

/* A file as it was when it was opened. */
struct opened {
    int descriptor; /* -1: none */
    struct stat status;
};

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
        return "the file can not be opened: no descriptor is left";
    default:
        return "the file can not be opened";
    }
}

static const char *status_fault(const struct stat *status, bool secure) {
    if (S_ISDIR(status->st_mode))
        return "this is a directory: expected a regular file";
    if (!S_ISREG(status->st_mode))
        return "this is no regular file";
    if (status->st_size > (off_t)CONFIG_SIZE_MAX)
        return "the file is larger than 16 MiB";
    if (secure && (status->st_uid != 0 || (status->st_mode & (S_IWGRP | S_IWOTH)) != 0))
        return "for a setuid program, or one with file capabilities, the file counts only when root owns it and nobody "
               "else may write it";
    return NULL;
}

static const char *open_file(const char *path, bool secure, struct opened *opened) {
    do {
        opened->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    } while (opened->descriptor < 0 && errno == EINTR);
    if (opened->descriptor < 0 || fstat(opened->descriptor, &opened->status) != 0)
        return open_fault(errno);
    return status_fault(&opened->status, secure);
}

/* Returns what there is, at most `size` octets; -1: an error. */
static ssize_t read_fully(int descriptor, char *buffer, size_t size) {
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

static bool is_unchanged(const struct opened *opened) {
    const struct stat *before = &opened->status;
    struct stat now;
    return fstat(opened->descriptor, &now) == 0 && now.st_size == before->st_size &&
           now.st_mtim.tv_sec == before->st_mtim.tv_sec && now.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

/* There is room for one octet more than the file has: where it is filled, the file has grown. */
static const char *read_file(const struct opened *opened, char *buffer) {
    size_t size = (size_t)opened->status.st_size;
    ssize_t count = read_fully(opened->descriptor, buffer, size + 1);
    if (count < 0)
        return "the file can not be read: input/output error";
    if ((size_t)count != size || !is_unchanged(opened))
        return "the file changed while it was read";
    memcpy(buffer + size, "\n", 2);
    return NULL;
}

static char *map(struct config_source *source, size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    source->memory = memory;
    source->memory_size = size;
    return memory;
}

/* A program may write over its environment (nginx does, for its title in ps(1)): the source has copies. */
static char *copy_text(const char **text, char *memory) {
    size_t size = strlen(*text) + 1;
    memcpy(memory, *text, size);
    *text = memory;
    return memory + size;
}

static size_t texts_size(const struct config_source *source) {
    size_t size = source->file == NULL ? 0 : strlen(source->file) + 1;
    for (size_t i = 0; i < CONFIG_VARIABLES; i++) {
        if (source->variables[i] != NULL)
            size += strlen(source->variables[i]) + 1;
    }
    return size;
}

/* `opened` is NULL where there is no file that could be read. */
static bool copy_all(struct config_source *source, const struct opened *opened) {
    size_t size = opened == NULL ? 0 : (size_t)opened->status.st_size;
    char *memory = map(source, texts_size(source) + size + 2);
    if (memory == NULL)
        return false;
    for (size_t i = 0; i < CONFIG_VARIABLES; i++) {
        if (source->variables[i] != NULL)
            memory = copy_text(&source->variables[i], memory);
    }
    if (source->file != NULL)
        memory = copy_text(&source->file, memory);
    if (opened == NULL)
        return true;
    source->fault = read_file(opened, memory);
    source->text = source->fault == NULL ? memory : NULL;
    source->size = size;
    return true;
}

static bool is_missing(const struct opened *opened, int error) {
    return opened->descriptor < 0 && (error == ENOENT || error == ENOTDIR);
}

static bool take_with_file(struct config_source *source, const char *path, bool secure, bool must_exist) {
    struct opened opened = {.descriptor = -1};
    const char *fault = open_file(path, secure, &opened);
    if (must_exist || !is_missing(&opened, errno)) {
        source->file = path;
        source->fault = fault;
    }
    bool configured = source->file != NULL || source->variables[CONFIG_VARIABLE_HOSTS] != NULL;
    bool taken = configured && copy_all(source, fault == NULL ? &opened : NULL);
    if (opened.descriptor >= 0)
        close(opened.descriptor);
    return taken;
}

static bool is_switched_off(const struct config_source *source) {
    bool disabled = false;
    const char *word = source->variables[CONFIG_VARIABLE_DISABLED];
    return word != NULL && config_source_is_disabled(word, &disabled) && disabled;
}

static bool take(struct config_source *source, const char *default_file, bool secure) {
    const char *named = source->variables[CONFIG_VARIABLE_FILE];
    if (is_switched_off(source))
        return false;
    if (named == NULL)
        return take_with_file(source, default_file, secure, false);
    if (named[0] != '/')
        return copy_all(source, NULL); /* the variable is at fault: nothing is opened */
    return take_with_file(source, named, secure, true);
}

bool config_source_take(struct config_source *source, const char *default_file, bool secure) {
    *source = (struct config_source){0};
    for (size_t i = 0; i < CONFIG_VARIABLES && !secure; i++)
        source->variables[i] = secure_getenv(VARIABLE_NAMES[i]);
    bool taken = take(source, default_file, secure);
    if (!taken)
        *source = (struct config_source){0};
    return taken;
}

bool config_source_take_file(struct config_source *source, const char *path) {
    *source = (struct config_source){0};
    return take_with_file(source, path, false, true);
}

void config_source_release(struct config_source *source) {
    if (source->memory != NULL)
        munmap(source->memory, source->memory_size);
    *source = (struct config_source){0};
}
