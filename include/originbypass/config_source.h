#ifndef ORIGINBYPASS_CONFIG_SOURCE_H
#define ORIGINBYPASS_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/config_file.h"
#include "originbypass/config_set_file.h"

/** The variables that say how we work, each set or not. */
enum config_variable {
    CONFIG_VARIABLE_HOSTS,
    CONFIG_VARIABLE_UPSTREAMS,
    CONFIG_VARIABLE_FILE,
    CONFIG_VARIABLE_LOG_LEVEL,
    CONFIG_VARIABLE_LOG_FILE,
    CONFIG_VARIABLE_METRICS,
    CONFIG_VARIABLE_DISABLED,
    CONFIG_OWN_VARIABLES,                                   /**< the number of those that are ours alone */
    CONFIG_VARIABLE_PLAIN_LOG_LEVEL = CONFIG_OWN_VARIABLES, /**< `LOG_LEVEL`, which belongs to everybody */
    CONFIG_VARIABLES,
};

/** What a configuration is made from, as it was when it was taken. All zeros: nothing. */
struct config_source {
    const char *variables[CONFIG_VARIABLES]; /**< values; NULL: not set */
    const char *file;                        /**< the configuration file's path; NULL: none */
    const char *fault;                       /**< why the file could not be read, a static text; NULL: it was, if any */
    const char *text;                        /**< the file's octets, then a newline and NUL; NULL: none */
    size_t size;                             /**< of the text, less newline and NUL */
    struct config_set_file *set_files;       /**< the files of prefixes that the text names */
    void *memory;                            /**< what config_source_release() gives back */
    size_t memory_size;
};

/** The variable's name, such as `ORIGIN_BYPASS_HOSTS`. */
const char *config_variable_name(enum config_variable variable);

/** Read the word of ORIGIN_BYPASS_DISABLED. False: it is none of those that mean yes or no. */
bool config_source_is_disabled(const char *word, bool *disabled);

/**
 * Take the environment (secure_getenv(3)), the octets of the file that ORIGIN_BYPASS_CONFIG_FILE names, or else of
 * `default_file` where it exists, and those of the files of prefixes that it names. In secure mode (DESIGN 4.10) the
 * environment counts as empty, and the file is refused if anybody but root can write it. Memory comes from mmap(2)
 * alone; no descriptor stays open. errno may change.
 *
 * Returns false, and an empty source, where there is nothing to configure: neither hosts nor a file, or
 * ORIGIN_BYPASS_DISABLED says so, or there is no memory.
 */
bool config_source_take(struct config_source *source, const char *default_file, bool secure);

/** Take one file and no variable. Returns false where there is no memory; a file that can not be read is a fault. */
bool config_source_take_file(struct config_source *source, const char *path);

/** Give the memory back. */
void config_source_release(struct config_source *source);

#endif
