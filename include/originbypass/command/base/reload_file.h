#ifndef ORIGINBYPASS_COMMAND_BASE_RELOAD_FILE_H
#define ORIGINBYPASS_COMMAND_BASE_RELOAD_FILE_H

/**
 * Find out why running programs of this user do not accept a change of a configuration file, although they accept the
 * file when they start. Returns a static text; NULL: they accept the change, or the file cannot be read at all.
 * Thread-safe.
 */
const char *reload_file_fault(const char *path);

#endif
