/* Finds where running processes keep their counters: a process has its file mapped. */
#include "originbypass/command/stats/stats_mapped.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/programs/proc_file.h"
#include "originbypass/metrics/counters_file.h"

static void add_directory(struct stats_directories *directories, const char *path) {
    for (size_t i = 0; i < directories->count; i++)
        if (strcmp(directories->paths[i], path) == 0)
            return;
    directories->paths = memory_resize(directories->paths, directories->count + 1, sizeof(directories->paths[0]));
    directories->paths[directories->count++] = memory_text(path);
}

/* `START-END PERMISSIONS OFFSET DEVICE INODE`: the last word before the path, which `path` points to. */
static unsigned long inode_before(const char *line, const char *path) {
    const char *at = path;
    while (at > line && at[-1] == ' ')
        at--;
    while (at > line && at[-1] != ' ')
        at--;
    return strtoul(at, NULL, 10);
}

/* Changes the line. A process in another container may have another file at this path. */
static void look_at_map(struct stats_directories *directories, char *line) {
    struct counters_identity identity;
    struct stat status;
    char *path = strchr(line, '/'), *slash = strrchr(line, '/');
    if (path == NULL || path == slash || !counters_file_parse_name(slash + 1, &identity) || stat(path, &status) != 0 ||
        status.st_ino != inode_before(line, path))
        return;
    *slash = '\0';
    add_directory(directories, path);
}

static void look_at_maps(struct stats_directories *directories, const char *pid) {
    char *maps = proc_file_text(pid, "maps", NULL), *rest = maps;
    if (maps != NULL && strstr(maps, "/liboriginbypass.so") != NULL)
        for (char *line; (line = strsep(&rest, "\n")) != NULL;)
            look_at_map(directories, line);
    free(maps);
}

struct stats_directories stats_mapped_directories(void) {
    struct stats_directories directories = {0};
    const struct dirent *entry;
    DIR *processes = opendir("/proc");
    while (processes != NULL && (entry = readdir(processes)) != NULL) // NOLINT(concurrency-mt-unsafe): one thread
        if (isdigit((unsigned char)entry->d_name[0]))
            look_at_maps(&directories, entry->d_name);
    if (processes != NULL)
        closedir(processes);
    return directories;
}

void stats_directories_free(struct stats_directories *directories) {
    for (size_t i = 0; i < directories->count; i++)
        free(directories->paths[i]);
    free(directories->paths);
    *directories = (struct stats_directories){0};
}
