#ifndef ORIGINBYPASS_CONFIG_SOURCE_H
#define ORIGINBYPASS_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/config/file.h"
#include "originbypass/config/set_file.h"

/** The variables that say how we work, each set or not. */
enum config_variable {
    CONFIG_VARIABLE_HOSTS,
    CONFIG_VARIABLE_UPSTREAMS,
    CONFIG_VARIABLE_FILE,
    CONFIG_VARIABLE_LOG_LEVEL,
    CONFIG_VARIABLE_LOG_FILE,
    CONFIG_VARIABLE_METRICS,
    CONFIG_VARIABLE_DISABLED,
    CONFIG_OWN_VARIABLES,                                   /**< the number of those that are only ours */
    CONFIG_VARIABLE_PLAIN_LOG_LEVEL = CONFIG_OWN_VARIABLES, /**< `LOG_LEVEL`, which belongs to everybody */
    CONFIG_VARIABLES,
};

/** Memory of a source. */
struct config_mapping {
    void *memory; /**< NULL: none */
    size_t size;
};

/** What a configuration is made from, as it was when it was read. All zeros: nothing. */
struct config_source {
    const char *variables[CONFIG_VARIABLES]; /**< values without white space at their end; NULL: not set, or empty */
    const char *file;                        /**< the configuration file's path; NULL: none */
    const char *place;                       /**< where it is looked for, there or not; NULL: nowhere */
    struct config_stamp stamp;               /**< of that place, just before */
    const char *fault;                       /**< why the file could not be read, a static text; NULL: it was, if any */
    const char *text;                        /**< the file's octets, then a newline and NUL; NULL: none */
    size_t size;                             /**< of the text, less newline and NUL */
    struct config_set_file *set_files;       /**< the files of prefixes that the text names */
    struct config_mapping environment;       /**< copies of the variables */
    struct config_mapping octets;            /**< the file's */
};

/** The variable's name, such as `ORIGIN_BYPASS_HOSTS`. */
const char *config_variable_name(enum config_variable variable);

/**
 * How much of a variable's value counts: without the white space at its end, which is where a file with lines of
 * Windows leaves a carriage return. 0: as if it were not set, which NULL is.
 */
size_t config_variable_length(const char *value);

/** Read the value of ORIGIN_BYPASS_DISABLED, or NULL. False: its word means neither yes nor no. */
bool config_source_is_disabled(const char *value, bool *disabled);

/**
 * Read the environment (secure_getenv(3)), the octets of the file that ORIGIN_BYPASS_CONFIG_FILE names, or else of
 * `default_file` where it exists, and those of the files of prefixes that it names. In secure mode (preload/README.md,
 * rule 12) the environment counts as empty, and the file is refused if anybody but root can write it. Memory comes from
 * mmap(2) only; no descriptor stays open. `default_file` is not copied. errno may change.
 *
 * Returns false, and an empty source, where there is nothing to configure: neither hosts nor a file, or
 * ORIGIN_BYPASS_DISABLED says so, or there is no memory.
 */
bool config_source_read(struct config_source *source, const char *default_file, bool secure);

/** Read one file and no variable; the path is not copied. Returns false where there is no memory; a file that cannot
 * be read is a fault. */
bool config_source_read_file(struct config_source *source, const char *path);

/**
 * Take our variables out of the environment, as the loader does with its own in secure mode (ld.so(8)): a program that
 * ignores them there would hand them on to its children, which may run with its rights and not in secure mode. Called
 * at load.
 */
void config_source_clear_environment(void);

/**
 * Read the files as they are now, with the variables of `before`: a program may have changed its environment. Counted
 * are files of root and of the user at load alone (CONFIG_TRUST_USER), in secure mode root's. Else as
 * config_source_read().
 */
bool config_source_read_again(struct config_source *source, const struct config_source *before,
                              const char *default_file, bool secure);

/** What has become of the files of a source. */
enum config_source_state {
    CONFIG_SOURCE_CURRENT,  /**< nothing, or the configuration file is gone */
    CONFIG_SOURCE_CHANGING, /**< one was changed just now: its writer may still be at it */
    CONFIG_SOURCE_CHANGED,
};
enum config_source_state config_source_state(const struct config_source *source);

/** Whether two sources say the same, in the same files. */
bool config_source_equals(const struct config_source *a, const struct config_source *b);

/** A number that two sources share if their files say the same, and by chance alone if not. 0: there is no file. */
uint64_t config_source_digest(const struct config_source *source);

/** Give the memory back. */
void config_source_release(struct config_source *source);

#endif
