#include <stdio.h>
#include <stdlib.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/option_settings.h"
#include "originbypass/command/programs/library.h"

/* In single quotes, only the quote that ends them has a special meaning (POSIX, Shell Command Language, 2.2.2). */
static void print_export(const char *name, const char *value) {
    printf("export %s='", name);
    for (; *value != '\0'; value++) {
        if (*value == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*value);
    }
    puts("'");
}

static int print_environment(const struct option_settings *settings) {
    option_settings_export(settings);
    char *library = option_settings_check(settings) ? library_find_loadable() : NULL;
    if (library == NULL)
        return CLI_BAD;
    char *preload = library_preload(library);
    option_settings_each(settings, print_export);
    print_export("LD_PRELOAD", preload);
    free(preload);
    free(library);
    return CLI_GOOD;
}

static bool take_option(void *context, int code, const char *value) {
    return option_settings_take(context, code, value);
}

static int run(int argc, char **argv) {
    struct option_settings settings = {0};
    struct cli_arguments arguments;
    int status = CLI_USAGE;
    bool read = cli_read(argc, argv, take_option, &settings, &arguments);
    if (read && arguments.count == 0)
        status = print_environment(&settings);
    else if (read)
        cli_complain("takes no operand, but was given %s", arguments.operands[0]);
    if (status == CLI_USAGE)
        cli_usage();
    cli_arguments_free(&arguments);
    option_settings_free(&settings);
    return status;
}

const struct cli_command cli_env = {
    .name = "env",
    .summary = "Print what run would set, as commands for a shell",
    .usage = "[OPTION...]",
    .help = "Prints an export command for each variable that run would set with these\n"
            "options, LD_PRELOAD among them. Every program that the shell starts afterwards\n"
            "then has the library.\n",
    .example = "eval \"$(originbypass env -H cdn.example.com)\"",
    .options = (const struct cli_option[]){CLI_SETTINGS, CLI_VERBOSE, CLI_QUIET, CLI_END},
    .exits = (const struct cli_exit[]){{CLI_GOOD, "success"},
                                       {CLI_BAD, "failure: run would run nothing, and nothing is printed"},
                                       CLI_EXIT_USAGE,
                                       CLI_EXIT_END},
    .run = run,
};
