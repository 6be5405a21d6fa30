#include "originbypass/command/system/file_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/file_text.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"

static bool complain_of_file(const char *path, const char *what) {
    cli_complain("%s: %s: %s", path, what, strerror(errno)); // NOLINT(concurrency-mt-unsafe): there is one thread
    return false;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool open_directory(struct file_edit *edit) {
    char *directory = memory_text(edit->path);
    strrchr(directory, '/')[1] = '\0';
    edit->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool locked = edit->directory >= 0 && flock(edit->directory, LOCK_EX) == 0;
    if (!locked)
        complain_of_file(directory, "cannot be opened and locked");
    free(directory);
    return locked;
}

/* The file is read only now, when nobody else can edit it. */
static bool read_edited(struct file_edit *edit) {
    size_t size = 0;
    edit->exists = stat(edit->path, &edit->file) == 0;
    if (!edit->exists) {
        edit->text = memory_text("");
        return errno == ENOENT || complain_of_file(edit->path, "cannot be looked at");
    }
    if (!S_ISREG(edit->file.st_mode)) {
        cli_complain("%s: is not a regular file", edit->path);
        return false;
    }
    edit->text = file_text(edit->path, &size);
    if (edit->text == NULL)
        return complain_of_file(edit->path, "cannot be read");
    if (strlen(edit->text) == size)
        return true;
    cli_complain("%s: is not a text file: it contains a NUL byte", edit->path);
    return false;
}

bool file_edit_begin(struct file_edit *edit, const char *path) {
    struct stat link;
    *edit = (struct file_edit){.directory = -1};
    edit->path = realpath(path, NULL);
    if (edit->path == NULL && errno == ENOENT && lstat(path, &link) != 0)
        edit->path = memory_text(path);
    if (edit->path == NULL)
        return complain_of_file(path, "cannot be found");
    return open_directory(edit) && read_edited(edit);
}

void file_edit_end(struct file_edit *edit) {
    if (edit->directory >= 0)
        close(edit->directory);
    free(edit->text);
    free(edit->path);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static bool write_text(int descriptor, const char *text) {
    for (size_t left = strlen(text); left > 0;) {
        ssize_t written = write(descriptor, text, left);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            text += written;
            left -= (size_t)written;
        }
    }
    return true;
}

static bool fill_new_file(const struct file_edit *edit, int descriptor, const char *text) {
    bool good = write_text(descriptor, text) &&
                (!edit->exists || fchown(descriptor, edit->file.st_uid, edit->file.st_gid) == 0) &&
                fchmod(descriptor, edit->exists ? edit->file.st_mode & 07777 : 0644) == 0 && fsync(descriptor) == 0;
    int error = errno;
    bool closed = close(descriptor) == 0;
    if (!good)
        errno = error;
    return good && closed;
}

/* If somebody has mounted a file over it (a container's volume), the mount keeps the name in use. */
static bool complain_of_place(const struct file_edit *edit, const char *what) {
    if (errno != EBUSY)
        return complain_of_file(edit->path, what);
    cli_complain("%s: is mounted by itself, so that it cannot be replaced: change the file that it is mounted from, "
                 "outside of this container, or unmount it; nothing has been changed",
                 edit->path);
    return false;
}

static bool write_beside(const struct file_edit *edit, const char *beside, const char *text) {
    /* Remove what an edit that was killed may have left. */
    (void)unlinkat(edit->directory, beside, 0);
    int descriptor = openat(edit->directory, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor >= 0 && fill_new_file(edit, descriptor, text))
        return true;
    complain_of_file(edit->path, "cannot be replaced: a new file beside it");
    if (descriptor >= 0)
        (void)unlinkat(edit->directory, beside, 0);
    return false;
}

static bool put_in_place(const struct file_edit *edit, const char *name, const char *text) {
    char *beside = text_format(".%s.originbypass", name);
    bool good = write_beside(edit, beside, text);
    if (good && renameat(edit->directory, beside, edit->directory, name) != 0) {
        good = complain_of_place(edit, "cannot be replaced");
        (void)unlinkat(edit->directory, beside, 0);
    }
    free(beside);
    return good;
}

bool file_edit_replace(const struct file_edit *edit, const char *text) {
    const char *name = strrchr(edit->path, '/') + 1;
    if (text[0] != '\0' && !put_in_place(edit, name, text))
        return false;
    if (text[0] == '\0' && edit->exists && unlinkat(edit->directory, name, 0) != 0)
        return complain_of_place(edit, "cannot be removed");
    /* The change is done. The fsync(2) only matters if the machine crashes, and not every file system supports it. */
    (void)fsync(edit->directory);
    return true;
}
