#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/default_file.h"
#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/document.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/misspelt.h"
#include "originbypass/command/base/option_settings.h"
#include "originbypass/command/base/style.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/base/variable.h"
#include "originbypass/command/check/notes.h"
#include "originbypass/command/check/summary.h"
#include "originbypass/command/check/summary_document.h"
#include "originbypass/config/errors.h"
#include "originbypass/config/parse.h"
#include "originbypass/config/source.h"

/* A file's errors are sorted by line, because the library finds those in host sections last. */
static bool is_behind(const struct config_error *error, const struct config_error *other) {
    return error->file != NULL && other->file != NULL && strcmp(error->file, other->file) == 0 &&
           error->line > other->line;
}

/* The caller frees them. */
static struct config_error *errors_by_line(const struct config *config) {
    struct config_error *sorted = memory_zeroed(config->error_count, sizeof(*sorted));
    for (size_t i = 0; i < config->error_count; i++) {
        size_t place = i;
        /* The last error says that there are more, so it stays last. */
        for (; i < CONFIG_ERRORS_MAX && place > 0 && is_behind(&sorted[place - 1], &config->errors[i]); place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = config->errors[i];
    }
    return sorted;
}

/* ---- for people ---- */

static void print_finding(const char *place, enum style style, const char *word, const char *text) {
    text_print(stdout, place);
    printf(": %s%s%s", style_begin(stdout, style), word, style_end(stdout, style));
    text_print(stdout, text);
    putchar('\n');
}

static char *error_place_text(const struct config_error *error) {
    if (error->variable != NULL || error->line == 0)
        return text_format("%s", error->variable != NULL ? error->variable : error->file);
    return text_format("%s:%d", error->file, error->line);
}

static const char *name_of(const struct config *config) {
    return config->file != NULL ? config->file : "the environment";
}

static void print_errors(const struct config *config) {
    struct config_error *errors = errors_by_line(config);
    for (size_t i = 0; i < config->error_count; i++) {
        char *place = error_place_text(&errors[i]);
        print_finding(place, STYLE_BAD, "", errors[i].reason);
        free(place);
    }
    free(errors);
    print_finding(name_of(config), STYLE_BAD, "refused",
                  ": until this is corrected, libc answers every call of a program that starts; running programs keep "
                  "their former configuration");
}

static void print_note(const struct config *config, const struct note *note) {
    if (note->rule == NULL) {
        print_finding(name_of(config), STYLE_NOTE, "note: ", note->text);
        return;
    }
    char *place = describe_place(config, note->rule), *rule = describe_rule(note->rule);
    char *text = text_format("\"%s\" %s", rule, note->text);
    print_finding(place, STYLE_NOTE, "note: ", text);
    free(text);
    free(rule);
    free(place);
}

static void print_misspelt(const char *text, void *unused) {
    (void)unused;
    print_finding("environment", STYLE_NOTE, "note: ", text);
}

static void print_meaning(const struct config *config, const struct config_source *source) {
    misspelt_variables(print_misspelt, NULL);
    struct notes notes = notes_collect(config);
    for (size_t i = 0; i < notes.count; i++)
        print_note(config, &notes.list[i]);
    print_finding(name_of(config), STYLE_GOOD, "good", "");
    putchar('\n');
    summary_print(config, source);
    notes_free(&notes);
}

/* ---- in JSON ---- */

static void add_finding(const char *file, int line, const char *variable, const char *reason) {
    document_begin_object(NULL);
    document_text("file", file);
    document_number("line", line);
    document_text("variable", variable);
    document_text("reason", reason);
    document_end();
}

static void add_errors(const struct config *config) {
    struct config_error *errors = errors_by_line(config);
    document_begin_array("errors");
    for (size_t i = 0; i < config->error_count; i++)
        add_finding(errors[i].file, errors[i].line, errors[i].variable, errors[i].reason);
    document_end();
    free(errors);
}

static void add_note(const struct config *config, const struct note *note) {
    document_begin_object(NULL);
    char *rule = note->rule == NULL ? NULL : describe_rule(note->rule);
    document_text("rule", rule);
    document_text("file", config->file);
    document_number("line", note->rule == NULL ? 0 : note->rule->line);
    document_text("reason", note->text);
    document_end();
    free(rule);
}

static void add_misspelt(const char *text, void *unused) {
    (void)unused;
    add_finding(NULL, 0, NULL, text);
}

static void add_meaning(const struct config *config, const struct config_source *source) {
    struct notes notes = notes_collect(config);
    document_begin_array("notes");
    misspelt_variables(add_misspelt, NULL);
    for (size_t i = 0; i < notes.count; i++)
        add_note(config, &notes.list[i]);
    document_end();
    summary_document(config, source);
    notes_free(&notes);
}

static void write_document(const struct config *config, const struct config_source *source) {
    document_begin_object(NULL);
    document_text("file", config->file);
    document_boolean("good", config->error_count == 0);
    add_errors(config);
    if (config->error_count == 0)
        add_meaning(config, source);
    document_end();
}

/* ---- */

static int check(const struct config_source *source, bool json) {
    struct config *config = memory_checked(config_parse_source(source));
    if (json)
        write_document(config, source);
    else if (config->error_count > 0)
        print_errors(config);
    else
        print_meaning(config, source);
    int status = config->error_count == 0 ? CLI_GOOD : CLI_BAD;
    config_free(config);
    return status;
}

static int say_that_there_is_nothing(bool json) {
    const char *why =
        variable_is_disabled() ? "ORIGIN_BYPASS_DISABLED says so: every call is libc's"
        : default_file_is_dangling()
            ? "nothing is configured: no variable names hosts or a file, and " CONFIG_DEFAULT_FILE
              " is a symbolic link to a file that is not there; every call is libc's"
            : "nothing is configured: no variable names hosts or a file, and there is no " CONFIG_DEFAULT_FILE
              "; every call is libc's";
    if (!json) {
        misspelt_variables(print_misspelt, NULL);
        puts(why);
        return CLI_GOOD;
    }
    document_begin_object(NULL);
    document_text("file", NULL);
    document_boolean("good", true);
    document_begin_array("errors");
    document_end();
    document_begin_array("notes");
    misspelt_variables(add_misspelt, NULL);
    add_finding(NULL, 0, NULL, why);
    document_end();
    document_end();
    return CLI_GOOD;
}

struct check_options {
    struct option_settings settings;
    bool json;
};

static bool take_option(void *context, int code, const char *value) {
    struct check_options *options = context;
    options->json = options->json || code == 'j';
    option_settings_take(&options->settings, code, value);
    return true;
}

static bool are_operands_right(const struct cli_arguments *arguments) {
    if (arguments->count > 1)
        cli_complain("checks one file, but was given %s, too", arguments->operands[1]);
    return arguments->count <= 1;
}

static int check_source(const char *file, bool json) {
    struct config_source source;
    if (!(file == NULL ? config_source_read(&source, CONFIG_DEFAULT_FILE, false)
                       : config_source_read_file(&source, file)))
        return say_that_there_is_nothing(json);
    int status = check(&source, json);
    config_source_release(&source);
    return status;
}

static int run(int argc, char **argv) {
    struct check_options options = {0};
    struct cli_arguments arguments;
    int status;
    if (!cli_read(argc, argv, take_option, &options, &arguments) || !are_operands_right(&arguments)) {
        status = cli_usage();
    } else {
        option_settings_export(&options.settings);
        status = check_source(arguments.operands[0], options.json);
    }
    cli_arguments_free(&arguments);
    option_settings_free(&options.settings);
    return status;
}

const struct cli_command cli_check = {
    .name = "check",
    .summary = "Say whether a configuration is good, and what it means",
    .usage = "[OPTION...] [FILE]",
    .help = "Without FILE: checks what a program started here with the library would read,\n"
            "including the environment. With FILE: checks only that file, as if no variable\n"
            "were set.\n"
            "\n"
            "Prints one line for each error, FILE:LINE: REASON or VARIABLE: REASON. If there\n"
            "are no errors, prints notes on what is legal but may not be intended (\"note: \"),\n"
            "then the host rules and how each is answered, and the general settings.\n",
    .example = "originbypass check /etc/originbypass/originbypass.conf",
    .options = (const struct cli_option[]){CLI_JSON, CLI_SETTINGS, CLI_END},
    .exits = (const struct cli_exit[]){{CLI_GOOD, "success: there is no error; there may be notes"},
                                       {CLI_BAD, "failure: there is an error"},
                                       CLI_EXIT_USAGE,
                                       CLI_EXIT_END},
    .run = run,
};
