#include "originbypass/command/base/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "originbypass/command/base/text.h"

const struct cli_command *cli_current;

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

void cli_help(void) {
    print_usage(stdout);
    printf("\n%s.\n\n%s", cli_current->summary, cli_current->help);
}

static void complain_of_argument(int problem, char **argv) {
    const char *what = problem == ':' ? "needs an argument" : "is no option of this command";
    if (optopt > ' ' && optopt <= '~')
        cli_complain("-%c %s", optopt, what);
    else
        cli_complain("%s %s", argv[optind - 1], what);
}

int cli_option(int argc, char **argv, const char *letters, const struct option *words) {
    static const struct option none[] = {{0}};
    char all[64];
    /*
     * The leading `+` ends the options at the first other argument; the `:` tells a missing argument from an unknown
     * option.
     */
    snprintf(all, sizeof(all), "+:%s", letters);
    opterr = 0;
    optopt = 0;
    int option = getopt_long(argc, argv, all, words == NULL ? none : words, NULL); // NOLINT(concurrency-mt-unsafe)
    if (option != '?' && option != ':')
        return option;
    complain_of_argument(option, argv);
    return '?';
}
