/* originbypass system status: the library of the whole machine, and which programs have it. */
#include "originbypass/command/system/system_status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/document.h"
#include "originbypass/command/base/file_text.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/style.h"
#include "originbypass/command/base/table.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/library.h"
#include "originbypass/command/programs/preload_list.h"
#include "originbypass/command/programs/running.h"
#include "originbypass/command/programs/system_loader.h"
#include "originbypass/command/system/system_preload.h"

/* An entry of the file that is a copy of the library. */
struct entry {
    char *path;
    bool exists;
    char *barring; /* the directory on the way, or the file, that not every user may read; NULL: none is known */
    char *problem; /* NULL: the loader takes it */
};

struct machine {
    bool musl, is_private; /* the file cannot be read by all users */
    char *library;         /* the one that goes with this command; NULL: none */
    size_t entry_count;
    struct entry *entries;
    struct running_list running;
    int status;
};

static const struct {
    const char *word, *text;
    enum style style;
} STATES[RUNNING_STATES] = {
    [RUNNING_HAS_IT] = {"current", "has it", STYLE_GOOD},
    [RUNNING_LACKS_IT] = {"lacking", "lacks it: restart", STYLE_NOTE},
    [RUNNING_MAY_NOT] = {"barred", "its user may not read it", STYLE_BAD},
    [RUNNING_HAS_OLD] = {"old", "has an old copy: restart", STYLE_NOTE},
    [RUNNING_HAS_LEFTOVER] = {"leftover", "still has it: restart", STYLE_NOTE},
};

/* --- looking ------------------------------------------------------------------------------------------------------ */

static bool keeps_others_out(const char *path, mode_t needed) {
    struct stat found;
    return stat(path, &found) == 0 && (found.st_mode & needed) != needed;
}

/* For a user without any rights of its own. The caller must free(3) the text. */
static char *barring_part_of(const char *path) {
    char *part = memory_text(path);
    for (char *end = path[0] == '/' ? part + 1 : NULL; end != NULL && (end = strchr(end, '/')) != NULL; end++) {
        *end = '\0';
        if (keeps_others_out(part, S_IXOTH))
            return part;
        *end = '/';
    }
    if (path[0] == '/' && keeps_others_out(part, S_IROTH))
        return part;
    free(part);
    return NULL;
}

/* The loader searches for a name without a slash, and expands `$`. */
static struct entry look_at_entry(const char *path) {
    struct entry entry = {.path = memory_text(path), .exists = true, .barring = barring_part_of(path)};
    struct stat found;
    entry.problem = system_loader_fault(path);
    if (entry.problem == NULL)
        return entry;
    entry.exists =
        path[0] != '/' || strchr(path, '$') != NULL || stat(path, &found) == 0 || (errno != ENOENT && errno != ENOTDIR);
    return entry;
}

static void look_at_file(struct machine *machine, const char *text) {
    struct preload_list list = preload_list_read(text);
    machine->entries = memory_zeroed(list.count, sizeof(machine->entries[0]));
    for (size_t i = 0; i < list.count; i++)
        if (system_is_ours(list.paths[i]))
            machine->entries[machine->entry_count++] = look_at_entry(list.paths[i]);
    preload_list_free(&list);
}

/* The library that a program gets if it is started now. The caller must free(3) the path. */
static char *library_of_new_programs(const struct machine *machine) {
    char *path = NULL;
    for (size_t i = 0; path == NULL && !machine->musl && i < machine->entry_count; i++)
        if (machine->entries[i].problem == NULL)
            path = realpath(machine->entries[i].path, NULL);
    return path;
}

static bool is_bad(const struct machine *machine) {
    for (size_t i = 0; i < machine->entry_count; i++)
        if (machine->entries[i].problem != NULL || machine->entries[i].barring != NULL)
            return true;
    return (machine->musl || machine->is_private) && machine->entry_count > 0;
}

static size_t count_barred(const struct running_list *running) {
    size_t count = 0;
    for (size_t i = 0; i < running->count; i++)
        count += running->programs[i].state == RUNNING_MAY_NOT ? 1 : 0;
    return count;
}

static size_t count_restarts(const struct running_list *running) {
    size_t count = 0;
    for (size_t i = 0; i < running->count; i++)
        count += running_needs_restart(running->programs[i].state) ? 1 : 0;
    return count;
}

static void look_at_machine(struct machine *machine, const char *text) {
    machine->musl = system_has_musl();
    machine->is_private = system_file_is_private();
    machine->library = library_find();
    look_at_file(machine, text);
    char *given = library_of_new_programs(machine);
    machine->running = running_collect(given);
    free(given);
    bool is_unknown = machine->running.unseen == RUNNING_NO_PROC;
    machine->status = is_bad(machine) || is_unknown           ? CLI_BAD
                      : count_restarts(&machine->running) > 0 ? SYSTEM_STATUS_RESTART
                                                              : CLI_GOOD;
}

static void forget(struct machine *machine) {
    for (size_t i = 0; i < machine->entry_count; i++) {
        free(machine->entries[i].path);
        free(machine->entries[i].problem);
        free(machine->entries[i].barring);
    }
    free(machine->entries);
    free(machine->library);
    running_free(&machine->running);
}

/* --- telling ------------------------------------------------------------------------------------------------------ */

