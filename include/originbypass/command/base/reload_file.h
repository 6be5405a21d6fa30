#ifndef ORIGINBYPASS_COMMAND_BASE_RELOAD_FILE_H
#define ORIGINBYPASS_COMMAND_BASE_RELOAD_FILE_H

/**
 * Why running programs of this user do not accept a change of a configuration file, although they accept the file when
 * they start: a static text. NULL: they accept it, or the file cannot be read at all. Thread-safe.
 */
const char *reload_file_fault(const char *path);

#endif
