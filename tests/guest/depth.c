/* Prints how many octets of its stack a call needs for a name that is not ours. The stack is painted first. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "guest.h"

enum { STACK_SIZE = 1024 * 1024, PAINT = 0xa5 };

static void *look_up(void *unused) {
    leads_to("localhost", "127.0.0.1");
    return unused;
}

int main(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    unsigned char *stack =
        mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    EXPECT(stack != MAP_FAILED);
    look_up(NULL); /* do not measure what is loaded and bound only once */
    memset(stack, PAINT, STACK_SIZE);
    pthread_attr_init(&attributes);
    EXPECT(pthread_attr_setstack(&attributes, stack, STACK_SIZE) == 0);
    EXPECT(pthread_create(&thread, &attributes, look_up, NULL) == 0);
    EXPECT(pthread_join(thread, NULL) == 0);
    size_t untouched = 0;
    while (untouched < STACK_SIZE && stack[untouched] == PAINT)
        untouched++;
    printf("%zu\n", STACK_SIZE - untouched);
    return 0;
}
