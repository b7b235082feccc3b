/* What a grant is worth, to whom, and for how long; what the helper is told; what the person sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "lab.h"
#include "tests.h"

#define OTHER_USE "01JD8Q4Z5X6Y7Z8A9B0C1D2E3G"

static pam_handle_t *granted(struct person *p)
{
    pam_handle_t *pamh = lab_start(OVER_DENY, "bg1", p);

    lab_script("hello\nverdict " ALLOW " " USE "\n");
    assert_int_equal(lab_call(pamh, AUTH, 0), PAM_SUCCESS);
    return pamh;
}

static void end(pam_handle_t *pamh)
{
    assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
    assert_false(lab_children());
}

static void test_allow_in_every_phase(void **state)
{
    static const enum phase all[] = {AUTH, ACCOUNT, OPEN, CLOSE};
    struct person p = {0};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        lab_script("hello\nverdict " ALLOW " -\n");
        unsigned fds = lab_fds();
        /* session lines say success=ok, so pam_deny below them would have the last word */
        const char *service = all[i] == OPEN || all[i] == CLOSE ? OVER_PERMIT : OVER_DENY;
        assert_int_equal(lab_once(service, "bg1", all[i], 0, &p), PAM_SUCCESS);
        assert_int_equal(lab_fds(), fds);
        assert_false(lab_children());
        assert_string_equal(lab_log(), "");
    }
}

/* The bytes of the table's broken verdicts, unbroken: so that those rows fail for what they say. */
static void test_allow_by_hand(void **state)
{
    struct person p = {0};

    (void)state;
    lab_script("hello\nraw 424702045a96a53c000000\n");
    assert_int_equal(lab_once(OVER_DENY, "bg1", AUTH, 0, &p), PAM_SUCCESS);
    lab_script("hello\nraw 4247020201010061\nanswer\nraw "
               "424702045a96a53c000000\n");
    assert_int_equal(lab_once(OVER_DENY, "bg1", AUTH, 0, &p), PAM_SUCCESS);
    assert_non_null(strstr(p.seen, "2 a\n"));
}

static void test_hello_tells_all(void **state)
{
    struct person p = {0};
    char want[512];

    (void)state;
    lab_script("hello\nverdict " DENY " -\n");
    (void)lab_once(OVER_PERMIT, "bg1", AUTH, (int)PAM_SILENT, &p);
    (void)snprintf(
        want, sizeof want,
        "hello phase=1 granted=0 use= service=over-permit user=bg1 tty=tty7 rhost=192.0.2.7 ruser=mallory "
        "flags=8000 uid=%ld pid=1\n",
        (long)getuid());
    assert_string_equal(lab_report(), want);
}

static void test_long_items_are_cut(void **state)
{
    struct person p = {0};
    pam_handle_t *pamh = lab_start(OVER_PERMIT, "bg1", &p);
    char rhost[1100];

    (void)state;
    memset(rhost, 'h', sizeof rhost - 1);
    rhost[sizeof rhost - 1] = '\0';
    assert_int_equal(pam_set_item(pamh, PAM_RHOST, rhost), PAM_SUCCESS);
    assert_int_equal(pam_set_item(pamh, PAM_TTY, NULL), PAM_SUCCESS);
    lab_script("hello\nverdict " ALLOW " -\n");
    assert_int_equal(lab_call(pamh, AUTH, 0), PAM_SUCCESS);
    rhost[255] = '\0';
    assert_non_null(strstr(lab_report(), "tty= rhost="));
    assert_non_null(strstr(lab_report(), rhost));
    end(pamh);
}

