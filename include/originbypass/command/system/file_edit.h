#ifndef ORIGINBYPASS_COMMAND_SYSTEM_FILE_EDIT_H
#define ORIGINBYPASS_COMMAND_SYSTEM_FILE_EDIT_H

#include <stdbool.h>
#include <sys/stat.h>

/**
 * A text file that is replaced as a whole. At any time, even if this process or the machine stops, a reader sees either
 * the old text or the new one. Between file_edit_begin() and file_edit_end(), no other edit of a file in the same
 * directory can begin.
 */
struct file_edit {
    char *path;       /**< without symbolic links: the file that they lead to is changed, and the links stay */
    char *text;       /**< as it is now; empty if there is no such file */
    bool exists;      /**< whether there is such a file */
    struct stat file; /**< its mode and owner, which are kept */
    int directory;
};

/** Read the file, which may be missing. Returns false after a complaint. Call file_edit_end() in both cases. */
bool file_edit_begin(struct file_edit *edit, const char *path);

/**
 * Replace the file's text, on the disk too: a new file in the same directory is renamed over it, with the same mode and
 * owner (0644 if there was no file). If the text is empty, the file is removed. Returns false after a complaint; then
 * nothing has changed.
 */
bool file_edit_replace(const struct file_edit *edit, const char *text);

void file_edit_end(struct file_edit *edit);

#endif
