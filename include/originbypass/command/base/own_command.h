#ifndef ORIGINBYPASS_COMMAND_BASE_OWN_COMMAND_H
#define ORIGINBYPASS_COMMAND_BASE_OWN_COMMAND_H

/** The path of this command itself; the caller must free(3) it. NULL: the system does not tell it. */
char *own_command_path(void);

/** Replace this process by the same command with the same arguments. Returns only after a complaint that it failed. */
void own_command_start_again(int argc, char **argv);

#endif
