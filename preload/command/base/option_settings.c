#include "originbypass/command/base/option_settings.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/default_file.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/own_command.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/base/variable.h"
#include "originbypass/config/parse.h"
#include "originbypass/config/source.h"

static void append_words(char **list, const char *words) {
    char *before = *list;
    *list = before == NULL ? memory_text(words) : text_format("%s %s", before, words);
    free(before);
}

/*
 * The library takes only an absolute path. Symbolic links in it are kept, because a ConfigMap is updated by changing
 * one.
 */
static void set_file(char **file, const char *path) {
    free(*file);
    if (path[0] == '/') {
        *file = memory_text(path);
        return;
    }
    char *directory = memory_checked(getcwd(NULL, 0));
    *file = text_format("%s/%s", directory, path);
    free(directory);
}

bool option_settings_take(struct option_settings *settings, int code, const char *value) {
    switch (code) {
    case 'H':
        snprintf(settings->hosts_typed, sizeof(settings->hosts_typed), "%s", cli_typed());
        append_words(&settings->hosts, value);
        return true;
    case 'u':
        snprintf(settings->upstreams_typed, sizeof(settings->upstreams_typed), "%s", cli_typed());
        append_words(&settings->upstreams, value);
        return true;
    case 'c':
        set_file(&settings->file, value);
        return true;
    case 'v':
        settings->verbosity++;
        return true;
    case 'q':
        settings->quiet = true;
        return true;
    default:
        return false;
    }
}

static const char *log_level(const struct option_settings *settings) {
    if (settings->quiet)
        return "none";
    return settings->verbosity == 0 ? NULL : settings->verbosity == 1 ? "info" : "debug";
}

enum { SET_VARIABLES = 4 };

static const enum config_variable SET[SET_VARIABLES] = {CONFIG_VARIABLE_HOSTS, CONFIG_VARIABLE_UPSTREAMS,
                                                        CONFIG_VARIABLE_FILE, CONFIG_VARIABLE_LOG_LEVEL};

/* NULL: no option sets it. */
static const char *option_value(const struct option_settings *settings, enum config_variable variable) {
    switch (variable) {
    case CONFIG_VARIABLE_HOSTS:
        return settings->hosts;
    case CONFIG_VARIABLE_UPSTREAMS:
        return settings->upstreams;
    case CONFIG_VARIABLE_FILE:
        return settings->file;
    case CONFIG_VARIABLE_LOG_LEVEL:
        return log_level(settings);
    default:
        return NULL;
    }
}

void option_settings_each(const struct option_settings *settings, void (*visit)(const char *name, const char *value)) {
    for (size_t i = 0; i < SET_VARIABLES; i++) {
        const char *value = option_value(settings, SET[i]);
        if (value != NULL)
            visit(config_variable_name(SET[i]), value);
    }
}

bool option_settings_export(const struct option_settings *settings) {
    bool changed = false;
    for (size_t i = 0; i < SET_VARIABLES; i++) {
        const char *name = config_variable_name(SET[i]), *value = option_value(settings, SET[i]);
        const char *before = secure_getenv(name);
        if (value == NULL || (before != NULL && strcmp(before, value) == 0))
            continue;
        changed = true;
        if (setenv(name, value, 1) != 0) // NOLINT(concurrency-mt-unsafe): there is one thread
            memory_checked(NULL);
    }
    return changed;
}

static bool is_host_given(const struct config_source *source) {
    const char *hosts = source->variables[CONFIG_VARIABLE_HOSTS];
    bool named = source->variables[CONFIG_VARIABLE_FILE] != NULL;
    if ((hosts != NULL && hosts[0] != '\0') || source->text != NULL)
        return true;
    const char *file = source->file != NULL ? source->file : named ? "ORIGIN_BYPASS_CONFIG_FILE" : CONFIG_DEFAULT_FILE;
    const char *fault = source->file != NULL         ? source->fault
                        : named                      ? "no absolute path"
                        : default_file_is_dangling() ? "a symbolic link to a file that is not there"
                                                     : "there is none";
    cli_complain("no host given: set ORIGIN_BYPASS_HOSTS, or use -H; -H auto is every name that libc leads to a CDN "
                 "(%s: %s)",
                 file, fault);
    return false;
}

