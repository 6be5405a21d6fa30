#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_MOUNT_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_MOUNT_H

/**
 * Report if a file is a mount point by itself, as with subPath in Kubernetes. `pid` is the process whose mounts count,
 * or `self`; `path` the file's path in there without symbolic links. The report calls it `file`, and is about `about`;
 * if these are the same pointer, it is named once.
 */
void doctor_mount(const char *pid, const char *path, const char *file, const char *about);

#endif
