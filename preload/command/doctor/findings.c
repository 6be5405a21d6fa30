#include "originbypass/command/doctor/findings.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/document.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/style.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/base/wrap.h"

enum { KINDS = FINDING_CAUSE + 1, INDENT = 6 };

static const struct {
    const char *word;
    enum style style;
} KIND[KINDS] = {
    [FINDING_GOOD] = {"good", STYLE_GOOD},
    [FINDING_NOTE] = {"note", STYLE_NOTE},
    [FINDING_BAD] = {"bad", STYLE_BAD},
    [FINDING_CAUSE] = {"bad", STYLE_BAD},
};

/* A finding that waits for the end of the report. */
struct waiting {
    enum finding_kind kind;
    char *check, *about, *remedy, *text;
    bool written;
};

static struct findings_style style;
static size_t counts[KINDS];
static struct waiting *waiting;
static size_t waiting_count;

void findings_begin(const struct findings_style *wanted) {
    style = *wanted;
    if (!style.json)
        return;
    document_begin_object(NULL);
    document_begin_array("findings");
}

/* --- one finding -------------------------------------------------------------------------------------------------- */

static void write_json(const struct finding *finding, const char *text) {
    document_begin_object(NULL);
    document_text("verdict", KIND[finding->kind].word);
    document_text("check", finding->check);
    document_text("about", finding->about);
    document_text("finding", text);
    document_text("remedy", finding->remedy);
    document_end();
}

static const char *full_stop(const char *text) {
    size_t length = strlen(text);
    return length > 0 && text[length - 1] == '?' ? "" : ".";
}

/* A terminal has the remedy in a paragraph of its own; a file or pipe has one line for each finding. */
static void write_line(const struct finding *finding, const char *text, bool with_remedy) {
    size_t width = wrap_width(stdout);
    const char *remedy = with_remedy ? finding->remedy : NULL;
    bool same_line = remedy != NULL && width == 0;
    char *line = text_format("%s: %s%s%s%s%s", finding->about, text, full_stop(text), same_line ? " " : "",
                             same_line ? remedy : "", same_line ? full_stop(remedy) : "");
    char *shown = text_escape(line);
    enum style colour = KIND[finding->kind].style;
    printf("%s%-4s%s  ", style_begin(stdout, colour), KIND[finding->kind].word, style_end(stdout, colour));
    wrap_print(stdout, shown, INDENT, INDENT, width);
    free(shown);
    free(line);
    if (remedy == NULL || same_line)
        return;
    line = text_format("%s.", remedy);
    shown = text_escape(line);
    printf("%*s", INDENT, "");
    wrap_print(stdout, shown, INDENT, INDENT, width);
    free(shown);
    free(line);
}

static void write_finding(const struct finding *finding, const char *text, bool with_remedy) {
    if (style.only_bad && finding->kind < FINDING_BAD)
        return;
    if (style.json)
        write_json(finding, text);
    else
        write_line(finding, text, with_remedy);
    fflush(stdout); /* the next check may take seconds */
}

/* --- findings that wait ------------------------------------------------------------------------------------------- */

static void keep(const struct finding *finding, char *text) {
    waiting = memory_resize(waiting, waiting_count + 1, sizeof(waiting[0]));
    waiting[waiting_count++] = (struct waiting){
        .kind = finding->kind,
        .check = memory_text(finding->check),
        .about = memory_text(finding->about),
        .remedy = finding->remedy == NULL ? NULL : memory_text(finding->remedy),
        .text = text,
    };
}

static void write_waiting(struct waiting *one, bool with_remedy) {
    struct finding finding = {one->kind, one->check, one->about, one->remedy};
    if (!one->written)
        write_finding(&finding, one->text, with_remedy);
    one->written = true;
}

static bool same_remedy(const struct waiting *one, const struct waiting *other) {
    return one->kind >= FINDING_BAD && other->kind >= FINDING_BAD && one->remedy != NULL && other->remedy != NULL &&
           strcmp(one->remedy, other->remedy) == 0;
}

/*
 * Writes the findings in the order in which they were found, except that those with the same remedy follow each other.
 */
static void write_kind(enum finding_kind kind) {
    for (size_t i = 0; i < waiting_count; i++) {
        if (waiting[i].kind != kind || waiting[i].written)
            continue;
        write_waiting(&waiting[i], true);
        for (size_t j = 0; j < waiting_count; j++)
            if (same_remedy(&waiting[i], &waiting[j]))
                write_waiting(&waiting[j], false);
    }
}

static void forget_waiting(void) {
    for (size_t i = 0; i < waiting_count; i++) {
        free(waiting[i].check);
        free(waiting[i].about);
        free(waiting[i].remedy);
        free(waiting[i].text);
    }
    free(waiting);
    waiting = NULL;
    waiting_count = 0;
}

/* --- the report --------------------------------------------------------------------------------------------------- */

void findings_tell(const struct finding *finding, const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    memory_checked(length < 0 ? NULL : text);
    counts[finding->kind]++;
    if (finding->kind == FINDING_GOOD) {
        write_finding(finding, text, true);
        free(text);
    } else {
        keep(finding, text);
    }
}

size_t findings_count(enum finding_kind kind) {
    return kind < FINDING_BAD ? counts[kind] : counts[FINDING_BAD] + counts[FINDING_CAUSE];
}

static void summarise_json(int status) {
    document_end();
    document_number("good", (int64_t)findings_count(FINDING_GOOD));
    document_number("note", (int64_t)findings_count(FINDING_NOTE));
    document_number("bad", (int64_t)findings_count(FINDING_BAD));
    document_number("status", status);
    document_end();
}

void findings_end(int status) {
    write_kind(FINDING_NOTE);
    write_kind(FINDING_CAUSE);
    write_kind(FINDING_BAD);
    forget_waiting();
    size_t notes = findings_count(FINDING_NOTE);
    if (style.json)
        summarise_json(status);
    else if (!style.only_bad)
        printf("%zu good, %zu %s, %zu bad\n", findings_count(FINDING_GOOD), notes, notes == 1 ? "note" : "notes",
               findings_count(FINDING_BAD));
}
