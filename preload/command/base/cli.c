#include "originbypass/command/base/cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/nearest.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/base/wrap.h"

const struct cli_command *cli_current;

enum { OPTIONS_MAX = 16, WIDTH = 80, HELP = 'h' };

void cli_complain(const char *format, ...) {
    char message[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    fprintf(stderr, "originbypass%s%s: ", cli_current == NULL ? "" : " ", cli_current == NULL ? "" : cli_current->name);
    text_print(stderr, message);
    fputc('\n', stderr);
}

/* --- the help ----------------------------------------------------------------------------------------------------- */

/* Each line of the usage is a form of its own. */
static void print_usage(FILE *stream) {
    const char *line = cli_current->usage, *lead = "Usage: ";
    while (*line != '\0') {
        int length = (int)strcspn(line, "\n");
        fprintf(stream, "%soriginbypass %s %.*s\n", lead, cli_current->name, length, line);
        line += length + (line[length] == '\n');
        lead = "       ";
    }
}

int cli_usage(void) {
    print_usage(stderr);
    fprintf(stderr, "See originbypass %s --help.\n", cli_current->name);
    return CLI_USAGE;
}

/* The value is with the letter, too, so that the completion finds it there. */
static char *option_forms(const struct cli_option *option) {
    const char *blank = option->value == NULL ? "" : " ", *value = option->value == NULL ? "" : option->value;
    if (option->word == NULL)
        return text_format("-%c%s%s", option->code, blank, value);
    if (option->code >= CLI_WORD_ONLY)
        return text_format("--%s%s%s", option->word, blank, value);
    return text_format("-%c%s%s, --%s%s%s", option->code, blank, value, option->word, blank, value);
}

/* A long form has a line of its own. */
static void print_row(const char *left, const char *right, size_t column) {
    size_t length = strlen(left) + 2;
    bool fits = length + 2 <= column;
    printf("  %s%*s", left, fits ? (int)(column - length) : 0, "");
    if (!fits)
        printf("\n%*s", (int)column, "");
    wrap_print(stdout, right, column, column, WIDTH);
}

static void print_options(void) {
    enum { COLUMN = 20 };
    printf("\nOptions:\n");
    for (const struct cli_option *option = cli_current->options; option->code != 0; option++) {
        char *forms = option_forms(option);
        print_row(forms, option->meaning, COLUMN);
        free(forms);
    }
    print_row("-h, --help", "show this help", COLUMN);
}

static void print_exits(void) {
    printf("\nExit status:\n");
    for (const struct cli_exit *line = cli_current->exits; line->meaning != NULL; line++) {
        char *status = text_format("%d", line->status);
        print_row(status, line->meaning, strlen("  125  "));
        free(status);
    }
}

void cli_help(void) {
    print_usage(stdout);
    printf("\n%s.\n\n%s", cli_current->summary, cli_current->help);
    print_options();
    printf("\nExample:\n  %s\n", cli_current->example);
    print_exits();
}

/* --- parsing ------------------------------------------------------------------------------------------------------ */

static char typed[64];

const char *cli_typed(void) {
    return typed;
}

/* What getopt_long(3) reads. `words` has an end of zeros. */
struct getopt_tables {
    char letters[4 + 2 * OPTIONS_MAX];
    struct option words[OPTIONS_MAX + 2];
};

/*
 * `-` at the beginning: operands are given in their order; `+`: the first one ends the options. `:` tells an option
 * without its value from an unknown one.
 */
static void make_tables(struct getopt_tables *tables) {
    bool ends = cli_current->operands == CLI_OPERANDS_COMMAND;
    size_t letters = (size_t)snprintf(tables->letters, sizeof(tables->letters), "%c:", ends ? '+' : '-'), words = 0;
    for (const struct cli_option *option = cli_current->options; option->code != 0; option++) {
        if (option->code < CLI_WORD_ONLY) {
            tables->letters[letters++] = (char)option->code;
            if (option->value != NULL)
                tables->letters[letters++] = ':';
        }
        if (option->word != NULL)
            tables->words[words++] = (struct option){
                option->word, option->value == NULL ? no_argument : required_argument, NULL, option->code};
    }
    tables->words[words] = (struct option){"help", no_argument, NULL, HELP};
    snprintf(tables->letters + letters, sizeof(tables->letters) - letters, "%c", HELP);
}

static const struct cli_option *option_of(int code) {
    const struct cli_option *option = cli_current->options;
    while (option->code != 0 && option->code != code)
        option++;
    return option->code == 0 ? NULL : option;
}

static bool is_long(const char *argument) {
    return strncmp(argument, "--", 2) == 0;
}

/* As it was typed; of `--word=value` without the value. */
static void remember_typed(const char *argument, int letter) {
    if (is_long(argument))
        snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(argument, "="), argument);
    else
        snprintf(typed, sizeof(typed), "-%c", letter);
}

