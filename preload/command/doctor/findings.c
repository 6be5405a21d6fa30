#include "originbypass/command/doctor/findings.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "originbypass/command/base/document.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/style.h"
#include "originbypass/command/base/text.h"

enum { KINDS = FINDING_BAD + 1 };

static const struct {
    const char *word;
    enum style style;
} KIND[KINDS] = {
    [FINDING_GOOD] = {"good", STYLE_GOOD},
    [FINDING_NOTE] = {"note", STYLE_NOTE},
    [FINDING_BAD] = {"bad", STYLE_BAD},
};

static bool as_json;
static size_t counts[KINDS];

void findings_begin(bool json) {
    as_json = json;
    if (!json)
        return;
    document_begin_object(NULL);
    document_begin_array("findings");
}

static void write_json(const struct finding *finding, const char *text) {
    document_begin_object(NULL);
    document_text("verdict", KIND[finding->kind].word);
    document_text("check", finding->check);
    document_text("about", finding->about);
    document_text("finding", text);
    document_text("remedy", finding->remedy);
    document_end();
}

static void write_finding(const struct finding *finding, const char *text) {
    const char *word = KIND[finding->kind].word;
    enum style style = KIND[finding->kind].style;
    printf("%s%-4s%s  ", style_begin(stdout, style), word, style_end(stdout, style));
    text_print(stdout, finding->about);
    fputs(": ", stdout);
    text_print(stdout, text);
    if (finding->remedy != NULL) {
        fputs(". ", stdout);
        text_print(stdout, finding->remedy);
    }
    fputs(".\n", stdout);
}

void findings_tell(const struct finding *finding, const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    memory_checked(length < 0 ? NULL : text);
    counts[finding->kind]++;
    if (as_json)
        write_json(finding, text);
    else
        write_finding(finding, text);
    fflush(stdout); /* what is looked at next may take seconds */
    free(text);
}

size_t findings_count(enum finding_kind kind) {
    return counts[kind];
}

void findings_end(int status) {
    if (!as_json) {
        printf("%zu good, %zu %s, %zu bad\n", counts[FINDING_GOOD], counts[FINDING_NOTE],
               counts[FINDING_NOTE] == 1 ? "note" : "notes", counts[FINDING_BAD]);
        return;
    }
    document_end();
    document_number("good", (int64_t)counts[FINDING_GOOD]);
    document_number("note", (int64_t)counts[FINDING_NOTE]);
    document_number("bad", (int64_t)counts[FINDING_BAD]);
    document_number("status", status);
    document_end();
}
