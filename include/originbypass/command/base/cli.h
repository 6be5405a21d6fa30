#ifndef ORIGINBYPASS_COMMAND_BASE_CLI_H
#define ORIGINBYPASS_COMMAND_BASE_CLI_H

#include <getopt.h>

/** How `originbypass` exits, unless a subcommand's help says otherwise. */
enum cli_status {
    CLI_GOOD = 0,
    CLI_BAD = 1,   /**< the thing checked is bad, or could not be had */
    CLI_USAGE = 2, /**< the command line makes no sense */
};

/** One subcommand. Each has a file of its own in preload/command, called by its name, which defines it. */
struct cli_command {
    const char *name;
    const char *summary; /**< one line, for the list of subcommands */
    const char *usage;   /**< what follows the name, one form a line */
    const char *help;    /**< what it does, its options and exit codes: whole lines of at most 80 columns */
    /**
     * Run it: argv[0] is its name, --help has not been asked for. Returns the exit status. What it says goes to
     * standard output, what went wrong to standard error (cli_complain()); main() flushes and looks for write errors.
     */
    int (*run)(int argc, char **argv);
};

extern const struct cli_command cli_check;
extern const struct cli_command cli_env;
extern const struct cli_command cli_run;
extern const struct cli_command cli_export;
extern const struct cli_command cli_resolve;
extern const struct cli_command cli_watch;
extern const struct cli_command cli_doctor;
extern const struct cli_command cli_stats;
extern const struct cli_command cli_system;

/** The command that is running. */
extern const struct cli_command *cli_current;

/**
 * The next option as getopt_long(3) has it: -1 after the last one, and '?' after a complaint about one that is unknown
 * or lacks its argument, upon which the command returns cli_usage(). The options end with the first argument that is
 * none; `optind` is its place. `words` may be NULL. Not thread-safe.
 */
int cli_option(int argc, char **argv, const char *letters, const struct option *words);

/** Complain on standard error: `originbypass NAME: …`, a newline added. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Show how the command is used, on standard error; returns CLI_USAGE. */
int cli_usage(void);

/** Show the command's help on standard output. */
void cli_help(void);

#endif
