/* A signal handler that looks names up itself, in the middle of a lookup: DNS is silent to the first query for a name.
 * What is in the cache it is given; for all else it has libc's answer, also for the very name that is being asked for.
 * The lookup that was interrupted has its own.
 */
#include <signal.h>

#include "guest.h"

static volatile sig_atomic_t warm, cold, same;

static void look_up(int signal) {
    (void)signal;
    if (count_sockets() == 0) { /* the lookup has not come so far */
        signal_after_ms(20);
        return;
    }
    warm = leads_to_origin("warm.many.example.com");
    cold = leads_to("cold.many.example.com", EDGE);
    same = leads_to("awaited.many.example.com", EDGE);
}

int main(void) {
    EXPECT(leads_to_origin("warm.many.example.com"));
    signal(SIGALRM, look_up);
    signal_after_ms(100);
    EXPECT(leads_to_origin("awaited.many.example.com"));
    EXPECT(warm);
    EXPECT(cold);
    EXPECT(same);
    EXPECT(leads_to_origin("awaited.many.example.com"));
    return 0;
}
