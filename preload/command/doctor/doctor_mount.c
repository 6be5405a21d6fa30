/* Whether a configuration file is mounted in such a way that it never changes. */
#include "originbypass/command/doctor/doctor_mount.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/programs/proc_file.h"

/* mountinfo writes blanks, tabs, newlines and backslashes as `\` and three octal digits (proc(5)). */
static void unescape(char *text) {
    char *to = text;
    for (const char *from = text; *from != '\0'; to++) {
        bool escaped = from[0] == '\\' && from[1] != '\0' && from[2] != '\0' && from[3] != '\0';
        *to = escaped ? (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0')) : *from;
        from += escaped ? 4 : 1;
    }
    *to = '\0';
}

/* A line of mountinfo: number, parent's number, device, root within the file system, mount point, and more. */
static bool is_mount_of(char *line, const char *path, const char **root) {
    char *rest = NULL, *field = strtok_r(line, " ", &rest);
    for (int i = 1; field != NULL && i < 4; i++)
        field = strtok_r(NULL, " ", &rest);
    char *point = field == NULL ? NULL : strtok_r(NULL, " ", &rest);
    if (point == NULL)
        return false;
    unescape(point);
    *root = field;
    return strcmp(point, path) == 0;
}

static void tell_mount(const char *root, const char *file, const char *about) {
    bool sub_path = strstr(root, "/volume-subpaths/") != NULL || strstr(root, "kubernetes.io~configmap") != NULL;
    findings_tell(
        &(struct finding){FINDING_NOTE, "configuration-mount", about,
                          sub_path ? "Mount the volume's directory, without subPath"
                                   : "Mount the directory that it is in; in Kubernetes a volume without subPath"},
        "%s%sthe file itself is a mount point%s, so a new file that replaces it outside is never seen in here",
        file == about ? "" : file, file == about ? "" : ": ", sub_path ? " (subPath)" : "");
}

void doctor_mount(const char *pid, const char *path, const char *file, const char *about) {
    char *mounts = proc_file_text(pid, "mountinfo", NULL), *rest = NULL;
    const char *root = NULL;
    for (char *line = mounts == NULL ? NULL : strtok_r(mounts, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        if (is_mount_of(line, path, &root)) {
            tell_mount(root, file, about);
            break;
        }
    free(mounts);
}
