#include "originbypass/config/parse.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "originbypass/config/arena.h"
#include "originbypass/config/errors.h"
#include "originbypass/config/grammar.h"
#include "originbypass/config/hosts.h"
#include "originbypass/config/keys.h"
#include "originbypass/config/prefix_lists.h"
#include "originbypass/config/programs.h"
#include "originbypass/config/source.h"
#include "originbypass/config/tree.h"
#include "originbypass/config/value.h"
#include "originbypass/values/prefix_sets.h"

static struct config_source source_at_load;

static bool is_disabled(void) {
    bool disabled = false;
    return config_source_is_disabled(secure_getenv(config_variable_name(CONFIG_VARIABLE_DISABLED)), &disabled) &&
           disabled;
}

enum config_at_load config_load(void) {
    bool secure = getauxval(AT_SECURE) != 0;
    if (secure)
        config_source_clear_environment();
    if (!config_source_read(&source_at_load, CONFIG_DEFAULT_FILE, secure))
        return is_disabled() ? CONFIG_AT_LOAD_DISABLED : CONFIG_AT_LOAD_NONE;
    if (source_at_load.text == NULL || !programs_leave_alone(source_at_load.text, source_at_load.size))
        return CONFIG_AT_LOAD_GIVEN;
    config_source_release(&source_at_load);
    return CONFIG_AT_LOAD_LEFT_OUT;
}

const struct config_source *config_loaded(void) {
    return &source_at_load;
}

bool config_load_again(struct config_source *source, const struct config_source *before) {
    return config_source_read_again(source, before, CONFIG_DEFAULT_FILE, getauxval(AT_SECURE) != 0);
}

static const struct config DEFAULTS = {
    .general =
        {
            .query = {.timeout_ms = 1000, .hedge_ms = 200, .deadline_ms = 2000},
            .cache = {.mode = CACHE_STALE,
                      .stale_window_s = 30,
                      .stale_wait_ms = 500,
                      .min_ttl_s = 1,
                      .max_ttl_s = 86400,
                      .negative_ttl_s = 60},
        },
    .max_entries = 4096,
    .log_level = LOG_LEVEL_WARN,
    .log_file = "stderr",
};
static const char DEFAULT_UPSTREAMS[] = "8.8.8.8 1.1.1.1 2001:4860:4860::8888 2606:4700:4700::1111";

static void read_source_text(struct config_reader *reader, const struct config_source *source) {
    struct config_place file = {.file = reader->file};
    size_t value_count = 0;
    if (source->fault != NULL)
        config_errors_add(reader->errors, file, "%s", source->fault);
    if (source->text == NULL ||
        !config_grammar_check(reader->file, source->text, source->size, reader->errors, &value_count))
        return;
    const struct config_node *root =
        config_tree_read(reader->file, source->text, source->size, value_count, reader->scratch, reader->errors);
    if (root != NULL)
        config_keys_read_general(reader, root);
}

/* A variable's value as a tree has it. */
static struct config_node string_node(const char *text) {
    return (struct config_node){.kind = CONFIG_NODE_STRING, .text = text};
}

static void read_words(struct config_reader *reader, const char *text,
                       void (*read)(struct config_reader *reader, const struct config_node *list)) {
    const struct config_node *list = config_tree_words(text, reader->scratch);
    if (list != NULL)
        read(reader, list);
}

static void read_string(struct config_reader *reader, const char *text,
                        void (*read)(struct config_reader *reader, const struct config_node *node)) {
    struct config_node node = string_node(text);
    read(reader, &node);
}

static bool is_any_variable_set(const struct config_source *source) {
    for (int i = 0; i < CONFIG_OWN_VARIABLES; i++) {
        if (source->variables[i] != NULL)
            return true;
    }
    return false;
}

/* LOG_LEVEL may be meant for others: a word that is not one of ours is ignored. */
static void read_plain_log_level(struct config_reader *reader, const struct config_source *source) {
    const char *level = source->variables[CONFIG_VARIABLE_PLAIN_LOG_LEVEL];
    if (level != NULL && source->variables[CONFIG_VARIABLE_LOG_LEVEL] == NULL && is_any_variable_set(source))
        log_level_parse(level, &reader->config->log_level);
}

static void read_disabled(struct config_reader *reader, const struct config_node *node) {
    bool disabled = false;
    if (!config_source_is_disabled(node->text, &disabled))
        config_value_refuse(reader, node, "1, true, yes or on; or 0, false, no, off or nothing");
}

