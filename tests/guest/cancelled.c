/* Threads that are cancelled in the middle of a lookup: DNS is silent to the first query for a name. Each is answered
 * all the same and ends behind the lookup, and the same name is answered when it is asked for again.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "guest.h"

enum { THREADS = 10 };

static atomic_uint answered, left_alive;

static void *look_up(void *name) {
    if (leads_to_origin(name))
        atomic_fetch_add(&answered, 1);
    pthread_testcancel();
    atomic_fetch_add(&left_alive, 1);
    return NULL;
}

int main(void) {
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_t thread;
        void *result;
        const char *name = COLD_NAME(i);
        EXPECT(pthread_create(&thread, NULL, look_up, (void *)name) == 0);
        pause_ms(50);
        EXPECT(pthread_cancel(thread) == 0);
        EXPECT(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
        EXPECT(leads_to_origin(name));
    }
    EXPECT(answered == THREADS && left_alive == 0);
    return 0;
}
