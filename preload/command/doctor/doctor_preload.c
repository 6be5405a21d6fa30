#include "originbypass/command/doctor/doctor_preload.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "originbypass/command/base/file_text.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/programs/as_process.h"
#include "originbypass/command/programs/foreign_file.h"
#include "originbypass/command/programs/preload_fault.h"
#include "originbypass/command/programs/preload_list.h"

static const char SEPARATORS[] = " :";
static const char LIST[] = "/etc/ld.so.preload";
enum { LIST_SIZE_MAX = 1 << 20 };

static bool is_called_ours(const char *path) {
    return strstr(path, "originbypass") != NULL;
}

/* The library that is missing may be ours: by its name, or because no other one is. */
static void tell_fault(const char *about, const char *path, const char *fault, bool has_ours) {
    bool ours = is_called_ours(path) || !has_ours;
    findings_tell(&(struct finding){ours ? FINDING_CAUSE : FINDING_NOTE, "preload", about, preload_fault_remedy(fault)},
                  "LD_PRELOAD names %s, which the loader ignores: %s", path, fault);
}

/* Meant as one path, though the loader takes it for several. */
static bool is_one_file(const char *pid, const char *value) {
    if (strpbrk(value, SEPARATORS) == NULL)
        return false;
    int descriptor = pid == NULL ? foreign_file_open(value, UINT64_MAX, NULL)
                                 : foreign_file_open_of(pid, value, 0, UINT64_MAX, NULL);
    if (descriptor >= 0)
        close(descriptor);
    return descriptor >= 0;
}

/* A name without a slash is searched for in the loader's directories, and `$` begins a word that it expands. */
static bool is_path(const char *entry) {
    return strchr(entry, '/') != NULL && strchr(entry, '$') == NULL;
}

/* In another process's root, the list of that root counts, which is not looked at. */
static bool list_has_ours(const char *pid) {
    char *text = pid == NULL ? file_text(LIST, NULL) : NULL;
    bool ours = text != NULL && is_called_ours(text);
    free(text);
    return ours;
}

static void look_at_entries(const char *pid, const char *about, const char *value, bool has_ours) {
    char *entries = memory_text(value), *rest = NULL;
    for (char *entry = strtok_r(entries, SEPARATORS, &rest); entry != NULL; entry = strtok_r(NULL, SEPARATORS, &rest)) {
        char *fault = is_path(entry) ? preload_fault(pid, entry) : NULL;
        if (fault != NULL)
            tell_fault(about, entry, fault, has_ours);
        free(fault);
    }
    free(entries);
}

void doctor_preload(const char *pid, const char *about, const char *value) {
    if (value == NULL)
        return;
    bool has_ours = is_called_ours(value) || list_has_ours(pid);
    if (is_one_file(pid, value))
        tell_fault(about, value, PRELOAD_FAULT_SEPARATOR, has_ours);
    else
        look_at_entries(pid, about, value, has_ours);
}

static void look_at_listed(const char *pid, const char *about, const char *path) {
    size_t length = strlen(path);
    bool windows = length > 0 && path[length - 1] == '\r';
    char *fault = windows         ? memory_text("its line ends with a carriage return")
                  : is_path(path) ? preload_fault(pid, path)
                                  : NULL;
    if (fault != NULL)
        findings_tell(&(struct finding){is_called_ours(path) ? FINDING_CAUSE : FINDING_NOTE, "preload", about,
                                        windows ? "Save it with Unix line endings (dos2unix)"
                                                : "Correct the path, or run originbypass system enable, which tries "
                                                  "the library and enters it"},
                      "%s%s, which the loader ignores: %s", pid == NULL ? "names " : "/etc/ld.so.preload names ", path,
                      fault);
    free(fault);
}

/* A question for as_process(). */
static const char *reading_fault(const char *path) {
    return access(path, F_OK) == 0 && access(path, R_OK) != 0 ? "its user may not read it" : NULL;
}

/* The loader of a program whose user may not read the list goes on without it and says nothing. */
static void look_at_rights(const char *pid, const char *about, const char *text) {
    char *fault = is_called_ours(text) ? as_process(pid, reading_fault, LIST) : NULL;
    if (fault != NULL)
        findings_tell(
            &(struct finding){FINDING_CAUSE, "preload", about, "chmod 644 /etc/ld.so.preload, and restart it"},
            "/etc/ld.so.preload names the library, and the loader of this process ignores it: %s", fault);
    free(fault);
}

/* For the caller to free; NULL: the file is missing, or this command may not read it. */
static char *list_text(const char *pid) {
    size_t size = 0;
    int descriptor = pid == NULL ? -1 : foreign_file_open_of(pid, LIST, 0, LIST_SIZE_MAX, NULL);
    char *text = pid == NULL ? file_text(LIST, NULL) : descriptor < 0 ? NULL : file_text_of(descriptor, &size);
    if (descriptor >= 0)
        close(descriptor);
    return text;
}

void doctor_preload_list(const char *pid) {
    char *about = pid == NULL ? memory_text(LIST) : text_format("process %s", pid), *text = list_text(pid);
    struct preload_list list = preload_list_read(text == NULL ? "" : text);
    for (size_t i = 0; i < list.count; i++)
        look_at_listed(pid, about, list.paths[i]);
    if (pid != NULL && text != NULL)
        look_at_rights(pid, about, text);
    preload_list_free(&list);
    free(text);
    free(about);
}
