#ifndef ORIGINBYPASS_COMMAND_BASE_CLI_H
#define ORIGINBYPASS_COMMAND_BASE_CLI_H

#include <stdbool.h>
#include <stddef.h>

/** How `originbypass` exits, unless a subcommand's help says otherwise. */
enum cli_status {
    CLI_GOOD = 0,
    CLI_BAD = 1,   /**< the checked thing is bad, or could not be read */
    CLI_USAGE = 2, /**< the command line is wrong */
};

/** An option. The parser and the help text are both made from this, so they cannot differ. */
struct cli_option {
    int code;            /**< its letter; from CLI_WORD_ONLY on: it has no letter */
    const char *word;    /**< without dashes; NULL: it has only a letter */
    const char *value;   /**< what its value is called in the help, such as FILE; NULL: it takes none */
    const char *meaning; /**< for the help, with the default; one text, which the help wraps */
};

#define CLI_WORD_ONLY 256

/* The options that mean the same in every subcommand that has them. */
#define CLI_HOST                                                                                                       \
    { 'H', "host", "HOSTS", "host rules, separated by commas or blanks (ORIGIN_BYPASS_HOSTS); may be repeated" }
#define CLI_UPSTREAM                                                                                                   \
    { 'u', "upstream", "UPSTREAMS", "external DNS servers, likewise (ORIGIN_BYPASS_UPSTREAMS)" }
#define CLI_CONFIG                                                                                                     \
    { 'c', "config", "FILE", "configuration file (ORIGIN_BYPASS_CONFIG_FILE)" }
/* The three that choose a configuration. */
#define CLI_SETTINGS CLI_HOST, CLI_UPSTREAM, CLI_CONFIG
#define CLI_JSON                                                                                                       \
    { 'j', "json", NULL, "write one JSON document with the same" }
#define CLI_VERBOSE                                                                                                    \
    {                                                                                                                  \
        'v', "verbose", NULL,                                                                                          \
            "write what is resolved (ORIGIN_BYPASS_LOG_LEVEL=info); twice: also what comes from the cache (debug)"     \
    }
#define CLI_QUIET                                                                                                      \
    { 'q', "quiet", NULL, "write no messages and no warnings (ORIGIN_BYPASS_LOG_LEVEL=none)" }
#define CLI_END                                                                                                        \
    { 0, NULL, NULL, NULL }

/** What an exit status means, for the help. */
struct cli_exit {
    int status;
    const char *meaning; /**< NULL: this is the end of the list */
};

/* In the same words everywhere. */
#define CLI_EXIT_USAGE                                                                                                 \
    { CLI_USAGE, "usage error: the command line is wrong" }
#define CLI_EXIT_END                                                                                                   \
    { 0, NULL }

/** What may follow the options. */
enum cli_operands {
    CLI_OPERANDS_MIXED,   /**< operands and options in any order; after `--` only operands */
    CLI_OPERANDS_PROGRAM, /**< the same, but after `--` comes a program with its arguments */
    CLI_OPERANDS_COMMAND, /**< the first operand is a program: what follows it belongs to the program */
};

/** One subcommand. Each is defined in a file of its own below preload/command, which has the subcommand's name. */
struct cli_command {
    const char *name;
    const char *summary; /**< one line, for the list of subcommands */
    const char *usage;   /**< what follows the name: one form per line */
    const char *help;    /**< what it does: whole lines of at most 80 columns */
    const char *example; /**< one command line */
    enum cli_operands operands;
    const struct cli_option *options; /**< ends with CLI_END; --help is not among them */
    const struct cli_exit *exits;     /**< ends with CLI_EXIT_END */
    /**
     * Run it. argv[0] is its name. Returns the exit status. Results go to standard
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

/** A command line without its options. cli_arguments_free() frees it; the texts are those of argv. */
struct cli_arguments {
    size_t count;
    char **operands; /**< ends with NULL */
    char **program;  /**< for CLI_OPERANDS_PROGRAM: what follows `--`, ends with NULL; NULL: there is no `--` */
};

/**
 * Read the options of a command line, and collect the rest. `take` is called for each option, in their order, with its
 * value if it has one; it returns false after a complaint if the value is wrong. Returns false after a complaint about
 * an option that is unknown (with the nearest one that exists), lacks its value or has one that it does not take. Then,
 * and if the operands are wrong, the command returns cli_usage(). Not thread-safe.
 */
bool cli_read(int argc, char **argv, bool (*take)(void *context, int code, const char *value), void *context,
              struct cli_arguments *arguments);
void cli_arguments_free(struct cli_arguments *arguments);

/** The option that `take` is called for, as it was typed: `-u` or `--upstream`. */
const char *cli_typed(void);

/** Write an error to standard error: `originbypass NAME: …` and a newline. */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Write the usage of the command to standard error, after a complaint. Returns CLI_USAGE. */
int cli_usage(void);

/** Write the help of the command to standard output. */
void cli_help(void);

#endif
