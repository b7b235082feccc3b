#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "lab.h"
#include "tests.h"

int main(void)
{
    int bad = _cmocka_run_group_tests("pam: failures", table_tests, table_count, lab_setup, lab_teardown);

    bad += _cmocka_run_group_tests("pam: grants", grant_tests, grant_count, lab_setup, lab_teardown);
    bad += _cmocka_run_group_tests("pam: hosts", host_tests, host_count, lab_setup, lab_teardown);
    return bad;
}
