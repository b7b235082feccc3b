/* The groups of tests/pam/main.c. */
#ifndef BG_TESTS_PAM_TESTS_H
#define BG_TESTS_PAM_TESTS_H

#include <stddef.h>

struct CMUnitTest;
extern const struct CMUnitTest table_tests[], grant_tests[], host_tests[];
extern const size_t table_count, grant_count, host_count;

#endif