static void test_prompts_of_all_styles(void **state)
{
    static const char script[] =
        "hello\nprompt 1 Who?\nanswer\nprompt 3 Good.\nprompt 2 Word?\nanswer\nprompt 4 Bad.\n"
        "verdict " ALLOW " -\n";
    struct person p = {.replies = {{.text = "alice"}, {.text = "secret"}}}, q = p;

    (void)state;
    lab_script(script);
    assert_int_equal(lab_once(OVER_DENY, "bg1", AUTH, 0, &p), PAM_SUCCESS);
    assert_string_equal(p.seen, "2 Who?\n4 Good.\n1 Word?\n3 Bad.\n"); /* numbers of _pam_types.h */
    assert_non_null(strstr(lab_report(), "answer state=1 len=5 alice\nanswer state=1 len=6 secret\n"));
    /* PAM_SILENT takes the INFO text and nothing else */
    lab_script(script);
    assert_int_equal(lab_once(OVER_DENY, "bg1", AUTH, (int)(PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK), &q),
                     PAM_SUCCESS);
    assert_string_equal(q.seen, "2 Who?\n1 Word?\n3 Bad.\n");
}

static void test_relay_failure_is_shown_in_auth_only(void **state)
{
    struct person p = {0}, q = {0};

    (void)state;
    lab_script("");
    lab_helper_missing();
    (void)lab_once(OVER_PERMIT, "bg1", AUTH, 0, &p);
    assert_int_equal(p.errors, 1);
    assert_non_null(strstr(p.seen, lab_exec_failure()));
    if (strcmp(lab_exec_failure(), "BG401") == 0)
        assert_non_null(strstr(p.seen, "could not be started: No such file or directory."));
    (void)lab_once(OVER_PERMIT, "bg1", OPEN, 0, &q);
    assert_string_equal(q.seen, "");
    assert_non_null(strstr(lab_log(), "]: (over-permit:session) BG40"));
}

/* login and su: one handle through all phases. Account asks nobody; the session names the use. */
static void test_one_handle(void **state)
{
    struct person p = {0};
    pam_handle_t *pamh = granted(&p);

    (void)state;
    assert_string_equal(pam_getenv(pamh, "BREAKGLASS_USE"), USE);
    lab_script("hello\nverdict " DENY " -\n");
    assert_int_equal(lab_call(pamh, ACCOUNT, 0), PAM_SUCCESS);
    assert_int_equal(lab_call(pamh, SETCRED, 0), PAM_SUCCESS);
    assert_string_equal(lab_report(), "");
    /* the accounts file is lost between the phases: still ours */
    lab_accounts(NULL);
    assert_int_equal(lab_call(pamh, ACCOUNT, 0), PAM_SUCCESS);
    assert_int_equal(lab_call(pamh, OPEN, 0), PAM_SESSION_ERR);
    assert_non_null(strstr(lab_report(), "phase=3 granted=1 use=" USE));
    assert_int_equal(lab_call(pamh, CLOSE, 0), PAM_SESSION_ERR);
    assert_non_null(strstr(lab_report(), "phase=4 granted=1 use=" USE));
    end(pamh);
}

/* sshd: the session's process has only the PAM environment. */
static void test_another_process_by_environment(void **state)
{
    struct person p = {0};
    pam_handle_t *pamh = lab_start(OVER_PERMIT, "bg1", &p);

    (void)state;
    lab_script("hello\nverdict " ALLOW " " USE " 59001\n");
    assert_int_equal(pam_putenv(pamh, "BREAKGLASS_USE=" USE), PAM_SUCCESS);
    assert_int_equal(lab_call(pamh, OPEN, 0), PAM_SUCCESS);
    assert_non_null(strstr(lab_report(), "phase=3 granted=0 use=" USE));
    end(pamh);
}

static void test_environment_is_checked(void **state)
{
    static const char *const bad[] = {
        "BREAKGLASS_USE=", "BREAKGLASS_USE=x", "BREAKGLASS_USE=01JD8Q4Z5X6Y7Z8A9B0C1D2E3F0",
        "BREAKGLASS_USE=01JD8Q4Z5X6Y7Z8A9B0C1D2E3\n", "BREAKGLASS_USE=01jd8q4z5x6y7z8a9b0c1d2e3f"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct person p = {0};
        pam_handle_t *pamh = lab_start(OVER_PERMIT, "bg1", &p);
        lab_script("hello\nverdict " DENY " -\n");
        assert_int_equal(pam_putenv(pamh, bad[i]), PAM_SUCCESS);
        assert_int_equal(lab_call(pamh, OPEN, 0), PAM_SESSION_ERR);
        assert_non_null(strstr(lab_report(), "granted=0 use= service"));
        end(pamh);
    }
}

