/* What every Check program's main does. */
#ifndef TESTS_SUPPORT_SUITE_H
#define TESTS_SUPPORT_SUITE_H

#include <check.h>
#include <stdlib.h>

/* How much more than usual the random tests shall do: KEYFOLD_TEST_SCALE, 1 by default. */
static inline unsigned scale_of_run(void)
{
    const char *text = getenv("KEYFOLD_TEST_SCALE");
    long scale = text ? strtol(text, NULL, 10) : 1;
    return scale < 1 ? 1 : scale > 1000000 ? 1000000 : (unsigned)scale;
}

static inline int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
