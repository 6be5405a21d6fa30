#include "originbypass/guest/beside.h"

#include <stdatomic.h>
#include <sys/resource.h>

#include "originbypass/guest/clock.h"
#include "originbypass/guest/lock.h"
#include "originbypass/guest/process.h"

/*
 * A task is taken by a new thread as long as there may be one more, and else by the first thread that has room. Those
 * look for new tasks each time they wake, which is every NEWS_MS at least while they are all there may be: to wake a
 * thread that waits for sockets would take one more descriptor.
 *
 * With the names of a whole proxy past their lifetimes at once, and an upstream 250 ms away, 32 tasks at a time renew
 * 128 names a second. A task has a socket open for each type as a rule, and eight while two upstreams are
 * silent.
 */
enum { TASKS_A_THREAD = 8, WAITING_MAX = 64, NEWS_MS = 10, DESCRIPTORS_A_TASK = 128 };

static struct lock lock = {PTHREAD_MUTEX_INITIALIZER};
static struct task *first, **end = &first; /* those that wait */
static _Atomic uint32_t waiting, threads;
static size_t tasks_a_thread = TASKS_A_THREAD;

void beside_load(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= (rlim_t)TASKS_A_THREAD * DESCRIPTORS_A_TASK)
        return;
    tasks_a_thread = (size_t)limit.rlim_cur / DESCRIPTORS_A_TASK;
    if (tasks_a_thread == 0)
        tasks_a_thread = 1;
}

bool beside_has_room(void) {
    return atomic_load_explicit(&waiting, memory_order_relaxed) < WAITING_MAX;
}

/* ---- those that wait; under the lock ---- */

static void append_task(struct task *task) {
    task->next = NULL;
    *end = task;
    end = &task->next;
    atomic_fetch_add(&waiting, 1);
}

static struct task *unlink_first(void) {
    struct task *task = first;
    if (task == NULL)
        return NULL;
    first = task->next;
    if (first == NULL)
        end = &first;
    atomic_fetch_sub(&waiting, 1);
    return task;
}

/* False: a thread has taken it. */
static bool unlink_task(const struct task *task) {
    struct task **link = &first;
    while (*link != NULL && *link != task)
        link = &(*link)->next;
    if (*link == NULL)
        return false;
    *link = task->next;
    if (*link == NULL)
        end = link;
    atomic_fetch_sub(&waiting, 1);
    return true;
}

/* ---- a thread ---- */

struct worker {
    struct task *tasks[TASKS_A_THREAD];
    size_t count;
};

/* False: there is nothing to do, and the thread is no longer one of ours. */
static bool take_tasks(struct worker *worker) {
    struct task *task = NULL;
    lock_acquire(&lock);
    while (worker->count < tasks_a_thread && (task = unlink_first()) != NULL)
        worker->tasks[worker->count++] = task;
    if (worker->count == 0)
        atomic_fetch_sub(&threads, 1);
    lock_release(&lock);
    return worker->count > 0;
}

static void continue_tasks(struct worker *worker) {
    size_t left = 0;
    for (size_t i = 0; i < worker->count; i++)
        if (!worker->tasks[i]->kind->go_on(worker->tasks[i]))
            worker->tasks[left++] = worker->tasks[i];
    worker->count = left;
}

static uint64_t worker_due_ms(const struct worker *worker) {
    bool may_get_more = worker->count < tasks_a_thread && atomic_load(&threads) == BESIDE_THREADS_MAX;
    uint64_t first_ms = may_get_more ? clock_now_ms() + NEWS_MS : UINT64_MAX;
    for (size_t i = 0; i < worker->count; i++) {
        uint64_t task_ms = worker->tasks[i]->kind->due_ms(worker->tasks[i]);
        first_ms = task_ms < first_ms ? task_ms : first_ms;
    }
    return first_ms;
}

static void wait(const struct process_section *section, const struct worker *worker) {
    struct pollfd descriptors[TASKS_A_THREAD * TASK_DESCRIPTORS_MAX];
    size_t counts[TASKS_A_THREAD] = {0}, count = 0;
    for (size_t i = 0; i < worker->count; i++) {
        struct task *task = worker->tasks[i];
        counts[i] = task->kind->descriptors(task, descriptors + count, TASK_DESCRIPTORS_MAX);
        count += counts[i];
    }
    process_poll(section, descriptors, count, worker_due_ms(worker));
    count = 0;
    for (size_t i = 0; i < worker->count; i++) {
        worker->tasks[i]->kind->process(worker->tasks[i], descriptors + count);
        count += counts[i];
    }
}

static void work_beside(void *unused) {
    (void)unused;
    struct worker worker = {.count = 0};
    struct process_section section;
    process_enter(&section, UINT64_MAX); /* what an allocator resolves in it is libc's */
    while (take_tasks(&worker)) {
        continue_tasks(&worker);
        if (worker.count > 0)
            wait(&section, &worker);
    }
    process_leave(&section);
}

/* ---- what the callers see ---- */

/* True: no thread could be started, and no other thread will come to the task. */
static bool is_in_vain(const struct task *task) {
    lock_acquire(&lock);
    bool in_vain = atomic_fetch_sub(&threads, 1) == 1 && unlink_task(task);
    lock_release(&lock);
    return in_vain;
}

bool beside_run(struct task *task) {
    bool start = false;
    lock_acquire(&lock);
    bool taken = beside_has_room();
    if (taken) {
        append_task(task);
        start = atomic_load(&threads) < BESIDE_THREADS_MAX;
        atomic_fetch_add(&threads, start);
    }
    lock_release(&lock);
    if (start && !process_start_thread(work_beside, NULL))
        return !is_in_vain(task);
    return taken;
}

void beside_adopt(void) {
    lock_adopt(&lock);
    first = NULL;
    end = &first;
    atomic_store(&waiting, 0);
    atomic_store(&threads, 0);
}
