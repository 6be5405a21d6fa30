/* /etc/ld.so.preload: the library is entered there and taken out again. */
#include "originbypass/command/system/system_entry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/library.h"
#include "originbypass/command/programs/library_place.h"
#include "originbypass/command/programs/preload_list.h"
#include "originbypass/command/programs/program.h"
#include "originbypass/command/system/file_edit.h"
#include "originbypass/command/system/system_configuration.h"
#include "originbypass/command/system/system_preload.h"
#include "originbypass/command/system/trial.h"

static bool is_root(const char *what) {
    if (geteuid() == 0)
        return true;
    cli_complain("only root may %s %s", what, SYSTEM_FILE);
    return false;
}

/* --- what is entered ---------------------------------------------------------------------------------------------- */

/*
 * The loader expands `$`, and searches for a name without a slash. What it would find is unknown here, so such a path
 * is not treated as gone.
 */
static bool is_gone(const char *path) {
    return path[0] == '/' && strchr(path, '$') == NULL && access(path, F_OK) != 0 &&
           (errno == ENOENT || errno == ENOTDIR);
}

/* `library` may itself be missing. */
static bool is_library(const char *path, const char *library) {
    struct stat one, other;
    return library != NULL &&
           (strcmp(path, library) == 0 || (stat(path, &one) == 0 && stat(library, &other) == 0 &&
                                           one.st_dev == other.st_dev && one.st_ino == other.st_ino));
}

static void remove_library(char **text, const char *path) {
    char *rest = preload_list_without(*text, path);
    free(*text);
    *text = rest;
}

/* --- enable ------------------------------------------------------------------------------------------------------- */

/* The real path of the library; the caller must free(3) it. NULL after a complaint. */
static char *find_library(bool forced) {
    char *found = library_find(), *path = found == NULL ? NULL : realpath(found, NULL);
    if (found == NULL)
        library_complain_of_none();
    else if (path == NULL)
        cli_complain("%s: %s", found, strerror(errno)); // NOLINT(concurrency-mt-unsafe): there is one thread
    free(found);
    if (path != NULL && library_place_check(path, forced) && trial_run(path))
        return path;
    free(path);
    return NULL;
}

/*
 * The new text; the caller must free(3) it. NULL after a complaint: another copy is entered, and a program must not
 * have two.
 */
static char *text_with(const char *old, const char *library) {
    struct preload_list list = preload_list_read(old);
    char *text = memory_text(old);
    bool entered = false, other = false;
    for (size_t i = 0; i < list.count && !other; i++) {
        bool same = is_library(list.paths[i], library);
        if (!same && system_is_ours(list.paths[i]) && is_gone(list.paths[i]))
            remove_library(&text, list.paths[i]);
        else if (!same && system_is_ours(list.paths[i]))
            other = true;
        entered = entered || same;
        if (other)
            cli_complain("%s: has another copy already, %s; take it out first: ORIGIN_BYPASS_LIBRARY=%s originbypass "
                         "system disable",
                         SYSTEM_FILE, list.paths[i], list.paths[i]);
    }
    char *with = other ? NULL : entered ? memory_text(text) : preload_list_with(text, library);
    preload_list_free(&list);
    free(text);
    return with;
}

static void tell_entered(const char *library) {
    printf("%s: entered %s\n%s For those that run already: originbypass system status\n", SYSTEM_FILE, library,
           system_file_is_private() ? "Only programs whose user may read the file will have it: chmod 644 "
                                      "/etc/ld.so.preload."
                                    : "Every program that starts from now on has it.");
}

static int enter(const struct file_edit *edit, const char *library) {
    char *text = text_with(edit->text, library);
    int status = CLI_BAD;
    if (text != NULL && strcmp(text, edit->text) == 0) {
        printf("%s: %s is entered already\n", SYSTEM_FILE, library);
        status = CLI_GOOD;
    } else if (text != NULL && file_edit_replace(edit, text)) {
        tell_entered(library);
        status = CLI_GOOD;
    }
    free(text);
    return status;
}

int system_enable(bool forced) {
    if (!is_root("change"))
        return CLI_BAD;
    if (system_has_musl()) {
        cli_complain("this machine's libc is musl, whose loader does not read %s: set LD_PRELOAD for each program, as "
                     "originbypass run does; in an image, for all of its programs: ENV LD_PRELOAD=LIBRARY, or "
                     "ENTRYPOINT [\"originbypass\", \"run\", \"--\", \"PROGRAM\"]",
                     SYSTEM_FILE);
        return CLI_BAD;
    }
    char *library = system_configuration_check() ? find_library(forced) : NULL;
    if (library == NULL)
        return CLI_BAD;
    struct file_edit edit;
    int status = file_edit_begin(&edit, SYSTEM_FILE) ? enter(&edit, library) : CLI_BAD;
    if (status == CLI_GOOD)
        system_configuration_warn();
    file_edit_end(&edit);
    free(library);
    return status;
}

/* --- disable ------------------------------------------------------------------------------------------------------ */

/* The new text; the caller must free(3) it. */
static char *text_without(const char *old, const struct preload_list *list, const char *library) {
    char *text = memory_text(old);
    for (size_t i = 0; i < list->count; i++)
        if (is_library(list->paths[i], library) || (system_is_ours(list->paths[i]) && is_gone(list->paths[i])))
            remove_library(&text, list->paths[i]);
    return text;
}

static void tell_what_is_out(const struct preload_list *list, const char *text) {
    struct preload_list rest = preload_list_read(text);
    for (size_t i = 0, kept = 0; i < list->count; i++) {
        bool is_kept = kept < rest.count && strcmp(list->paths[i], rest.paths[kept]) == 0;
        kept += is_kept ? 1 : 0;
        if (!is_kept)
            printf("%s: took out %s\n", SYSTEM_FILE, list->paths[i]);
        else if (system_is_ours(list->paths[i]))
            cli_complain("%s: %s stays, another copy, which is there; for it: ORIGIN_BYPASS_LIBRARY=%s originbypass "
                         "system disable",
                         SYSTEM_FILE, list->paths[i], list->paths[i]);
    }
    preload_list_free(&rest);
}

static int leave(const struct file_edit *edit, const char *library) {
    struct preload_list list = preload_list_read(edit->text);
    char *text = text_without(edit->text, &list, library);
    bool change = strcmp(text, edit->text) != 0;
    bool good = !change || (is_root("change") && file_edit_replace(edit, text));
    if (good)
        tell_what_is_out(&list, text);
    if (!change)
        printf("%s: %s is not entered\n", SYSTEM_FILE, library == NULL ? "the library" : library);
    free(text);
    preload_list_free(&list);
    return good ? CLI_GOOD : CLI_BAD;
}

int system_disable(void) {
    struct file_edit edit;
    char *library = library_find();
    int status = file_edit_begin(&edit, SYSTEM_FILE) ? leave(&edit, library) : CLI_BAD;
    file_edit_end(&edit);
    free(library);
    return status;
}
