#ifndef ORIGINBYPASS_COMMAND_RUN_RUN_SETTINGS_H
#define ORIGINBYPASS_COMMAND_RUN_RUN_SETTINGS_H

#include <stdbool.h>

/** The library's settings for one program, as options of the command line. All zeros: none. */
struct run_settings {
    char *hosts;     /**< -H, joined if it is given more than once */
    char *upstreams; /**< -u, joined in the same way */
    char *file;      /**< -c, as an absolute path */
    bool quiet;      /**< -q */
    int verbosity;   /**< how often -v was given */
};

/** For cli_option(). */
#define RUN_SETTINGS_LETTERS "H:u:c:vq"

/** What these options mean, for the help texts of the commands that have them. */
#define RUN_SETTINGS_HELP                                                                                              \
    "  -H HOSTS      host rules, separated by commas or blanks (ORIGIN_BYPASS_HOSTS)\n"                                \
    "  -u UPSTREAMS  external DNS servers, likewise (ORIGIN_BYPASS_UPSTREAMS)\n"                                       \
    "  -c FILE       configuration file (ORIGIN_BYPASS_CONFIG_FILE)\n"                                                 \
    "  -v            write what is resolved; twice: also what comes from the cache\n"                                  \
    "                (ORIGIN_BYPASS_LOG_LEVEL=info, debug)\n"                                                          \
    "  -q            write nothing, no warning either (ORIGIN_BYPASS_LOG_LEVEL=none)\n"                                \
    "\n"                                                                                                               \
    "-H and -u may be given more than once. An option overrides the environment and\n"                                 \
    "must be correct. Mistakes in the environment, and in a file that it names, are\n"                                 \
    "left to the library: it reports them, and libc answers.\n"

/** Read one of the options of RUN_SETTINGS_LETTERS, with `optarg`. False: it is not one of them. */
bool run_settings_read_option(struct run_settings *settings, int option);

/** Put the settings into the environment as the library's variables. True: this has changed the environment. */
bool run_settings_export(const struct run_settings *settings);

/**
 * Check that a program could run with the environment as it is now: a variable or a readable file gives a host, and the
 * values of the options are right. Returns false after complaints.
 */
bool run_settings_check(const struct run_settings *settings);

/** Call `visit` for each variable that the options set. */
void run_settings_each(const struct run_settings *settings, void (*visit)(const char *name, const char *value));

void run_settings_free(struct run_settings *settings);

#endif
