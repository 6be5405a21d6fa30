#ifndef ORIGINBYPASS_CONFIG_FILE_H
#define ORIGINBYPASS_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/** The largest configuration file, and the largest file of prefixes. */
#define CONFIG_SIZE_MAX ((size_t)16 * 1024 * 1024)

/** A regular file as it was when it was opened. */
struct config_file {
    int descriptor; /**< -1: none */
    struct stat status;
};

/**
 * Open a file without waiting for anybody and without becoming anybody's terminal. Returns NULL, or why it can not be
 * read (a static text); errno is open(2)'s then, and the file is to be closed all the same. In secure mode it is
 * refused if anybody but root can write it. Thread-safe.
 */
const char *config_file_open(const char *path, bool secure, struct config_file *file);

/** The octets of an open file. */
size_t config_file_size(const struct config_file *file);

/**
 * Read the whole file into `buffer`, which has room for two octets more: a newline and NUL follow. Returns NULL, or why
 * it can not be read. Thread-safe.
 */
const char *config_file_read(const struct config_file *file, char *buffer);

void config_file_close(struct config_file *file);

#endif
