#include <stdio.h>
#include <stdlib.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/programs/library.h"
#include "originbypass/command/run/run_settings.h"

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

static int print_environment(const struct run_settings *settings) {
    run_settings_export(settings);
    char *library = run_settings_check(settings) ? library_find_loadable() : NULL;
    if (library == NULL)
        return CLI_BAD;
    char *preload = library_preload(library);
    run_settings_each(settings, print_export);
    print_export("LD_PRELOAD", preload);
    free(preload);
    free(library);
    return CLI_GOOD;
}

static int run(int argc, char **argv) {
    struct run_settings settings = {0};
    int option = cli_option(argc, argv, RUN_SETTINGS_LETTERS, NULL);
    while (run_settings_read_option(&settings, option))
        option = cli_option(argc, argv, RUN_SETTINGS_LETTERS, NULL);
    int status = option == -1 && optind == argc ? print_environment(&settings) : cli_usage();
    run_settings_free(&settings);
    return status;
}

const struct cli_command cli_env = {
    .name = "env",
    .summary = "Print what run would set, as commands for a shell",
    .usage = "[-H HOSTS] [-u UPSTREAMS] [-c FILE] [-v|-q]",
    .help = "Prints an export command for each variable that run would set with these\n"
            "options, LD_PRELOAD among them. eval \"$(originbypass env -H cdn.example.com)\"\n"
            "puts the library into every program that the shell starts afterwards.\n"
            "\n"
            "Options:\n" RUN_SETTINGS_HELP "\n"
            "Exit status: 0; 1 if run would run nothing, and nothing is printed; 2 for a wrong\n"
            "command line.\n",
    .run = run,
};
