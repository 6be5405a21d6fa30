#include "originbypass/doors/notify.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "originbypass/guest/process.h"

void notify_prepare(struct notification *notification, const struct sigevent *event) {
    if (event != NULL)
        notification->event = *event;
    else
        notification->event.sigev_notify = SIGEV_NONE;
    notification->process = getpid();
}

/* sigqueue(3) would say SI_QUEUE. */
static void queue_signal(const struct notification *notification) {
    siginfo_t info = {.si_signo = notification->event.sigev_signo, .si_code = SI_ASYNCNL};
    info.si_pid = notification->process;
    info.si_uid = getuid();
    info.si_value = notification->event.sigev_value;
    syscall(SYS_rt_sigqueueinfo, notification->process, info.si_signo, &info);
}

struct function_call {
    void (*function)(union sigval);
    union sigval value;
};

static void make_call(void *given) {
    struct function_call call = *(struct function_call *)given;
    free(given);
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    call.function(call.value);
}

static void start_thread(const struct sigevent *event) {
    struct function_call *call = malloc(sizeof(*call));
    if (call == NULL)
        return;
    *call = (struct function_call){event->sigev_notify_function, event->sigev_value};
    if (!process_start_thread_with(event->sigev_notify_attributes, make_call, call))
        free(call);
}

void notify(const struct notification *notification) {
    if (notification->event.sigev_notify == SIGEV_SIGNAL)
        queue_signal(notification);
    else if (notification->event.sigev_notify == SIGEV_THREAD)
        start_thread(&notification->event);
}
