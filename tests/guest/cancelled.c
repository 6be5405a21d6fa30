/* Threads that are cancelled in the middle of a lookup: DNS is silent to the first query for a name. As in libc, a
 * thread ends in its current lookup and begins no other. When the same name is asked for again it is answered, and
 * nothing of the lookup is left.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "guest.h"

enum { THREADS = 10, LOOKUPS = 50 };

static atomic_uint begun, ended;

static void *look_up(void *name) {
    for (unsigned i = 0; i < LOOKUPS; i++) {
        atomic_fetch_add(&begun, 1);
        leads_to_origin(i == 0 ? name : COLD_NAME(1000 + i));
        atomic_fetch_add(&ended, 1);
    }
    return NULL;
}

int main(void) {
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_t thread;
        void *result;
        const char *name = COLD_NAME(i);
        EXPECT(pthread_create(&thread, NULL, look_up, (void *)name) == 0);
        while (count_sockets() == 0) /* until it waits */
            pause_ms(1);
        EXPECT(pthread_cancel(thread) == 0);
        EXPECT(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
        EXPECT(begun == i + 1 && ended == 0);
        EXPECT(leads_to_origin(name));
        EXPECT(count_sockets() == 0);
    }
    return 0;
}
