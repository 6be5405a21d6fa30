#include "measure.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

_Noreturn void give_up(const char *what) {
    perror(what);
    exit(1);
}

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

struct worker {
    pthread_t thread;
    pthread_barrier_t *barrier;
    const struct subject *subject;
    uint32_t batch;
    uint64_t first_round;
    double took_ns;
};

static void work(struct worker *worker) {
    double began_ns = now_ns();
    for (uint32_t i = 0; i < worker->batch; i++)
        worker->subject->run(worker->first_round + i);
    worker->took_ns = now_ns() - began_ns;
}

static void *work_in_thread(void *given) {
    struct worker *worker = given;
    /* Warm up: the caches and branch predictions are still those of the previous subject. */
    for (uint32_t i = 0; i < worker->batch / 50 + 1; i++)
        worker->subject->run(worker->first_round + i);
    pthread_barrier_wait(worker->barrier);
    work(worker);
    return NULL;
}

/* The time of the slowest thread. */
static double sample_ns(const struct subject *subject, uint32_t threads, uint32_t batch, uint64_t first_round) {
    struct worker *workers = calloc(threads, sizeof(*workers));
    pthread_barrier_t barrier;
    double longest_ns = 0;
    if (workers == NULL)
        give_up("calloc");
    pthread_barrier_init(&barrier, NULL, threads);
    for (uint32_t i = 0; i < threads; i++) {
        workers[i] =
            (struct worker){.barrier = &barrier, .subject = subject, .batch = batch, .first_round = first_round};
        if (i > 0 && pthread_create(&workers[i].thread, NULL, work_in_thread, &workers[i]) != 0)
            give_up("pthread_create");
    }
    work_in_thread(&workers[0]);
    for (uint32_t i = 0; i < threads; i++) {
        if (i > 0)
            pthread_join(workers[i].thread, NULL);
        if (workers[i].took_ns > longest_ns)
            longest_ns = workers[i].took_ns;
    }
    pthread_barrier_destroy(&barrier);
    free(workers);
    return longest_ns / batch;
}

static int compare(const void *one, const void *other) {
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

void measure(const char *group, const char *what, const struct subject *subjects, uint32_t count, uint32_t threads,
             uint32_t samples, uint32_t batch) {
    double *took_ns = calloc((size_t)count * samples, sizeof(*took_ns));
    if (took_ns == NULL)
        give_up("calloc");
    for (uint32_t sample = 0; sample < samples; sample++)
        for (uint32_t i = 0; i < count; i++)
            took_ns[i * samples + sample] = sample_ns(&subjects[i], threads, batch, (uint64_t)sample * batch);
    for (uint32_t i = 0; i < count; i++) {
        double *own_ns = &took_ns[i * samples];
        qsort(own_ns, samples, sizeof(*own_ns), compare);
        printf("%s,%s,%s,%u,%.1f,%.1f,%.1f\n", group, what, subjects[i].name, threads, own_ns[0], own_ns[samples / 2],
               own_ns[samples - 1 - samples / 10]);
    }
    fflush(stdout);
    free(took_ns);
}