static bool is_of_variable(const struct config_error *error, enum config_variable variable) {
    return error->variable != NULL && strcmp(error->variable, config_variable_name(variable)) == 0;
}

/* False: the mistake does not come from an option. */
static bool complain_of_option(const struct option_settings *settings, const struct config_error *error) {
    if (settings->hosts != NULL && is_of_variable(error, CONFIG_VARIABLE_HOSTS))
        cli_complain("%s: %s", settings->hosts_typed, error->reason);
    else if (settings->upstreams != NULL && is_of_variable(error, CONFIG_VARIABLE_UPSTREAMS))
        cli_complain("%s: %s", settings->upstreams_typed, error->reason);
    else if (settings->file != NULL && error->file != NULL && error->line > 0)
        cli_complain("%s:%d: %s", error->file, error->line, error->reason);
    else if (settings->file != NULL && error->file != NULL)
        cli_complain("%s: %s", error->file, error->reason);
    else
        return false;
    return true;
}

static void warn_without_hosts(const struct config *config) {
    for (size_t i = 0; i < config->rule_count; i++)
        if (!config->rules[i].excluded)
            return;
    if (config->error_count == 0)
        cli_complain("warning: no host is listed in %s: libc answers every lookup until you list one",
                     config->file != NULL ? config->file : config_variable_name(CONFIG_VARIABLE_HOSTS));
}

static bool are_options_right(const struct option_settings *settings, const struct config *config) {
    bool right = true;
    for (size_t i = 0; i < config->error_count; i++)
        right = !complain_of_option(settings, &config->errors[i]) && right;
    return right;
}

static bool is_variable_set(enum config_variable variable) {
    return secure_getenv(config_variable_name(variable)) != NULL;
}

void option_settings_use_auto(struct option_settings *settings) {
    if (settings->hosts != NULL || settings->file != NULL || variable_is_disabled() ||
        is_variable_set(CONFIG_VARIABLE_HOSTS) || is_variable_set(CONFIG_VARIABLE_FILE) ||
        faccessat(AT_FDCWD, CONFIG_DEFAULT_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return;
    settings->hosts = memory_text("auto");
    settings->is_auto = true;
}

bool option_settings_check(const struct option_settings *settings) {
    struct config_source source;
    if (variable_is_disabled())
        return true;
    (void)config_source_read(&source, CONFIG_DEFAULT_FILE, false); /* if nothing was read, no host is given */
    struct config *config = memory_checked(config_parse_source(&source));
    bool good = is_host_given(&source) && are_options_right(settings, config);
    if (good && !settings->quiet)
        warn_without_hosts(config);
    if (good && settings->is_auto && config->log_level <= LOG_LEVEL_INFO)
        cli_complain("no host given: external DNS is asked for every name that libc leads to a CDN (-H auto)");
    config_free(config);
    config_source_release(&source);
    return good;
}

/* An empty variable counts as not set. */
static const char *unless_empty(const char *value) {
    return value == NULL || config_variable_length(value) == 0 ? NULL : value;
}

/* By themselves, because the library does not look at upstreams as long as no host is given. */
static bool are_words_right(const struct option_settings *settings) {
    const struct config_source source = {
        .variables = {[CONFIG_VARIABLE_HOSTS] = unless_empty(settings->hosts),
                      [CONFIG_VARIABLE_UPSTREAMS] = unless_empty(settings->upstreams)}};
    struct config *config = memory_checked(config_parse_source(&source));
    bool right = are_options_right(settings, config);
    config_free(config);
    return right;
}

bool option_settings_apply(const struct option_settings *settings, int argc, char **argv) {
    if (!are_words_right(settings))
        return false;
    bool changed = option_settings_export(settings);
    if (changed)
        own_command_start_again(argc, argv);
    return !changed;
}

void option_settings_free(struct option_settings *settings) {
    free(settings->hosts);
    free(settings->upstreams);
    free(settings->file);
}
