/* Prints the names of the files in /etc that a cold lookup opens. */
#include <sys/inotify.h>

#include "guest.h"

int main(void) {
    _Alignas(struct inotify_event) char events[4096];
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    EXPECT(watch >= 0 && inotify_add_watch(watch, "/etc", IN_OPEN) >= 0);
    answers_all_kinds();
    leads_to_origin("www.example.com");
    ssize_t size = read(watch, events, sizeof(events));
    for (ssize_t at = 0; at < size;) {
        const struct inotify_event *event = (const struct inotify_event *)(const void *)(events + at);
        if (event->len > 0)
            puts(event->name);
        at += (ssize_t)(sizeof(*event) + event->len);
    }
    return 0;
}
