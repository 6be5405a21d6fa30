#ifndef ORIGINBYPASS_COMMAND_SYSTEM_FILE_EDIT_H
#define ORIGINBYPASS_COMMAND_SYSTEM_FILE_EDIT_H

#include <stdbool.h>
#include <sys/stat.h>

/**
 * A file of text that is changed as a whole: whoever reads it, and whenever this process or the machine ends, sees the
 * old text or the new one. From beginning to end no other edit of a file in its directory begins.
 */
struct file_edit {
    char *path;       /**< without symbolic links: the file that they lead to is changed, and they stay */
    char *text;       /**< as it is; empty, where there is no such file */
    bool exists;      /**< whether there is one */
    struct stat file; /**< and its mode and owner, which stay */
    int directory;
};

/** Read the file, which may be missing. False after a complaint. file_edit_end() comes after it in either case. */
bool file_edit_begin(struct file_edit *edit, const char *path);

/**
 * Put a text in its place, and on the disk: a new file in the same directory is renamed over it, with the same mode and
 * owner (0644, where there was none). An empty text takes the file away. False after a complaint: nothing has changed.
 */
bool file_edit_replace(const struct file_edit *edit, const char *text);

void file_edit_end(struct file_edit *edit);

#endif
