/*
 * Where the counters are. This must also be found while the configuration file is broken: that is when one wants to
 * know which processes have refused it.
 */
#include "originbypass/command/stats/stats_directory.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/base/variable.h"
#include "originbypass/command/stats/stats_mapped.h"
#include "originbypass/config/parse.h"
#include "originbypass/config/source.h"
#include "originbypass/config/tokens.h"

/* ---- a file that is refused ---- */

/* A string that is not closed may end at the quote of a later line, so the line after it is looked at, too. */
static struct config_token next_of_broken(struct config_scanner *scanner) {
    struct config_scanner before = *scanner;
    struct config_token token = config_tokens_next(scanner);
    const char *line_end = token.kind == CONFIG_TOKEN_STRING || token.kind == CONFIG_TOKEN_UNCLOSED_STRING ||
                                   token.kind == CONFIG_TOKEN_UNCLOSED_COMMENT
                               ? memchr(token.start, '\n', token.length)
                               : NULL;
    if (line_end != NULL)
        *scanner = (struct config_scanner){line_end + 1, before.end, token.line + 1};
    return token;
}

static bool is_word(const struct config_token *token, enum config_token_kind kind, const char *text) {
    return token->kind == kind && token->length == strlen(text) && memcmp(token->start, text, token->length) == 0;
}

static bool is_string_of_path(const struct config_token *token) {
    return token->kind == CONFIG_TOKEN_STRING && token->length > 3 && token->start[1] == '/' &&
           memchr(token->start, '\\', token->length) == NULL && memchr(token->start, '\n', token->length) == NULL;
}

/* `directory = "/PATH"`, which is a key of metrics only. The caller must free(3) it. NULL: there is no such line. */
static char *directory_of_broken(const char *text, size_t size) {
    struct config_scanner scanner = {text, text + size, 1};
    struct config_token key = {0}, mark = {0}, value;
    while ((value = next_of_broken(&scanner)).kind != CONFIG_TOKEN_END) {
        if (is_word(&key, CONFIG_TOKEN_NAME, "directory") && mark.kind == CONFIG_TOKEN_MARK &&
            is_string_of_path(&value))
            return text_format("%.*s", (int)value.length - 2, value.start + 1);
        key = mark;
        mark = value;
    }
    return NULL;
}

/* ---- the file ---- */

struct named {
    char *directory; /* NULL: none */
    char *fault;     /* why the file is refused; NULL: it is not */
};

static char *fault_text(const char *file, const struct config_error *error) {
    return error->line == 0 ? text_format("%s: %s", file, error->reason)
                            : text_format("%s:%d: %s", error->file, error->line, error->reason);
}

/* The setting as the library would read it, even if the file has errors elsewhere. */
static struct named read_named(const char *file) {
    struct named named = {0};
    struct config_source source;
    if (!config_source_read_file(&source, file))
        memory_checked(NULL);
    struct config *config = memory_checked(config_parse_source(&source));
    if (config->metrics_directory != NULL)
        named.directory = memory_text(config->metrics_directory);
    if (config->error_count > 0)
        named.fault = fault_text(file, &config->errors[0]);
    if (named.directory == NULL && named.fault != NULL && source.text != NULL)
        named.directory = directory_of_broken(source.text, source.size);
    config_free(config);
    config_source_release(&source);
    return named;
}

/* ---- which ---- */

/* The directory to show; NULL: none, or several and none of them is named. */
static const char *choose(const struct named *named, const struct stats_directories *mapped) {
    for (size_t i = 0; i < mapped->count && named->directory != NULL; i++)
        if (strcmp(mapped->paths[i], named->directory) == 0)
            return named->directory;
    if (mapped->count == 0)
        return named->directory;
    return mapped->count == 1 ? mapped->paths[0] : NULL;
}

static void complain_of_choice(const char *file, const struct named *named, const struct stats_directories *mapped,
                               const char *chosen) {
    if (named->fault != NULL)
        cli_complain("the configuration cannot be used: %s", named->fault);
    if (chosen != NULL && mapped->count > 0)
        cli_complain("shown is %s, where running programs keep their counters", chosen);
    else if (chosen != NULL)
        cli_complain("shown is %s, which %s names; no running program is seen to keep counters", chosen, file);
    else if (mapped->count == 0)
        cli_complain("no directory is configured: set metrics.directory in %s, or ORIGIN_BYPASS_METRICS, for the "
                     "programs too, and restart them; or name one with --directory",
                     file);
    for (size_t i = 0; i < mapped->count && chosen == NULL; i++)
        cli_complain("running programs keep counters in %s; for them: originbypass stats --directory %s",
                     mapped->paths[i], mapped->paths[i]);
}

/* The running programs know better than a file that is refused: the last change may have been to the directory. */
static struct stats_place place_without_configuration(const char *file, const struct named *named) {
    struct stats_directories mapped = stats_mapped_directories();
    const char *chosen = choose(named, &mapped);
    complain_of_choice(file, named, &mapped, chosen);
    struct stats_place place = {.directory = chosen == NULL ? NULL : memory_text(chosen), .found = true};
    stats_directories_free(&mapped);
    return place;
}

static struct stats_place place_of_file(void) {
    char *variable = variable_get(config_variable_name(CONFIG_VARIABLE_FILE));
    const char *file = variable == NULL ? CONFIG_DEFAULT_FILE : variable;
    struct named named = read_named(file);
    struct stats_place place;
    if (named.directory != NULL && named.fault == NULL)
        place = (struct stats_place){.directory = memory_text(named.directory)};
    else
        place = place_without_configuration(file, &named);
    free(named.directory);
    free(named.fault);
    free(variable);
    return place;
}

static struct stats_place place_of_variable(char *variable) {
    if (variable[0] == '/')
        return (struct stats_place){.directory = variable};
    cli_complain("ORIGIN_BYPASS_METRICS is \"%s\": no process keeps its counters with it; set it to the absolute path "
                 "of a directory, or name one with --directory",
                 variable);
    free(variable);
    return (struct stats_place){0};
}

struct stats_place stats_directory_find(void) {
    char *variable = variable_get(config_variable_name(CONFIG_VARIABLE_METRICS));
    return variable != NULL ? place_of_variable(variable) : place_of_file();
}