static void read_config_file(struct config_reader *reader, const struct config_node *node) {
    if (node->text[0] != '/')
        config_value_refuse(reader, node, "the absolute path of a file");
}

/* How each variable is read that replaces a setting of the file, or only is checked. */
static const struct variable {
    void (*read)(struct config_reader *reader, const struct config_node *node);
    enum config_variable variable;
    bool is_list;
} VARIABLES[] = {
    {read_disabled, CONFIG_VARIABLE_DISABLED, false},
    {read_config_file, CONFIG_VARIABLE_FILE, false},
    {config_value_log_level, CONFIG_VARIABLE_LOG_LEVEL, false},
    {config_value_log_file, CONFIG_VARIABLE_LOG_FILE, false},
    {config_value_metrics_directory, CONFIG_VARIABLE_METRICS, false},
    {config_value_upstreams, CONFIG_VARIABLE_UPSTREAMS, true},
};

static void read_variable(struct config_reader *reader, const struct config_source *source,
                          const struct variable *variable) {
    const char *text = source->variables[variable->variable];
    if (text == NULL)
        return;
    reader->variable = config_variable_name(variable->variable);
    (variable->is_list ? read_words : read_string)(reader, text, variable->read);
    reader->variable = NULL;
}

/* The hosts come last, because their settings begin as the general ones, which a variable may have replaced. */
static void read_hosts_of_source(struct config_reader *reader, const struct config_source *source) {
    static const struct variable hosts = {config_hosts_read, CONFIG_VARIABLE_HOSTS, true};
    if (reader->hosts != NULL)
        config_hosts_read(reader, reader->hosts);
    reader->config->hosts_of_variable = source->variables[CONFIG_VARIABLE_HOSTS] != NULL;
    if (reader->config->hosts_of_variable)
        reader->config->replaced_count = reader->config->rule_count;
    read_variable(reader, source, &hosts);
}

static void read_whole_source(struct config_reader *reader, const struct config_source *source) {
    reader->settings->edges = config_prefix_lists_of_set(reader, PREFIX_SET_EDGE);
    read_words(reader, DEFAULT_UPSTREAMS, config_value_upstreams);
    read_source_text(reader, source);
    for (size_t i = 0; i < sizeof(VARIABLES) / sizeof(VARIABLES[0]); i++)
        read_variable(reader, source, &VARIABLES[i]);
    read_plain_log_level(reader, source);
    read_hosts_of_source(reader, source);
}

static void finish_config(struct config *config, const struct config_errors *errors, const struct arena *memory) {
    config->errors = errors->list;
    config->error_count = errors->count;
    if (config->error_count > 0) {
        config->rules = NULL;
        config->rule_count = 0;
    }
    config->memory = memory->chunks;
}

struct config *config_parse_source(const struct config_source *source) {
    struct arena memory = {0};
    struct arena scratch = {0};
    struct config_errors errors = {.memory = &memory};
    struct config *config = malloc(sizeof(*config)); /* not inside a chunk: leak checkers only know its beginning */
    if (config == NULL)
        return NULL;
    *config = DEFAULTS;
    if (source->file != NULL)
        config->file = arena_text(&memory, source->file, strlen(source->file));
    struct config_reader reader = {
        .memory = &memory,
        .scratch = &scratch,
        .errors = &errors,
        .config = config,
        .settings = &config->general,
        .file = config->file,
        .set_files = source->set_files,
    };
    read_whole_source(&reader, source);
    finish_config(config, &errors, &memory);
    arena_release(scratch.chunks);
    if (!memory.exhausted && !scratch.exhausted)
        return config;
    config_free(config);
    return NULL;
}

struct config *config_parse(void) {
    return config_parse_source(&source_at_load);
}

struct config *config_parse_text(const char *file, const char *text, size_t size) {
    struct config_source source = {.file = file, .size = size};
    char *copy = size > CONFIG_SIZE_MAX ? NULL : malloc(size + 2);
    if (copy != NULL) {
        memcpy(copy, text, size);
        memcpy(copy + size, "\n", 2);
        source.text = copy;
    }
    if (size > CONFIG_SIZE_MAX)
        source.fault = "the text is larger than 16 MiB";
    struct config *config = copy == NULL && source.fault == NULL ? NULL : config_parse_source(&source);
    free(copy);
    return config;
}

void config_free(struct config *config) {
    if (config != NULL)
        arena_release(config->memory);
    free(config);
}