static void print_status_line(enum style style, const char *about, const char *what, const char *more) {
    printf("%s", style_begin(stdout, style));
    text_print(stdout, about);
    fputs(": ", stdout);
    text_print(stdout, what);
    text_print(stdout, more);
    printf("%s\n", style_end(stdout, style));
}

static void tell_entry(const struct machine *machine, const struct entry *entry) {
    if (!entry->exists)
        print_status_line(
            STYLE_BAD, entry->path,
            "is entered and not there: every program that starts says so; originbypass system disable takes it out",
            "");
    else if (entry->barring != NULL)
        print_status_line(STYLE_BAD, entry->path,
                          "is entered, and programs whose user may not read it do not have it. Let every user read it "
                          "(chmod o+rx for a directory, chmod o+r for a file): ",
                          entry->barring);
    else if (entry->problem != NULL)
        print_status_line(STYLE_BAD, entry->path, "is entered, and the loader refuses it: ", entry->problem);
    else if (machine->musl)
        print_status_line(STYLE_BAD, entry->path,
                          "is entered, and programs do not get it: musl's loader does not read the file", "");
    else if (machine->is_private)
        print_status_line(STYLE_BAD, entry->path,
                          "is entered, and only programs whose user may read the file have it: chmod 644 ",
                          SYSTEM_FILE);
    else
        print_status_line(STYLE_GOOD, entry->path, "is entered: every program that starts has it", "");
}

static void tell_programs(const struct running_list *running) {
    static const char *const headings[] = {"PID", "PROGRAM", "LIBRARY"};
    struct table *table = table_new(3, headings);
    for (size_t i = 0; i < running->count; i++) {
        const struct running *program = &running->programs[i];
        table_add(table, STYLE_PLAIN, program->pid);
        table_add(table, STYLE_PLAIN, program->program);
        table_add(table, STATES[program->state].style, STATES[program->state].text);
    }
    putchar('\n');
    table_print(table, stdout);
    putchar('\n');
    table_free(table);
}

static void tell_machine(const struct machine *machine) {
    const struct running_list *running = &machine->running;
    size_t restarts = count_restarts(running);
    if (machine->entry_count == 0)
        print_status_line(STYLE_NOTE, SYSTEM_FILE, "the library is not entered",
                          machine->musl ? ", and musl's loader does not read the file" : "");
    for (size_t i = 0; i < machine->entry_count; i++)
        tell_entry(machine, &machine->entries[i]);
    if (running->count > 0)
        tell_programs(running);
    if (running->unseen == RUNNING_NO_PROC) {
        printf("Running programs: not known, because %s\n", running->unseen);
        return;
    }
    size_t barred = count_barred(running), good = running->count - restarts - barred;
    printf("Running programs: %zu %s it, %zu %s a restart, %zu cannot have it", good, good == 1 ? "has" : "have",
           restarts, restarts == 1 ? "needs" : "need", running->out_of_reach);
    if (barred > 0)
        printf(", %zu may not read it", barred);
    if (running->unreadable > 0)
        printf(", %zu could not be looked at (ask as root)", running->unreadable);
    if (running->unseen != NULL)
        printf(". Ask as root for the others: %s", running->unseen);
    putchar('\n');
}

/* --- as JSON ------------------------------------------------------------------------------------------------------ */

static void write_entries(const struct machine *machine) {
    document_begin_array("entries");
    for (size_t i = 0; i < machine->entry_count; i++) {
        const struct entry *entry = &machine->entries[i];
        document_begin_object(NULL);
        document_text("path", entry->path);
        document_boolean("exists", entry->exists);
        document_boolean("loads", entry->problem == NULL);
        document_text("problem", entry->problem);
        document_text("barring", entry->barring);
        document_end();
    }
    document_end();
}

static void write_programs(const struct running_list *running) {
    document_begin_array("programs");
    for (size_t i = 0; i < running->count; i++) {
        const struct running *program = &running->programs[i];
        document_begin_object(NULL);
        document_number("pid", strtoimax(program->pid, NULL, 10));
        document_text("program", program->program);
        document_text("library", program->library);
        document_text("state", STATES[program->state].word);
        document_boolean("restart", running_needs_restart(program->state));
        document_end();
    }
    document_end();
}

static void write_machine(const struct machine *machine) {
    document_begin_object(NULL);
    document_text("file", SYSTEM_FILE);
    document_boolean("musl", machine->musl);
    document_boolean("private", machine->is_private);
    document_text("library", machine->library);
    write_entries(machine);
    write_programs(&machine->running);
    document_number("out_of_reach", (int64_t)machine->running.out_of_reach);
    document_number("unreadable", (int64_t)machine->running.unreadable);
    document_text("unseen", machine->running.unseen);
    document_number("status", machine->status);
    document_end();
}

int system_status(bool json) {
    struct machine machine = {0};
    char *text = file_text(SYSTEM_FILE, NULL);
    if (text == NULL && errno != ENOENT) {
        cli_complain("%s: %s", SYSTEM_FILE, strerror(errno)); // NOLINT(concurrency-mt-unsafe): there is one thread
        return CLI_BAD;
    }
    look_at_machine(&machine, text == NULL ? "" : text);
    free(text);
    if (json)
        write_machine(&machine);
    else
        tell_machine(&machine);
    forget(&machine);
    return machine.status;
}
