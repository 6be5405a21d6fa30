#include "originbypass/command/programs/library_place.h"

#include <ctype.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/preload_list.h"

static const char INSTALL[] = "install it (make install), or enter it all the same with --force";

/* --- the path ----------------------------------------------------------------------------------------------------- */

static bool can_be_entered(const char *path) {
    if (strpbrk(path, PRELOAD_LIST_FORBIDDEN) == NULL)
        return true;
    cli_complain("%s: /etc/ld.so.preload cannot name a path with a blank, a colon, # or $; install it elsewhere", path);
    return false;
}

/* --- who may write it --------------------------------------------------------------------------------------------- */

/* In a sticky directory, only root can remove root's files (inode(7)). */
static bool is_open_to(const struct stat *file, mode_t who) {
    return (file->st_mode & who) != 0 && !(S_ISDIR(file->st_mode) && (file->st_mode & S_ISVTX) != 0);
}

static bool is_roots_alone(const char *path, bool forced) {
    struct stat file;
    if (stat(path, &file) != 0)
        cli_complain("%s: %s", path, strerror(errno)); // NOLINT(concurrency-mt-unsafe): there is one thread
    else if (file.st_uid != 0)
        cli_complain("%s belongs to user %u, who could change what every program runs; chown root %s", path,
                     file.st_uid, path);
    else if (is_open_to(&file, S_IWOTH))
        cli_complain("every user may write %s, and so change what every program runs; chmod o-w %s", path, path);
    else if (!forced && file.st_gid != 0 && is_open_to(&file, S_IWGRP))
        cli_complain("group %u may write %s, and so change what every program runs; chmod g-w %s, or enter the "
                     "library all the same with --force",
                     file.st_gid, path, path);
    else
        return true;
    return false;
}

/* Checks the file, and each directory on the way to it. */
static bool is_roots_all_the_way(const char *path, bool forced) {
    char *part = memory_text(path);
    bool good = is_roots_alone(part, forced);
    for (char *slash; good && (slash = strrchr(part, '/')) != NULL;) {
        *slash = '\0';
        good = is_roots_alone(slash == part ? "/" : part, forced);
    }
    free(part);
    return good;
}

/* --- whether it stays --------------------------------------------------------------------------------------------- */

static bool is_below(const char *path, const char *directory) {
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && path[length] == '/';
}

static const char *fleeting_directory(const char *path) {
    static const char *const directories[] = {"/home", "/root", "/tmp",   "/var/tmp", "/var/cache",
                                              "/run",  "/dev",  "/media", "/mnt"};
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
        if (is_below(path, directories[i]))
            return directories[i];
    return NULL;
}

static const char *fleeting_file_system(const char *path) {
    static const struct {
        unsigned long type;
        const char *what;
    } file_systems[] = {
        {TMPFS_MAGIC, "a file system in memory"},
        {RAMFS_MAGIC, "a file system in memory"},
        {NFS_SUPER_MAGIC, "a file system of another machine"},
        {SMB_SUPER_MAGIC, "a file system of another machine"},
        {SMB2_SUPER_MAGIC, "a file system of another machine"},
        {CIFS_SUPER_MAGIC, "a file system of another machine"},
        {FUSE_SUPER_MAGIC, "a file system that a program serves (FUSE)"},
    };
    struct statfs found;
    if (statfs(path, &found) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++)
        if ((unsigned long)found.f_type == file_systems[i].type)
            return file_systems[i].what;
    return NULL;
}

static bool has_entry(const char *directory, const char *name) {
    char *path = text_format("%s/%s", directory, name);
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

/* The directory above it that contains sources; the caller must free(3) it. */
static char *source_tree(const char *path) {
    char *directory = memory_text(path);
    for (char *slash; (slash = strrchr(directory, '/')) != NULL && slash != directory;) {
        *slash = '\0';
        if (has_entry(directory, ".git") || has_entry(directory, "Makefile"))
            return directory;
    }
    free(directory);
    return NULL;
}

static bool stays_there(const char *path) {
    const char *directory = fleeting_directory(path), *file_system = fleeting_file_system(path);
    char *sources = source_tree(path);
    if (sources != NULL)
        cli_complain("%s: is in the source tree %s, and may go away or be rebuilt; %s", path, sources, INSTALL);
    else if (directory != NULL)
        cli_complain("%s: what is below %s may go away; %s", path, directory, INSTALL);
    else if (file_system != NULL)
        cli_complain("%s: is on %s, and may go away; %s", path, file_system, INSTALL);
    bool good = sources == NULL && directory == NULL && file_system == NULL;
    free(sources);
    return good;
}

bool library_place_check(const char *path, bool forced) {
    struct stat file;
    if (!can_be_entered(path))
        return false;
    if (stat(path, &file) == 0 && !S_ISREG(file.st_mode)) {
        cli_complain("%s: not a regular file", path);
        return false;
    }
    return is_roots_all_the_way(path, forced) && (forced || stays_there(path));
}