/* The use that the helper names at open is the one it is given back at close. */
static void test_session_use_is_remembered(void **state)
{
    struct person p = {0};
    pam_handle_t *pamh = lab_start(OVER_PERMIT, "bg1", &p);

    (void)state;
    lab_script("hello\nverdict " ALLOW " " OTHER_USE "\n");
    assert_int_equal(lab_call(pamh, OPEN, 0), PAM_SUCCESS);
    lab_script("hello\nverdict " ALLOW " -\n");
    assert_int_equal(lab_call(pamh, CLOSE, 0), PAM_SUCCESS);
    assert_non_null(strstr(lab_report(), "phase=4 granted=0 use=" OTHER_USE));
    /* and it is no grant */
    lab_script("hello\nverdict " DENY " -\n");
    assert_int_equal(lab_call(pamh, ACCOUNT, 0), PAM_PERM_DENIED);
    assert_non_null(strstr(lab_report(), "phase=2 granted=0"));
    end(pamh);
}

static void read_loginuid(char out[64])
{
    FILE *f = fopen("loginuid", "r");

    assert_non_null(f);
    out[fread(out, 1, 63, f)] = '\0';
    (void)fclose(f);
}

static void test_audit_uid_is_written_at_open_only(void **state)
{
    static const enum phase all[] = {AUTH, ACCOUNT, CLOSE, OPEN};
    struct person p = {0};
    char got[64];

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        lab_script("hello\nverdict " ALLOW " " USE " 4294967294\n");
        assert_int_equal(lab_once(OVER_PERMIT, "bg1", all[i], 0, &p), PAM_SUCCESS);
        read_loginuid(got);
        assert_string_equal(got, all[i] == OPEN ? "4294967294" : "");
    }
    lab_script("hello\nverdict " ALLOW " -\n");
    assert_int_equal(lab_once(OVER_PERMIT, "bg1", OPEN, 0, &p), PAM_SUCCESS);
    read_loginuid(got);
    assert_string_equal(got, "");
    /* best effort: the kernel's refusal is logged and costs nobody the session */
    lab_script("hello\nverdict " ALLOW " - 59001\n");
    assert_int_equal(remove("loginuid"), 0);
    assert_int_equal(lab_once(OVER_PERMIT, "bg1", OPEN, 0, &p), PAM_SUCCESS);
    assert_non_null(strstr(lab_log(), "BG410 The audit uid 59001 could not be set for bg1."));
}

/* A second, failing login on the same handle ends the first one's grant. */
static void test_grant_ends_with_next_auth(void **state)
{
    struct person p = {0};
    pam_handle_t *pamh = granted(&p);

    (void)state;
    lab_script("hello\nverdict " DENY " -\n");
    assert_int_equal(lab_call(pamh, AUTH, 0), PAM_AUTH_ERR);
    assert_null(pam_getenv(pamh, "BREAKGLASS_USE"));
    assert_int_equal(lab_call(pamh, ACCOUNT, 0), PAM_PERM_DENIED);
    assert_non_null(strstr(lab_report(), "phase=2 granted=0 use= "));
    end(pamh);
}

static void test_grant_ends_with_auth_of_another(void **state)
{
    struct person p = {0};
    pam_handle_t *pamh = granted(&p);

    (void)state;
    assert_int_equal(pam_set_item(pamh, PAM_USER, "alice"), PAM_SUCCESS);
    assert_int_not_equal(lab_call(pamh, AUTH, 0), PAM_SUCCESS); /* pam_deny below us */
    assert_null(pam_getenv(pamh, "BREAKGLASS_USE"));
    assert_string_equal(lab_log(), "");
    assert_int_equal(pam_set_item(pamh, PAM_USER, "bg1"), PAM_SUCCESS);
    lab_script("hello\nverdict " DENY " -\n");
    assert_int_equal(lab_call(pamh, ACCOUNT, 0), PAM_PERM_DENIED);
    end(pamh);
}