static void complain_of_unknown(const char *argument) {
    const char *words[OPTIONS_MAX + 1] = {"help"};
    size_t count = 1;
    for (const struct cli_option *option = cli_current->options; option->code != 0; option++)
        if (option->word != NULL)
            words[count++] = option->word;
    const char *meant = is_long(argument) ? nearest_word(typed + 2, words, count) : NULL;
    if (meant != NULL)
        cli_complain("%s is not an option of this command: did you mean --%s?", typed, meant);
    else
        cli_complain("%s is not an option of this command", typed);
}

static void complain_of_problem(int problem, const char *argument) {
    const struct cli_option *option = option_of(optopt);
    remember_typed(argument, optopt);
    if (problem == ':')
        cli_complain("%s needs a value: %s %s", typed, typed, option == NULL ? "VALUE" : option->value);
    else if (option != NULL && option->value == NULL && is_long(argument) && strchr(argument, '=') != NULL)
        cli_complain("%s takes no value", typed);
    else
        complain_of_unknown(argument);
}

static void add_operand(struct cli_arguments *arguments, char *operand) {
    arguments->operands[arguments->count++] = operand;
}

/* The arguments from here on. */
static void add_rest(struct cli_arguments *arguments, char **rest) {
    while (*rest != NULL)
        add_operand(arguments, *rest++);
}

static bool is_end_of_options(const char *argument) {
    return strcmp(argument, "--") == 0;
}

/* Which argument getopt_long(3) has just looked at, in which several letters may be. */
static char *looked_at(char **argv, int before) {
    return argv[before > 0 ? before : 1];
}

static _Noreturn void help_and_exit(void) {
    cli_help();
    int status = fflush(stdout) == 0 && !ferror(stdout) ? CLI_GOOD : CLI_BAD;
    exit(status); // NOLINT(concurrency-mt-unsafe): there is one thread
}

bool cli_read(int argc, char **argv, bool (*take)(void *context, int code, const char *value), void *context,
              struct cli_arguments *arguments) {
    struct getopt_tables tables = {0};
    *arguments = (struct cli_arguments){.operands = memory_zeroed((size_t)argc + 1, sizeof(char *))};
    make_tables(&tables);
    opterr = 0;
    optind = 0;               /* start over, and read the `-` or `+` of the letters */
    const char *value = NULL; /* of the last option */
    for (int before = 1;;) {
        optopt = 0;
        int code = getopt_long(argc, argv, tables.letters, tables.words, NULL); // NOLINT(concurrency-mt-unsafe)
        char *argument = looked_at(argv, before);
        before = optind;
        if (code == -1)
            break;
        if (code == '?' || code == ':') {
            complain_of_problem(code, argument);
            return false;
        }
        if (code == 1) {
            add_operand(arguments, optarg);
            continue;
        }
        if (code == HELP)
            help_and_exit();
        remember_typed(argument, code);
        value = optarg;
        if (!take(context, code, value))
            return false;
    }
    bool ended = optind > 1 && argv[optind - 1] != value && is_end_of_options(argv[optind - 1]);
    if (ended && cli_current->operands == CLI_OPERANDS_PROGRAM)
        arguments->program = argv + optind;
    else
        add_rest(arguments, argv + optind);
    return true;
}

void cli_arguments_free(struct cli_arguments *arguments) {
    free(arguments->operands);
    *arguments = (struct cli_arguments){0};
}
