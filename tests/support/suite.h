/* What every Check program's main does. */
#ifndef TESTS_SUPPORT_SUITE_H
#define TESTS_SUPPORT_SUITE_H

#include "scale.h"

#include <check.h>

/* Check writes every assertion that holds into a pipe, so that it can name the last one before a crash. That takes
 * longer than most of what is asserted, and a debugger or the sanitizer names the crash itself. */
#define _mark_point(file, line) ((void)0)

/* With a sanitizer, day by day, a third of a test's cases if they are many; which third, its name says. */
static inline int case_is_run(const char *test, int number_of_case, int count)
{
    unsigned drawn = (unsigned)number_of_case;
    if (!SANITIZED || count <= 4 || scaled(0, 0, 1)) return 1;
    while (*test) drawn += (unsigned char)*test++;
    return drawn % 3 == 0;
}

/* What tcase_add_loop_test does, for cases that each show the same of something else, such as of a shape of keys. */
#define suite_add_cases(tests, test, from, to) \
    for (int case_i = (from); case_i < (to); case_i++) \
        if (case_is_run(#test, case_i, (to) - (from))) tcase_add_loop_test(tests, test, case_i, case_i + 1)

static inline int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
