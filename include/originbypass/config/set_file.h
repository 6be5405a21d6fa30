#ifndef ORIGINBYPASS_CONFIG_SET_FILE_H
#define ORIGINBYPASS_CONFIG_SET_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/config/file.h"

/** What a configuration file writes before the absolute path of a file of prefixes. */
#define CONFIG_SET_FILE_PREFIX "file:"

/** So many files of prefixes are read for one configuration. */
#define CONFIG_SET_FILES_MAX 64

/** A file of prefixes, as it was when it was read. */
struct config_set_file {
    struct config_set_file *next;
    const char *path;
    struct config_stamp stamp; /**< just before it was read */
    const char *fault;         /**< why it could not be read, a static text; NULL: it was */
    const char *text;          /**< its octets, then a newline and NUL; NULL: none */
    size_t size;               /**< of the text, less newline and NUL */
    size_t memory_size;
};

/**
 * Read every file of prefixes that a configuration's text names in a string `"file:/PATH"`, each once. Memory comes
 * from mmap(2) only; no descriptor stays open. NULL: none is named. Files for which there is no memory, and those
 * beyond CONFIG_SET_FILES_MAX, are left out. errno may change.
 */
struct config_set_file *config_set_files_read(const char *text, size_t size, enum config_trust trust);

/** The file that was read under this path; NULL: none was. */
const struct config_set_file *config_set_files_find(const struct config_set_file *files, const char *path);

/** Give the memory back. NULL is allowed. */
void config_set_files_release(struct config_set_file *files);

#endif
