/* What every Check program's main does. */
#ifndef TESTS_SUPPORT_SUITE_H
#define TESTS_SUPPORT_SUITE_H

#include "scale.h"

#include <check.h>

/* Check writes every assertion that holds into a pipe, so that it can name the last one before a crash. That takes
 * longer than most of what is asserted, and a debugger or the sanitizer names the crash itself. */
#define _mark_point(file, line) ((void)0)

static inline int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
