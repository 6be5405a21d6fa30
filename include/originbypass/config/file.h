#ifndef ORIGINBYPASS_CONFIG_FILE_H
#define ORIGINBYPASS_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/** The largest configuration file, and the largest file of prefixes. */
#define CONFIG_SIZE_MAX ((size_t)16 * 1024 * 1024)

/** Whose files count. */
enum config_trust {
    CONFIG_TRUST_ALL,  /**< anybody's */
    CONFIG_TRUST_ROOT, /**< root's, if nobody else can write them: in secure mode (preload/README.md, rule 12) */
    CONFIG_TRUST_USER, /**< these, and likewise those of the user who started the program: for a reload */
};

/** What tells one state of a file from another (stat(2), through symbolic links). All zeros: there is none. */
struct config_stamp {
    uint64_t device, inode, size, owner, mode;
    int64_t modified_s, modified_ns, changed_s, changed_ns;
};

/** The stamp of what is at a path now; without one, errno is stat(2)'s. Thread-safe. */
struct config_stamp config_stamp_of(const char *path);
bool config_stamp_equals(const struct config_stamp *a, const struct config_stamp *b);

/** Whether there is a file. */
bool config_stamp_exists(const struct config_stamp *stamp);

/** Whether a file was changed within the last moment, and its writer may still be at it. */
bool config_stamp_is_fresh(const struct config_stamp *stamp);

/** A regular file as it was when it was opened. */
struct config_file {
    int descriptor; /**< -1: none */
    struct stat status;
    struct config_stamp stamp; /**< from before, so that no change is missed; also where the file cannot be opened, but
                                    if there is no descriptor or the like: then the file is not what has to change */
};

/**
 * Open a file without waiting for anybody and without becoming anybody's terminal. Returns NULL, or why it cannot be
 * read, or does not count (a static text); errno is stat(2)'s or open(2)'s then, and the file is to be closed all the
 * same. Where there is none, as in most processes of a whole machine, this costs one system call. Thread-safe.
 */
const char *config_file_open(const char *path, enum config_trust trust, struct config_file *file);

/** The octets of an open file. */
size_t config_file_size(const struct config_file *file);

/**
 * Read the whole file into `buffer`, which has room for two octets more: a newline and NUL follow. Returns NULL, or why
 * it cannot be read. Thread-safe.
 */
const char *config_file_read(const struct config_file *file, char *buffer);

void config_file_close(struct config_file *file);

#endif
