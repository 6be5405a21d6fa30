#include "originbypass/config/source.h"

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

size_t config_variable_length(const char *value) {
    size_t length = value == NULL ? 0 : strlen(value);
    while (length > 0 && strchr(" \t\r\n\f\v", value[length - 1]) != NULL)
        length--;
    return length;
}

static bool is_word_of(const char *value, const char *const *words) {
    size_t length = config_variable_length(value);
    for (; *words != NULL; words++) {
        if (strlen(*words) == length && strncasecmp(value, *words, length) == 0)
            return true;
    }
    return false;
}

bool config_source_is_disabled(const char *value, bool *disabled) {
    static const char *const yes[] = {"1", "true", "yes", "on", NULL};
    static const char *const no[] = {"0", "false", "no", "off", NULL};
    *disabled = is_word_of(value, yes);
    return *disabled || config_variable_length(value) == 0 || is_word_of(value, no);
}

static bool map_memory(struct config_mapping *mapping, size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    *mapping = (struct config_mapping){memory, size};
    return true;
}

static void unmap(struct config_mapping *mapping) {
    if (mapping->memory != NULL)
        munmap(mapping->memory, mapping->size);
    *mapping = (struct config_mapping){0};
}

/*
 * A program may write over its environment (nginx does, for its title in ps(1)): the source has copies, of the values
 * as they count.
 */
static bool copy_variables(struct config_source *source, const char *const values[static CONFIG_VARIABLES]) {
    size_t size = 0;
    for (size_t i = 0; i < CONFIG_VARIABLES; i++)
        size += config_variable_length(values[i]) + 1;
    if (size > CONFIG_VARIABLES && !map_memory(&source->environment, size))
        return false;
    char *copy = source->environment.memory;
    for (size_t i = 0; i < CONFIG_VARIABLES; i++) {
        size_t length = config_variable_length(values[i]);
        if (length == 0)
            continue;
        source->variables[i] = memcpy(copy, values[i], length);
        copy += length + 1;
    }
    return true;
}

static bool read_opened(struct config_source *source, const struct config_file *opened) {
    size_t size = config_file_size(opened);
    if (!map_memory(&source->octets, size + 2))
        return false;
    char *memory = source->octets.memory;
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

static bool read_with_file(struct config_source *source, const char *path, enum config_trust trust, bool must_exist) {
    struct config_file opened;
    const char *fault = config_file_open(path, trust, &opened);
    source->stamp = opened.stamp;
    if (must_exist || !is_missing(&opened, errno)) {
        source->file = path;
        source->fault = fault;
    }
    bool configured = source->file != NULL || source->variables[CONFIG_VARIABLE_HOSTS] != NULL;
    bool good = configured && (fault != NULL || read_opened(source, &opened));
    config_file_close(&opened);
    source->place = path;
    if (good && source->text != NULL)
        source->set_files = config_set_files_read(source->text, source->size, trust);
    return good;
}

static bool is_switched_off(const struct config_source *source) {
    bool disabled = false;
    const char *word = source->variables[CONFIG_VARIABLE_DISABLED];
    return word != NULL && config_source_is_disabled(word, &disabled) && disabled;
}

static bool read_source(struct config_source *source, const char *default_file, enum config_trust trust) {
    const char *named = source->variables[CONFIG_VARIABLE_FILE];
    if (is_switched_off(source))
        return false;
    if (named == NULL)
        return read_with_file(source, default_file, trust, false);
    if (named[0] != '/')
        return true; /* the variable is at fault: nothing is opened */
    return read_with_file(source, named, trust, true);
}

static bool read_all_sources(struct config_source *source, const char *const values[static CONFIG_VARIABLES],
                             const char *default_file, enum config_trust trust) {
    *source = (struct config_source){0};
    bool good = copy_variables(source, values) && read_source(source, default_file, trust);
    if (!good)
        config_source_release(source);
    return good;
}

bool config_source_read(struct config_source *source, const char *default_file, bool secure) {
    const char *values[CONFIG_VARIABLES] = {0};
    for (size_t i = 0; i < CONFIG_VARIABLES && !secure; i++)
        values[i] = secure_getenv(VARIABLE_NAMES[i]);
    return read_all_sources(source, values, default_file, secure ? CONFIG_TRUST_ROOT : CONFIG_TRUST_ALL);
}

/* In place, whatever the entries look like: unsetenv(3) would not find one without a "=". */
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

bool config_source_read_again(struct config_source *source, const struct config_source *before,
                              const char *default_file, bool secure) {
    return read_all_sources(source, before->variables, default_file, secure ? CONFIG_TRUST_ROOT : CONFIG_TRUST_USER);
}

bool config_source_read_file(struct config_source *source, const char *path) {
    *source = (struct config_source){0};
    return read_with_file(source, path, CONFIG_TRUST_ALL, true);
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

static bool are_texts_equal(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool are_same_octets(const char *a, size_t a_size, const char *b, size_t b_size) {
    return a == b || (a != NULL && b != NULL && a_size == b_size && memcmp(a, b, a_size) == 0);
}

/* The same text names the same files in the same order. */
static bool are_same_sets(const struct config_set_file *a, const struct config_set_file *b) {
    for (; a != NULL && b != NULL; a = a->next, b = b->next)
        if (!are_texts_equal(a->path, b->path) || !are_texts_equal(a->fault, b->fault) ||
            !are_same_octets(a->text, a->size, b->text, b->size))
            return false;
    return a == b;
}

bool config_source_equals(const struct config_source *a, const struct config_source *b) {
    return are_texts_equal(a->file, b->file) && are_texts_equal(a->fault, b->fault) &&
           are_same_octets(a->text, a->size, b->text, b->size) && are_same_sets(a->set_files, b->set_files);
}

/* FNV-1a. The size comes first, so that the end of one text is not taken for the beginning of the next. */
static uint64_t digest_octets(uint64_t digest, const char *octets, size_t size) {
    static const uint64_t prime = UINT64_C(1099511628211);
    digest = (digest ^ size) * prime;
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ (uint8_t)octets[i]) * prime;
    return digest;
}

static uint64_t digest_text(uint64_t digest, const char *text) {
    return text == NULL ? digest : digest_octets(digest, text, strlen(text));
}

uint64_t config_source_digest(const struct config_source *source) {
    if (source->text == NULL)
        return 0;
    uint64_t digest = digest_octets(UINT64_C(14695981039346656037), source->text, source->size);
    for (const struct config_set_file *file = source->set_files; file != NULL; file = file->next) {
        digest = digest_text(digest_text(digest, file->path), file->fault);
        if (file->text != NULL)
            digest = digest_octets(digest, file->text, file->size);
    }
    return digest == 0 ? 1 : digest;
}

void config_source_release(struct config_source *source) {
    config_set_files_release(source->set_files);
    unmap(&source->environment);
    unmap(&source->octets);
    *source = (struct config_source){0};
}
