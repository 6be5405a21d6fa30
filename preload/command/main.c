/* originbypass: the command for operators, built from the library's own parts. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/nearest.h"
#include "originbypass/version.h"

static const struct cli_command *const COMMANDS[] = {
    &cli_run, &cli_env, &cli_resolve, &cli_check, &cli_export, &cli_watch, &cli_doctor, &cli_stats, &cli_system,
};

enum { COMMAND_COUNT = sizeof(COMMANDS) / sizeof(COMMANDS[0]) };

static void list_commands(FILE *stream) {
    fputs("Usage: originbypass COMMAND [ARGUMENT...]\n"
          "       originbypass help COMMAND\n"
          "       originbypass --version\n\n"
          "For programs that must reach an origin and not the CDN in front of it.\n\n",
          stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "    %-10s %s\n", COMMANDS[i]->name, COMMANDS[i]->summary);
    fputs("\nExample:\n  originbypass doctor https://cdn.example.com/\n"
          "\nManual pages: originbypass(1), originbypass.conf(5), liboriginbypass(7),\n"
          "originbypass-programs(7), originbypass-troubleshooting(7),\n"
          "originbypass-system(8).\n",
          stream);
}

static const struct cli_command *find_command(const char *name) {
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(COMMANDS[i]->name, name) == 0)
            return COMMANDS[i];
    return NULL;
}

static int complain_of_no_command(const char *written) {
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = COMMANDS[i]->name;
    const char *meant = nearest_word(written, names, COMMAND_COUNT);
    if (meant == NULL)
        cli_complain("there is no command '%s'; originbypass --help lists them", written);
    else
        cli_complain("there is no command '%s': did you mean %s? originbypass --help lists them all", written, meant);
    return CLI_USAGE;
}

/* What could not be written has not been reported. So a full disk must not look like success. */
static int finish_output(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    cli_complain("standard output: %s", strerror(errno)); // NOLINT(concurrency-mt-unsafe): there is one thread
    return status == CLI_GOOD ? CLI_BAD : status;
}

static int show_help(const char *name) {
    cli_current = find_command(name);
    if (cli_current == NULL)
        return complain_of_no_command(name);
    cli_help();
    return finish_output(CLI_GOOD);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        list_commands(stderr);
        return CLI_USAGE;
    }
    bool help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0;
    if (help && argc == 2) {
        list_commands(stdout);
        return finish_output(CLI_GOOD);
    }
    if (help)
        return show_help(argv[2]);
    if (strcmp(argv[1], "--version") == 0) {
        puts("originbypass " ORIGINBYPASS_VERSION);
        return finish_output(CLI_GOOD);
    }
    cli_current = find_command(argv[1]);
    if (cli_current == NULL)
        return complain_of_no_command(argv[1]);
    return finish_output(cli_current->run(argc - 1, argv + 1));
}
