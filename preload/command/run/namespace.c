#include "originbypass/command/run/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"

static bool write_octets(int descriptor, const char *text, size_t size) {
    while (size > 0) {
        ssize_t written = write(descriptor, text, size);
        if (written < 0)
            return false;
        text += written;
        size -= (size_t)written;
    }
    return true;
}

static bool write_to_path(const char *path, int flags, const char *text, size_t size) {
    int descriptor = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
    if (descriptor < 0)
        return false;
    bool written = write_octets(descriptor, text, size);
    return close(descriptor) == 0 && written;
}

/* --- a namespace of its own --------------------------------------------------------------------------------------- */

static bool has_number(const char *path, char number) {
    char digits[2] = "";
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    bool same = descriptor >= 0 && read(descriptor, digits, 2) >= 1 && digits[0] == number;
    if (descriptor >= 0)
        close(descriptor);
    return same;
}

/* What an administrator can do to permit it. */
static const char *remedy(int error) {
    if (has_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1'))
        return "; AppArmor forbids it (sysctl kernel.apparmor_restrict_unprivileged_userns), but not to root";
    if (has_number("/proc/sys/kernel/unprivileged_userns_clone", '0'))
        return "; sysctl kernel.unprivileged_userns_clone forbids it, but not to root";
    if (has_number("/proc/sys/user/max_user_namespaces", '0') || has_number("/proc/sys/user/max_mnt_namespaces", '0'))
        return "; sysctl user.max_user_namespaces or user.max_mnt_namespaces forbids it";
    if (error == EPERM || error == EACCES)
        return "; in a container it takes the capability SYS_ADMIN, or a seccomp profile and AppArmor profile that "
               "allow unshare(2) and mount(2)";
    return "";
}

static bool refused(const char *what) {
    int error = errno;
    const char *reason = strerror(error); // NOLINT(concurrency-mt-unsafe): there is one thread
    cli_complain("the system does not let the program have an /etc/hosts of its own: %s: %s%s", what, reason,
                 remedy(error));
    return false;
}

static bool write_map(const char *path, unsigned id) {
    char *line = text_format("%u %u 1\n", id, id);
    bool written = write_to_path(path, 0, line, strlen(line));
    free(line);
    return written;
}

/* A process without further rights may map only one user and one group, and must give up setgroups(2) first. */
static bool enter_as_the_same_user(void) {
    unsigned user = geteuid(), group = getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return refused("unshare");
    if (!write_to_path("/proc/self/setgroups", 0, "deny", 4) && errno != ENOENT)
        return refused("/proc/self/setgroups");
    if (!write_map("/proc/self/uid_map", user))
        return refused("/proc/self/uid_map");
    return write_map("/proc/self/gid_map", group) || refused("/proc/self/gid_map");
}

bool namespace_enter(void) {
    if (unshare(CLONE_NEWNS) != 0 && (errno != EPERM ? !refused("unshare") : !enter_as_the_same_user()))
        return false;
    return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0 || refused("mount");
}

/* --- a file of its own -------------------------------------------------------------------------------------------- */

/*
 * The working directory is the directory of the file. A file system in memory is mounted over that directory for a
 * moment. Its own file is then mounted over the file below it, which the working directory still leads to. After that,
 * the file system in memory is unmounted again.
 */
static bool cover_here(const char *directory, const char *path, const char *name, const char *text, size_t size) {
    if (mount("originbypass", directory, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755") != 0)
        return refused("mount a file system in memory");
    bool covered = write_to_path(path, O_CREAT | O_EXCL, text, size) && chmod(path, 0644) == 0 &&
                   mount(path, name, NULL, MS_BIND, NULL) == 0;
    int error = errno;
    bool uncovered = umount2(directory, MNT_DETACH) == 0;
    errno = covered ? errno : error;
    return (covered && uncovered) || refused(path);
}

static bool cover(char *path, const char *text, size_t size) {
    char *slash = strrchr(path, '/');
    int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    char *directory = slash == path ? memory_text("/") : text_format("%.*s", (int)(slash - path), path);
    bool covered = before >= 0 && chdir(directory) == 0 && cover_here(directory, path, slash + 1, text, size);
    covered = fchdir(before) == 0 && covered;
    free(directory);
    close(before);
    return covered;
}

bool namespace_cover(const char *path, const char *text, size_t size) {
    char *real = realpath(path, NULL);
    if (real == NULL) {
        cli_complain("%s: %s", path, strerror(errno)); // NOLINT(concurrency-mt-unsafe): there is one thread
        return false;
    }
    bool covered = cover(real, text, size);
    free(real);
    return covered;
}
