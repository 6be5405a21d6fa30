#ifndef ORIGINBYPASS_COMMAND_BASE_LOG_FILE_H
#define ORIGINBYPASS_COMMAND_BASE_LOG_FILE_H

/**
 * Why a program of this user, in here, would lose its messages, to be put behind the log file's path; NULL: it would
 * not. Nothing is created, and nothing written.
 */
const char *log_file_fault(const char *path);

#endif
