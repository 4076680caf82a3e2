/* A driver for a fuzz target under AFL++: one input, from standard input, in a process that its fork server made when
 * the target had got ready. */
#include "fuzz.h"

#include <unistd.h>

const int fuzz_in_own_process = 1;

int main(void)
{
    static uint8_t data[1 << 20];
    size_t size = 0;
    ssize_t part;
    LLVMFuzzerTestOneInput(data, 0);
#ifdef __AFL_HAVE_MANUAL_CONTROL
    __AFL_INIT();
#endif
    while ((part = read(0, data + size, sizeof data - size)) > 0) size += (size_t)part;
    /* In memory of exactly its size, for a sanitizer to see what is read beyond. */
    uint8_t *copy = malloc(size ? size : 1);
    FUZZ_MUST(copy, "memory");
    for (size_t i = 0; i < size; i++) copy[i] = data[i];
    LLVMFuzzerTestOneInput(copy, size);
    _exit(0);     /* what a sanitizer does at the end takes longer than most inputs */
}
