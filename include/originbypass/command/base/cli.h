#ifndef ORIGINBYPASS_COMMAND_BASE_CLI_H
#define ORIGINBYPASS_COMMAND_BASE_CLI_H

#include <getopt.h>

/** How `originbypass` exits, unless a subcommand's help says otherwise. */
enum cli_status {
    CLI_GOOD = 0,
    CLI_BAD = 1,   /**< the checked thing is bad, or could not be read */
    CLI_USAGE = 2, /**< the command line is wrong */
};

/** One subcommand. Each is defined in a file of its own below preload/command, which has the subcommand's name. */
struct cli_command {
    const char *name;
    const char *summary; /**< one line, for the list of subcommands */
    const char *usage;   /**< what follows the name: one form per line */
    const char *help;    /**< what it does, its options and exit codes: whole lines of at most 80 columns */
    /**
     * Run it. argv[0] is its name; --help has been handled before. Returns the exit status. Results go to standard
     * output, errors to standard error (cli_complain()). main() flushes the output and checks for write errors.
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

/** The subcommand that is running. */
extern const struct cli_command *cli_current;

/**
 * Get the next option, as getopt_long(3) does. Returns -1 after the last option. Returns '?' after a complaint about an
 * option that is unknown or lacks its argument; the command then returns cli_usage(). The options end with the first
 * argument that is not an option; `optind` is its index. `words` may be NULL. Not thread-safe.
 */
int cli_option(int argc, char **argv, const char *letters, const struct option *words);

/** Write an error to standard error: `originbypass NAME: …` and a newline. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Write the usage of the command to standard error. Returns CLI_USAGE. */
int cli_usage(void);

/** Write the help of the command to standard output. */
void cli_help(void);

#endif
