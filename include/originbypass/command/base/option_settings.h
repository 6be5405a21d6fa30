#ifndef ORIGINBYPASS_COMMAND_BASE_OPTION_SETTINGS_H
#define ORIGINBYPASS_COMMAND_BASE_OPTION_SETTINGS_H

#include <stdbool.h>

/** The library's settings as options of the command line (CLI_HOST and so on). All zeros: none. */
struct option_settings {
    char *hosts;                               /**< -H, joined if it is given more than once */
    char *upstreams;                           /**< -u, joined in the same way */
    char *file;                                /**< -c, as an absolute path */
    bool quiet;                                /**< -q */
    int verbosity;                             /**< how often -v was given */
    bool is_auto;                              /**< nothing gives hosts, and `auto` is used */
    char hosts_typed[16], upstreams_typed[16]; /**< `-H` or `--host`, for errors */
};

/** Take an option with its value. False: it is not one of these. */
bool option_settings_take(struct option_settings *settings, int code, const char *value);

/** Where neither an option nor a variable nor the default file configures anything: set the hosts to `auto`. */
void option_settings_use_auto(struct option_settings *settings);

/** Put the settings into the environment as the library's variables. True: this has changed the environment. */
bool option_settings_export(const struct option_settings *settings);

/**
 * The same for a command that uses the library's parts itself. These read the environment when the command was loaded.
 * So if the environment changes, the command starts itself again with the same arguments, and then finds nothing to
 * change. Returns false after a complaint if a value is wrong or the command cannot be started again.
 */
bool option_settings_apply(const struct option_settings *settings, int argc, char **argv);

/**
 * Check that a program could run with the environment as it is now: a variable or a readable file gives a host, and the
 * values of the options are right. Says at level info that `auto` is used. Returns false after complaints.
 */
bool option_settings_check(const struct option_settings *settings);

/** Call `visit` for each variable that the options set. */
void option_settings_each(const struct option_settings *settings, void (*visit)(const char *name, const char *value));

void option_settings_free(struct option_settings *settings);

#endif