/* Granted as bg1, going on as somebody else (CVE-2024-9313): refused in every later phase. */
static void test_grant_is_for_one_name(void **state)
{
    static const char *const names[] = {"alice", "root", NULL};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        for (enum phase ph = SETCRED; ph < PHASES; ph++) {
            struct person p = {.replies = {{.text = "alice"}}};
            pam_handle_t *pamh = lab_start(OVER_PERMIT, "bg1", &p);
            lab_script("hello\nverdict " ALLOW " " USE "\n");
            assert_int_equal(lab_call(pamh, AUTH, 0), PAM_SUCCESS);
            assert_int_equal(pam_set_item(pamh, PAM_USER, names[i]), PAM_SUCCESS);
            int got = lab_call(pamh, ph, 0);
            /* libpam keeps setcred on the way that auth took, whatever we say; our code shows there as well
             */
            if (got != phase_refusal[ph])
                fail_msg("%s as %s: %d", phase_name[ph], names[i] == NULL ? "nobody" : names[i], got);
            assert_non_null(strstr(lab_log(), "BG408"));
            end(pamh);
        }
}

/* Authenticated as somebody else, going on as bg1: no grant of ours. */
static void test_no_grant_by_renaming(void **state)
{
    struct person p = {0};
    pam_handle_t *pamh = lab_start(OVER_PERMIT, "alice", &p);

    (void)state;
    lab_script("hello\nverdict " DENY " -\n");
    assert_int_equal(lab_call(pamh, AUTH, 0), PAM_SUCCESS); /* pam_permit */
    assert_int_equal(pam_set_item(pamh, PAM_USER, "bg1"), PAM_SUCCESS);
    assert_int_equal(lab_call(pamh, ACCOUNT, 0), PAM_PERM_DENIED);
    assert_non_null(strstr(lab_report(), "phase=2 granted=0 use= "));
    end(pamh);
}

/* login and su end the handle in a forked child too, with PAM_DATA_SILENT. */
static int end_in_child(void)
{
    struct person p = {0};
    pam_handle_t *pamh = lab_start(OVER_DENY, "bg1", &p);

    CHECK(lab_call(pamh, AUTH, 0) == PAM_SUCCESS);
    CHECK(pam_end(pamh, (int)(PAM_SUCCESS | PAM_DATA_SILENT)) == PAM_SUCCESS);
    return 0;
}

static void test_cleanup_in_child(void **state)
{
    (void)state;
    lab_script("hello\nverdict " ALLOW " " USE "\n");
    assert_int_equal(lab_in_child(end_in_child), 0);
    assert_string_equal(lab_log(), "");
}

/* --- no secret stays: look for it in all writable memory ---------------------------------------- */

#define MASK 0x55

/* The secret under MASK, so that the test itself does not hold it. */
static char masked[64];

/* What is looked for: its middle, because free() writes over the first bytes of a block. */
#define PART_FROM 24
#define PART_LEN  24

static void hide(void)
{
    for (size_t i = 0; i < sizeof masked - 1; i++)
        masked[i] = (char)(('!' + (int)(i * 37 % 90)) ^ MASK);
    masked[sizeof masked - 1] = (char)MASK; /* its NUL */
}

static bool secret_at(const char *p)
{
    for (size_t i = 0; i < PART_LEN; i++)
        if ((p[i] ^ MASK) != masked[PART_FROM + i])
            return false;
    return true;
}

