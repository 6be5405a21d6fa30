#ifndef ORIGINBYPASS_CONFIG_VALUE_H
#define ORIGINBYPASS_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "originbypass/config/arena.h"
#include "originbypass/config/config.h"
#include "originbypass/config/errors.h"
#include "originbypass/config/set_file.h"
#include "originbypass/config/tree.h"

/** What is read, and whose settings they are: the company of a value on its way into the configuration. */
struct config_reader {
    struct arena *memory;  /**< of the configuration */
    struct arena *scratch; /**< given back when all is read */
    struct config_errors *errors;
    struct config *config;
    struct host_settings *settings;          /**< those that are read now: `config->general`, or one host's own */
    const char *file;                        /**< that is read; NULL: none */
    const char *variable;                    /**< that is read in its place; NULL: the file is */
    const char *host;                        /**< whose settings are read; NULL: the general ones */
    const char *group;                       /**< of settings that is read, such as "cache"; NULL: none */
    const struct config_set_file *set_files; /**< the files of prefixes that were read */
    const struct config_node *hosts;         /**< the file's `hosts`, which are read last of all */
};

/** Where a value is. */
struct config_place config_value_place(const struct config_reader *reader, const struct config_node *node);

/** Tell that a value is not what it should be; `expected` completes "expected …". */
void config_value_refuse(const struct config_reader *reader, const struct config_node *node, const char *expected);

/** Tell what is wrong with a string; `fault` continues after its quoted text. */
void config_value_fault(const struct config_reader *reader, const struct config_node *node, const char *fault);

/*
 * Each reads a value of one kind. False: it is something else, and the error is told.
 */

/** A whole number, decimal or hexadecimal, with or without `L`. */
bool config_value_number(const struct config_reader *reader, const struct config_node *node, uint32_t minimum,
                         uint32_t maximum, uint32_t *number);

bool config_value_boolean(const struct config_reader *reader, const struct config_node *node, bool *boolean);

/** One of some words; they end with NULL. `*index` gets its place among them. */
bool config_value_word(const struct config_reader *reader, const struct config_node *node, const char *const *words,
                       unsigned *index);

/** A list of strings, empty or not. */
bool config_value_strings(const struct config_reader *reader, const struct config_node *node);

/** `stderr`, or a file's absolute path. */
void config_value_log_file(struct config_reader *reader, const struct config_node *node);

void config_value_log_level(struct config_reader *reader, const struct config_node *node);

/** A directory's absolute path; empty: none. */
void config_value_metrics_directory(struct config_reader *reader, const struct config_node *node);

/** A list of upstreams into `settings->upstreams`; one given twice is kept once. */
void config_value_upstreams(struct config_reader *reader, const struct config_node *node);

#endif
