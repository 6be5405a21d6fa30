#include "originbypass/command/watch/watch_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/document.h"
#include "originbypass/command/base/text.h"

static bool json;

void watch_events_use_json(void) {
    json = true;
    document_in_one_line();
}

static void begin_event(const char *event, const char *key, const char *subject) {
    char now[sizeof("2026-01-01T00:00:00Z")];
    time_t seconds = time(NULL);
    struct tm utc;
    strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
    if (json) {
        document_begin_object(NULL);
        document_text("time", now);
        document_text("event", event);
        document_text(key, subject);
        return;
    }
    printf("%s ", now);
    text_print(stdout, subject);
    printf(": %s", event);
}

static void end_event(void) {
    if (json)
        document_end();
    else
        putchar('\n');
    fflush(stdout);
}

/* Writes the addresses of a set that are not in the other one. */
static void tell_addresses(const char *key, const struct address_set *set, const struct address_set *other) {
    size_t told = 0;
    if (json)
        document_begin_array(key);
    for (size_t i = 0; i < set->count; i++) {
        if (address_set_has(other, &set->list[i]))
            continue;
        char *text = describe_address(&set->list[i]);
        if (json)
            document_text(NULL, text);
        else if (told++ == 0)
            printf(" %s %s", key, text);
        else
            printf(", %s", text);
        free(text);
    }
    if (json)
        document_end();
}

void watch_events_tell_found(const char *host, const struct address_set *addresses) {
    static const struct address_set none;
    begin_event("found", "host", host);
    tell_addresses("addresses", addresses, &none);
    end_event();
}

void watch_events_tell_changed(const char *host, const struct address_set *before, const struct address_set *after) {
    begin_event("changed", "host", host);
    tell_addresses("added", after, before);
    tell_addresses("removed", before, after);
    end_event();
}

void watch_events_tell_again(const char *host, const struct address_set *addresses) {
    static const struct address_set none;
    begin_event("answered again", "host", host);
    tell_addresses("addresses", addresses, &none);
    end_event();
}

void watch_events_tell_failed(const char *host, const char *reason) {
    begin_event("no change", "host", host);
    if (json) {
        document_text("reason", reason);
    } else {
        fputs(", ", stdout);
        text_print(stdout, reason);
    }
    end_event();
}

void watch_events_tell_run(const char *command, int status) {
    bool has_exited = WIFEXITED(status);
    int number = has_exited ? WEXITSTATUS(status) : WTERMSIG(status);
    begin_event("run", "command", command);
    if (json)
        document_number(has_exited ? "exit_status" : "signal", number);
    else
        printf(has_exited ? ", exit status %d" : ", ended by signal %d", number);
    end_event();
}