/* How often the secret stands in the memory between from and to, read through /proc/self/mem. */
static unsigned find_between(FILE *mem, unsigned long from, unsigned long to)
{
    static char buf[1 << 16];
    const size_t n = PART_LEN;
    unsigned found = 0;

    for (unsigned long at = from; at < to; at += sizeof buf - n) {
        size_t want = to - at < sizeof buf ? to - at : sizeof buf;
        if (at >= (unsigned long)buf && at < (unsigned long)buf + sizeof buf)
            continue; /* our own window */
        if (fseek(mem, (long)at, SEEK_SET) != 0 || fread(buf, 1, want, mem) != want)
            break;
        for (size_t i = 0; i + n <= want; i++)
            if (secret_at(buf + i))
                found++;
        memset(buf, 0, sizeof buf);
    }
    return found;
}

static unsigned find_secret(void)
{
    FILE *maps = fopen("/proc/self/maps", "r"), *mem = fopen("/proc/self/mem", "r");
    unsigned long from, to;
    char line[512], mode[5];
    unsigned found = 0;

    assert_non_null(maps);
    assert_non_null(mem);
    (void)setvbuf(mem, NULL, _IONBF, 0);
    while (fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) == 3 && mode[0] == 'r' && mode[1] == 'w' &&
            to - from < 256UL << 20)
            found += find_between(mem, from, to);
    (void)fclose(maps);
    (void)fclose(mem);
    return found;
}

static char *unmasked(void)
{
    char *text = malloc(sizeof masked);

    assert_non_null(text);
    for (size_t i = 0; i < sizeof masked; i++)
        text[i] = (char)(masked[i] ^ MASK);
    return text;
}

static unsigned left_at_second_prompt, asked;

static int secret_conversation(int n, const struct pam_message **m, struct pam_response **resp, void *arg)
{
    (void)n;
    (void)m;
    (void)arg;
    if (asked++ == 1)
        left_at_second_prompt = find_secret();
    *resp = calloc(1, sizeof **resp);
    assert_non_null(*resp);
    (*resp)->resp = unmasked();
    return PAM_SUCCESS;
}

static void test_no_secret_stays(void **state)
{
    struct pam_conv conv = {secret_conversation, NULL};
    struct person p = {0};
    pam_handle_t *pamh = lab_start(OVER_DENY, "bg1", &p);
    char *held;

    (void)state;
    hide();
    held = unmasked();
    assert_int_equal(find_secret(), 1); /* the search finds what is there */
    explicit_bzero(held, sizeof masked);
    free(held);
    assert_int_equal(find_secret(), 0);
    assert_int_equal(pam_set_item(pamh, PAM_CONV, &conv), PAM_SUCCESS);
    lab_script("hello\nprompt 2 Word?\nanswer\nprompt 2 Word?\nanswer\nverdict " ALLOW " -\n");
    assert_int_equal(lab_call(pamh, AUTH, 0), PAM_SUCCESS);
    assert_int_equal(asked, 2);
    assert_int_equal(left_at_second_prompt, 0);
    assert_int_equal(find_secret(), 0);
    end(pamh);
}

const struct CMUnitTest grant_tests[] = {
    cmocka_unit_test(test_allow_in_every_phase),
    cmocka_unit_test(test_allow_by_hand),
    cmocka_unit_test(test_hello_tells_all),
    cmocka_unit_test(test_long_items_are_cut),
    cmocka_unit_test(test_prompts_of_all_styles),
    cmocka_unit_test(test_relay_failure_is_shown_in_auth_only),
    cmocka_unit_test(test_one_handle),
    cmocka_unit_test(test_another_process_by_environment),
    cmocka_unit_test(test_environment_is_checked),
    cmocka_unit_test(test_session_use_is_remembered),
    cmocka_unit_test(test_audit_uid_is_written_at_open_only),
    cmocka_unit_test(test_grant_ends_with_next_auth),
    cmocka_unit_test(test_grant_ends_with_auth_of_another),
    cmocka_unit_test(test_grant_is_for_one_name),
    cmocka_unit_test(test_no_grant_by_renaming),
    cmocka_unit_test(test_cleanup_in_child),
    cmocka_unit_test(test_no_secret_stays),
};
const size_t grant_count = sizeof grant_tests / sizeof grant_tests[0];
