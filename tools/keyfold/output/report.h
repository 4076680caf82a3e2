/* What a finished build says of itself: a line for people, or JSON. */
#ifndef TOOL_OUTPUT_REPORT_H
#define TOOL_OUTPUT_REPORT_H

#include <keyfold/keyfold.h>

/* On stderr: keys, size, time. */
void report_say(const char *path, const kf_build_report *report, double seconds);

/* On stdout, an object; `name` is a number that only the command has. Returns the exit code. */
int report_print(const char *path, kf_value_type value_type, const kf_build_report *report, const char *name,
                 uint64_t number, double seconds);

#endif
