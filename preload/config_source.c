#include "originbypass/config_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
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
static bool copy_all(struct config_source *source, const struct config_file *opened) {
    size_t size = opened == NULL ? 0 : config_file_size(opened);
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
    source->fault = config_file_read(opened, memory);
    source->text = source->fault == NULL ? memory : NULL;
    if (source->fault != NULL)
        source->stamp = (struct config_stamp){0}; /* to be read again as it is */
    source->size = size;
    return true;
}

static bool is_missing(const struct config_file *opened, int error) {
    return opened->descriptor < 0 && (error == ENOENT || error == ENOTDIR);
}

static bool take_with_file(struct config_source *source, const char *path, enum config_trust trust, bool must_exist) {
    struct config_file opened;
    const char *fault = config_file_open(path, trust, &opened);
    source->stamp = opened.stamp;
    if (must_exist || !is_missing(&opened, errno)) {
        source->file = path;
        source->fault = fault;
    }
    bool configured = source->file != NULL || source->variables[CONFIG_VARIABLE_HOSTS] != NULL;
    bool taken = configured && copy_all(source, fault == NULL ? &opened : NULL);
    config_file_close(&opened);
    source->place = source->file != NULL ? source->file : path;
    if (taken && source->text != NULL)
        source->set_files = config_set_files_take(source->text, source->size, trust);
    return taken;
}

static bool is_switched_off(const struct config_source *source) {
    bool disabled = false;
    const char *word = source->variables[CONFIG_VARIABLE_DISABLED];
    return word != NULL && config_source_is_disabled(word, &disabled) && disabled;
}

static bool take(struct config_source *source, const char *default_file, enum config_trust trust) {
    const char *named = source->variables[CONFIG_VARIABLE_FILE];
    if (is_switched_off(source))
        return false;
    if (named == NULL)
        return take_with_file(source, default_file, trust, false);
    if (named[0] != '/')
        return copy_all(source, NULL); /* the variable is at fault: nothing is opened */
    return take_with_file(source, named, trust, true);
}

bool config_source_take(struct config_source *source, const char *default_file, bool secure) {
    *source = (struct config_source){0};
    for (size_t i = 0; i < CONFIG_VARIABLES && !secure; i++)
        source->variables[i] = secure_getenv(VARIABLE_NAMES[i]);
    bool taken = take(source, default_file, secure ? CONFIG_TRUST_ROOT : CONFIG_TRUST_ALL);
    if (!taken)
        *source = (struct config_source){0};
    return taken;
}

/* In place, whatever the entries look like: one without a "=" is none that unsetenv(3) would find. */
void config_source_clear_environment(void) {
    static const char prefix[] = "ORIGIN_BYPASS_";
    char **kept = environ;
    if (environ == NULL)
        return;
    for (char **entry = environ; *entry != NULL; entry++)
        if (strncmp(*entry, prefix, sizeof(prefix) - 1) != 0)
            *kept++ = *entry;
    *kept = NULL;
}

bool config_source_take_again(struct config_source *source, const struct config_source *before,
                              const char *default_file, bool secure) {
    *source = (struct config_source){0};
    memcpy(source->variables, before->variables, sizeof(source->variables));
    bool taken = take(source, default_file, secure ? CONFIG_TRUST_ROOT : CONFIG_TRUST_USER);
    if (!taken)
        *source = (struct config_source){0};
    return taken;
}

bool config_source_take_file(struct config_source *source, const char *path) {
    *source = (struct config_source){0};
    return take_with_file(source, path, CONFIG_TRUST_ALL, true);
}

/* ---- changes ---- */

static enum config_source_state worse(enum config_source_state a, enum config_source_state b) {
    return a == CONFIG_SOURCE_CHANGING || b == CONFIG_SOURCE_CURRENT ? a : b;
}

static enum config_source_state state_of(const char *path, const struct config_stamp *then) {
    struct config_stamp now = config_stamp_of(path);
    if (config_stamp_equals(&now, then))
        return CONFIG_SOURCE_CURRENT;
    return config_stamp_is_fresh(&now) ? CONFIG_SOURCE_CHANGING : CONFIG_SOURCE_CHANGED;
}

static bool is_there(const char *path) {
    struct config_stamp now = config_stamp_of(path);
    return config_stamp_exists(&now);
}

enum config_source_state config_source_state(const struct config_source *source) {
    if (source->place == NULL || !is_there(source->place))
        return CONFIG_SOURCE_CURRENT;
    enum config_source_state state = state_of(source->place, &source->stamp);
    for (const struct config_set_file *file = source->set_files; file != NULL; file = file->next)
        state = worse(state, state_of(file->path, &file->stamp));
    return state;
}

static bool is_same_text(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool are_same_octets(const char *a, size_t a_size, const char *b, size_t b_size) {
    return a == b || (a != NULL && b != NULL && a_size == b_size && memcmp(a, b, a_size) == 0);
}

/* The same text names the same files in the same order. */
static bool are_same_sets(const struct config_set_file *a, const struct config_set_file *b) {
    for (; a != NULL && b != NULL; a = a->next, b = b->next)
        if (!is_same_text(a->path, b->path) || !is_same_text(a->fault, b->fault) ||
            !are_same_octets(a->text, a->size, b->text, b->size))
            return false;
    return a == b;
}

bool config_source_equals(const struct config_source *a, const struct config_source *b) {
    return is_same_text(a->file, b->file) && is_same_text(a->fault, b->fault) &&
           are_same_octets(a->text, a->size, b->text, b->size) && are_same_sets(a->set_files, b->set_files);
}

void config_source_release(struct config_source *source) {
    config_set_files_release(source->set_files);
    if (source->memory != NULL)
        munmap(source->memory, source->memory_size);
    *source = (struct config_source){0};
}
