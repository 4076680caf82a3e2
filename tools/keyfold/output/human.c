#include "output/human.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

char *human_size(human_text text, uint64_t bytes)
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    double size = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        snprintf(text, sizeof(human_text), "%" PRIu64 " B", bytes);
        return text;
    }
    for (; size >= 1000 && unit < 5; unit++)
        size /= 1024;
    snprintf(text, sizeof(human_text), size < 10 ? "%.2f %s" : "%.1f %s", size, units[unit]);
    return text;
}

char *human_count(human_text text, uint64_t count)
{
    char digits[24];
    size_t size = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, count);
    size_t at = 0;

    for (size_t i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            text[at++] = ' ';
        text[at++] = digits[i];
    }
    text[at] = 0;
    return text;
}

char *human_seconds(human_text text, double seconds)
{
    uint64_t whole = (uint64_t)(seconds + 0.5);

    if (seconds < 60)
        snprintf(text, sizeof(human_text), seconds < 10 ? "%.2f s" : "%.1f s", seconds);
    else if (whole < 3600)
        snprintf(text, sizeof(human_text), "%d:%02d", (int)(whole / 60), (int)(whole % 60));
    else
        snprintf(text, sizeof(human_text), "%" PRIu64 ":%02d:%02d", whole / 3600,
                 (int)(whole / 60 % 60), (int)(whole % 60));
    return text;
}
