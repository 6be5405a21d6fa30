#ifndef ORIGINBYPASS_COMMAND_BASE_LOG_FILE_H
#define ORIGINBYPASS_COMMAND_BASE_LOG_FILE_H

/**
 * Find out why a program of this user, on this machine or in this container, would lose its messages. Returns a text to
 * be put after the log file's path; NULL: the messages would not be lost. Creates and writes nothing.
 */
const char *log_file_fault(const char *path);

#endif
