#include <stdbool.h>
#include <stddef.h>

/*
 * Later versions of c-ares have functions for a channel that lives long and belongs to several threads. Our channel is
 * made for one lookup, by one thread. With the functions here instead of its own, c-ares 1.34 asks the same questions
 * as 1.18, in the same time, and nothing that a guest must not have is linked in: pthread_cond_*, select, epoll,
 * inotify, threads.
 *
 * The linker redirects c-ares' calls to our functions (WRAPPED in the Makefile). A version that does not make a call
 * does not need its function. The types are c-ares' private ones: a status is an int, and 0 is success.
 */
enum { SUCCESS = 0, NOT_IMPLEMENTED = 5 };

int __wrap_ares_channel_threading_init(void *channel);
void __wrap_ares_channel_threading_destroy(void *channel);
void __wrap_ares_channel_lock(const void *channel);
void __wrap_ares_channel_unlock(const void *channel);
void __wrap_ares_queue_notify_empty(void *channel);
int __wrap_ares_threadsafety(void);
int __wrap_ares_thread_create(void **thread, void *(*main)(void *), void *argument);
int __wrap_ares_thread_join(void *thread, void **result);
int __wrap_ares_event_thread_init(void *channel);
void __wrap_ares_event_thread_destroy(void *channel);
int __wrap_ares_event_configchg_init(void **change, void *events);
void __wrap_ares_event_configchg_destroy(void *change);
int __wrap_ares_init_by_sysconfig(void *channel);
int __wrap_ares_cookie_apply(void *question, void *connection, const void *now);
void __wrap_ares_metrics_record(const void *query, void *server, int status, const void *reply);

/* ---- no locks, because only one thread has the channel ---- */

int __wrap_ares_channel_threading_init(void *channel) {
    (void)channel;
    return SUCCESS;
}

void __wrap_ares_channel_threading_destroy(void *channel) {
    (void)channel;
}

void __wrap_ares_channel_lock(const void *channel) {
    (void)channel;
}

void __wrap_ares_channel_unlock(const void *channel) {
    (void)channel;
}

void __wrap_ares_queue_notify_empty(void *channel) {
    (void)channel;
}

int __wrap_ares_threadsafety(void) {
    return false;
}

/* ---- no threads of its own, which would wait for events or for a change of /etc/resolv.conf ---- */

int __wrap_ares_thread_create(void **thread, void *(*main)(void *), void *argument) {
    (void)thread;
    (void)main;
    (void)argument;
    return NOT_IMPLEMENTED;
}

int __wrap_ares_thread_join(void *thread, void **result) {
    (void)thread;
    (void)result;
    return SUCCESS;
}

int __wrap_ares_event_thread_init(void *channel) {
    (void)channel;
    return NOT_IMPLEMENTED;
}

void __wrap_ares_event_thread_destroy(void *channel) {
    (void)channel;
}

int __wrap_ares_event_configchg_init(void **change, void *events) {
    (void)change;
    (void)events;
    return NOT_IMPLEMENTED;
}

void __wrap_ares_event_configchg_destroy(void *change) {
    (void)change;
}

/* ---- nothing of the system's configuration ---- */

int __wrap_ares_init_by_sysconfig(void *channel) {
    (void)channel;
    return SUCCESS;
}

/* ---- nothing that only a channel that lives on could learn ---- */

/* A DNS cookie (RFC 7873) is useful only from the second question to a server on. Our cookies are kept in cookie.c. */
int __wrap_ares_cookie_apply(void *question, void *connection, const void *now) {
    (void)question;
    (void)connection;
    (void)now;
    return SUCCESS;
}

/* The sooner the other question was answered, the less time c-ares would give the question that goes over TCP. */
void __wrap_ares_metrics_record(const void *query, void *server, int status, const void *reply) {
    (void)query;
    (void)server;
    (void)status;
    (void)reply;
}
