/* SPDX-License-Identifier: ISC */
/*
 * Plays the files of tests/pam/scripts: conversations with the PAM module, each in up to five sections.
 *
 * [options] service, user ("-": none), accounts (the file's text, or "missing"), helper (a file in its place:
 *           missing, or MODE TEXT), failing (a function of libpam: pam_set_data, pam_putenv)
 *
 * [run] what the host does, in this order:
 *   CALL = PAM_RESULT             a call of PAM; CALL(SILENT) with that flag
 *   every question = refused      or granted: each call that asks the helper, on its own handle and with the
 *                                 rest of the script from its beginning
 *   user, tty, rhost = TEXT       set that item ("-": to none)
 *   env, putenv = NAME=VALUE      what the PAM environment must hold (NAME= for nothing); set it
 *   accounts = missing, MODE      take the accounts file away; give it that mode
 *   loginuid = TEXT               what must be in the file by now
 *
 * [helper] what the helper does and expects (fake_helper.c). If there are several, each start takes the next;
 *          it is a failure if the helper is started without one.
 *
 * [prompts] what the module says to the person, a regular expression, and after | what comes back:
 *   echo_on, echo_off = TEXT|ANSWER
 *   info, error = TEXT
 *   user = NAME                   PAM_USER becomes that
 *   auth error = TEXT             only in the call of authenticate
 *   any info = TEXT               any number of them, each slow to show
 *   ANSWER is a text (text.h), or !nothing, !no text, or !PAM_RESULT of the conversation (!PAM_ABORT with a
 *   text).
 *
 * [output] what the module logs, "PHASE: REGULAR EXPRESSION", with % for the current phase: exactly these
 * lines.
 *
 * Whatever a script says, no child and no descriptor may be left behind.
 */
#include <glob.h>
#include <limits.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/clock.h"
#include "lab.h"
#include "text.h"

#define LINES 24

struct line {
    char *key, *value;
};

struct section {
    struct line line[LINES];
    size_t n;
};

struct script {
    char text[8192]; /* the file; the lines point into it */
    struct section options, run, prompts, output;
    char talk[6][4096];
    size_t talks;
    /* while it is played */
    pam_handle_t *pamh;
    enum phase phase;
    size_t asked;      /* prompts used up */
    char wrong[16384]; /* the first thing that was */
};

static const struct {
    const char *name;
    int value;
} results[] = {
    {"PAM_SUCCESS", PAM_SUCCESS},         {"PAM_AUTH_ERR", PAM_AUTH_ERR},
    {"PAM_MAXTRIES", PAM_MAXTRIES},       {"PAM_CRED_ERR", PAM_CRED_ERR},
    {"PAM_PERM_DENIED", PAM_PERM_DENIED}, {"PAM_SESSION_ERR", PAM_SESSION_ERR},
    {"PAM_CONV_ERR", PAM_CONV_ERR},       {"PAM_CONV_AGAIN", PAM_CONV_AGAIN},
    {"PAM_INCOMPLETE", PAM_INCOMPLETE},   {"PAM_ABORT", PAM_ABORT},
    {"PAM_AUTHTOK_ERR", PAM_AUTHTOK_ERR},
};

static void wrong(struct script *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void wrong(struct script *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (s->wrong[0] == '\0')
        (void)vsnprintf(s->wrong, sizeof s->wrong, fmt, ap);
    va_end(ap);
}

static int result_named(struct script *s, const char *name)
{
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
        if (strcmp(results[i].name, name) == 0)
            return results[i].value;
    wrong(s, "there is no result %s", name);
    return -1;
}

/* --- reading ------------------------------------------------------------------------------------ */

static char *trimmed(char *s)
{
    s += strspn(s, " ");
    for (size_t n = strlen(s); n > 0 && s[n - 1] == ' ';)
        s[--n] = '\0';
    return s;
}

static void add_line(struct script *s, struct section *to, char *text, char mark)
{
    char *value = strchr(text, mark);

    if (value == NULL || to->n == LINES) {
        wrong(s, "too many lines, or no %c: %s", mark, text);
        return;
    }
    *value++ = '\0';
    to->line[to->n++] = (struct line){trimmed(text), trimmed(value)};
}

static void add_talk(struct script *s, const char *text)
{
    char *talk = s->talk[s->talks - 1];
    size_t at = strlen(talk);

    if ((size_t)snprintf(talk + at, sizeof s->talk[0] - at, "%s\n", text) >= sizeof s->talk[0] - at)
        wrong(s, "the talk is too long");
}

static void read_line(struct script *s, struct section **to, char *text)
{
    static const char *const names[] = {"[options]", "[run]", "[prompts]", "[output]"};
    struct section *const sections[] = {&s->options, &s->run, &s->prompts, &s->output};

    if (text[0] == '\0' || text[0] == '#')
        return;
    if (text[0] == ' ') {
        if (*to == NULL && s->talks == 0)
            wrong(s, "no section before: %s", text);
        else if (*to == NULL)
            add_talk(s, trimmed(text));
        else
            add_line(s, *to, text, *to == &s->output ? ':' : '=');
        return;
    }
    *to = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i]) == 0)
            *to = sections[i];
    if (*to == NULL && (strcmp(text, "[helper]") != 0 || ++s->talks > sizeof s->talk / sizeof s->talk[0]))
        wrong(s, "no section: %s", text);
}

static struct script *read_script(const char *path)
{
    static struct script s;
    struct section *to = NULL;
    FILE *f = fopen(path, "re");
    char *rest = s.text;

    memset(&s, 0, sizeof s);
    if (f == NULL || fread(s.text, 1, sizeof s.text - 1, f) == 0 || !feof(f))
        wrong(&s, "cannot be read");
    for (char *line; s.wrong[0] == '\0' && (line = strsep(&rest, "\n")) != NULL;)
        read_line(&s, &to, line);
    if (f != NULL)
        (void)fclose(f);
    if (s.run.n == 0)
        wrong(&s, "nothing is run");
    return &s;
}

/* --- matching ----------------------------------------------------------------------------------- */

/* The pattern matches the whole of text. */
static bool matches(const char *pattern, const char *text)
{
    char whole[2048];
    regex_t re;
    bool yes;

    (void)snprintf(whole, sizeof whole, "^(%s)$", pattern);
    if (regcomp(&re, whole, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    yes = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return yes;
}

/* One line of the log against one of [output]; a line "BG402 ..." is of the phase that is played. */
static bool log_matches(const struct script *s, const char *service, const struct line *l, const char *got)
{
    char want[2048];

    (void)snprintf(want, sizeof want, "<83>pam_breakglass\\[[0-9]+\\]: \\(%s:%s\\) %s", service,
                   strcmp(l->key, "%") == 0 ? phase_facts[s->phase].word : l->key, l->value);
    return matches(want, got);
}

static void check_log(struct script *s, const char *service)
{
    char *log = strdup(lab_log()), *rest = log, *got;
    size_t n = 0;

    while ((got = strsep(&rest, "\n")) != NULL && *got != '\0')
        if (n == s->output.n || !log_matches(s, service, &s->output.line[n++], got))
            wrong(s, "unexpected in the log: %s", got);
    if (n < s->output.n)
        wrong(s, "not in the log: %s", s->output.line[n].value);
    free(log);
}

/* --- the person --------------------------------------------------------------------------------- */

static void set_item(struct script *s, int item, const char *value)
{
    char *text = spelled(value);

    if (pam_set_item(s->pamh, item, strcmp(text, "-") == 0 ? NULL : text) != PAM_SUCCESS)
        wrong(s, "pam_set_item %s", value);
    free(text);
}

/* The script's entry for the next prompt, or NULL. */
static struct line *next_prompt(struct script *s)
{
    for (; s->asked < s->prompts.n; s->asked++) {
        struct line *l = &s->prompts.line[s->asked];
        if (strncmp(l->key, "auth ", 5) == 0 && s->phase != AUTH)
            continue;
        if (strcmp(l->key, "user") != 0)
            return l;
        set_item(s, PAM_USER, l->value);
    }
    return NULL;
}

static int answered(struct script *s, const char *answer, struct pam_response **resp)
{
    if (strcmp(answer, "!PAM_ABORT with a text") == 0) {
        (void)answered(s, "Ann", resp);
        return PAM_ABORT;
    }
    if (strncmp(answer, "!PAM_", 5) == 0)
        return result_named(s, answer + 1);
    if (strcmp(answer, "!nothing") == 0)
        return PAM_SUCCESS;
    if ((*resp = calloc(1, sizeof **resp)) == NULL)
        return PAM_BUF_ERR;
    (*resp)->resp = strcmp(answer, "!no text") == 0 ? NULL : spelled(answer);
    return PAM_SUCCESS;
}

/* Where lines break is none of a script's business; that they do is. */
static void flatten(char *out, size_t cap, const char *text)
{
    (void)snprintf(out, cap, "%s", text);
    for (char *c = out; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
}

/* No assertions here: they would jump out of libpam. */
static int conversation(int n, const struct pam_message **m, struct pam_response **resp, void *arg)
{
    static const char *const styles[] = {[PAM_PROMPT_ECHO_OFF] = "echo_off",
                                         [PAM_PROMPT_ECHO_ON] = "echo_on",
                                         [PAM_ERROR_MSG] = "error",
                                         [PAM_TEXT_INFO] = "info"};
    struct script *s = arg;
    struct line *l = next_prompt(s);
    const char *style = styles[m[0]->msg_style], *key;
    char pattern[2048], text[PAM_MAX_MSG_SIZE * 8];
    char *answer;

    if (n != 1 || l == NULL) {
        wrong(s, "unexpected: %s = %s", style, m[0]->msg);
        return PAM_CONV_ERR;
    }
    if (strcmp(l->key, "any info") == 0 && strcmp(style, "info") == 0) {
        bg_sleep_ms(1);
        return answered(s, "!no text", resp);
    }
    if (strcmp(l->key, "any info") == 0) {
        s->asked++;
        return conversation(n, m, resp, arg);
    }
    s->asked++;
    (void)snprintf(pattern, sizeof pattern, "%s", l->value);
    if ((answer = strrchr(pattern, '|')) != NULL)
        *answer++ = '\0';
    key = strncmp(l->key, "auth ", 5) == 0 ? l->key + 5 : l->key;
    flatten(text, sizeof text, m[0]->msg);
    if (strcmp(key, style) != 0 || !matches(pattern, text)) {
        wrong(s, "%s = %s, not %s = %s", style, m[0]->msg, l->key, l->value);
        return PAM_CONV_ERR;
    }
    int r = answered(s, answer == NULL ? "!no text" : answer, resp);
    (void)next_prompt(s); /* "user" takes effect here */
    return r;
}

/* --- the host ----------------------------------------------------------------------------------- */

static const char *option(const struct script *s, const char *name, const char *otherwise)
{
    for (size_t i = 0; i < s->options.n; i++)
        if (strcmp(s->options.line[i].key, name) == 0)
            return s->options.line[i].value;
    return otherwise;
}

static void arrange(struct script *s)
{
    const char *accounts = option(s, "accounts", NULL), *helper = option(s, "helper", NULL);
    const char *failing = option(s, "failing", "");
    char *text, *rest;
    unsigned long mode;

    lab_fresh();
    for (size_t i = 0; i < s->talks; i++)
        lab_talk(s->talk[i]);
    if (accounts != NULL) {
        text = spelled(accounts);
        lab_accounts(strcmp(text, "missing") == 0 ? NULL : text);
        free(text);
    }
    if (helper != NULL && strcmp(helper, "missing") == 0) {
        lab_no_helper();
    } else if (helper != NULL) {
        mode = strtoul(helper, &rest, 8);
        text = spelled(trimmed(rest));
        lab_helper_is(text, (unsigned)mode);
        free(text);
    }
    lab_fail_set_data = strcmp(failing, "pam_set_data") == 0;
    lab_fail_putenv = strcmp(failing, "pam_putenv") == 0;
    s->asked = 0;
}

static void call(struct script *s, const char *key, int want)
{
    size_t n = strcspn(key, "(");
    int flags = strcmp(key + n, "(SILENT)") == 0 ? (int)PAM_SILENT : 0, got;
    enum phase ph = AUTH;

    while (ph < PHASES && (strncmp(phase_facts[ph].call, key, n) != 0 || phase_facts[ph].call[n] != '\0'))
        ph++;
    if (ph == PHASES || (key[n] != '\0' && flags == 0)) {
        wrong(s, "what is %s?", key);
        return;
    }
    s->phase = ph;
    if ((got = lab_call(s->pamh, ph, flags)) != want)
        wrong(s, "%s: %d (%s)", key, got, pam_strerror(NULL, got));
}

static void check_env(struct script *s, char *line)
{
    char *value = strchr(line, '=');
    const char *got;

    *value++ = '\0';
    got = pam_getenv(s->pamh, line);
    if (strcmp(got == NULL ? "" : got, value) != 0)
        wrong(s, "%s=%s", line, got == NULL ? "" : got);
    value[-1] = '=';
}

static void put_env(struct script *s, const char *line)
{
    size_t name = strcspn(line, "=") + 1;
    char *value = spelled(line + name), *whole = NULL;

    if (asprintf(&whole, "%.*s%s", (int)name, line, value) < 0)
        abort();
    (void)pam_putenv(s->pamh, whole);
    free(whole);
    free(value);
}

static void step(struct script *s, const struct line *l)
{
    char *value = spelled(l->value);

    if (strcmp(l->key, "user") == 0)
        set_item(s, PAM_USER, l->value);
    else if (strcmp(l->key, "tty") == 0)
        set_item(s, PAM_TTY, l->value);
    else if (strcmp(l->key, "rhost") == 0)
        set_item(s, PAM_RHOST, l->value);
    else if (strcmp(l->key, "putenv") == 0)
        put_env(s, l->value);
    else if (strcmp(l->key, "env") == 0)
        check_env(s, value);
    else if (strcmp(l->key, "accounts") == 0)
        lab_accounts_mode(value);
    else if (strcmp(l->key, "loginuid") != 0)
        call(s, l->key, result_named(s, l->value));
    else if (strcmp(value, "missing") == 0)
        (void)unlink("loginuid");
    else if (strcmp(lab_loginuid(), value) != 0)
        wrong(s, "loginuid: %s", lab_loginuid());
    free(value);
}

/* All of [run], or only this question. */
static void play(struct script *s, enum phase question, bool granted)
{
    const char *service = option(s, "service", OVER_PERMIT), *user = option(s, "user", "bg1");
    const struct pam_conv conv = {conversation, s};
    unsigned fds;

    arrange(s);
    fds = lab_fds();
    s->pamh = lab_start(service, strcmp(user, "-") == 0 ? NULL : user, &conv);
    if (question != PHASES)
        call(s, phase_facts[question].call, granted ? PAM_SUCCESS : phase_facts[question].refusal);
    for (size_t i = 0; question == PHASES && i < s->run.n; i++)
        step(s, &s->run.line[i]);
    if (pam_end(s->pamh, PAM_SUCCESS) != PAM_SUCCESS)
        wrong(s, "pam_end");
    if (*lab_report() != '\0')
        wrong(s, "the helper says: %s", lab_report());
    check_log(s, service);
    if (!lab_all_said())
        wrong(s, "the helper was not asked, or not often enough");
    const struct line *left = next_prompt(s);
    if (left != NULL && strcmp(left->key, "any info") != 0)
        wrong(s, "not shown: %s", left->value);
    if (lab_children() || lab_fds() != fds)
        wrong(s, "left a child or a descriptor");
}

static void test_script(void **state)
{
    struct script *s = read_script(*state);
    const struct line *l = &s->run.line[0];

    /* under valgrind posix_spawn does not report that exec failed; the relay sees an end of file instead */
    if (RUNNING_ON_VALGRIND && s->output.n > 0 && strncmp(s->output.line[0].value, "BG401", 5) == 0)
        skip();
    if (s->wrong[0] == '\0' && strcmp(l->key, "every question") != 0)
        play(s, PHASES, false);
    else
        for (enum phase ph = AUTH; ph < PHASES && s->wrong[0] == '\0'; ph++)
            if (phase_facts[ph].asks)
                play(s, ph, strcmp(l->value, "granted") == 0);
    if (s->wrong[0] != '\0')
        fail_msg("%s, %s: %s", (const char *)*state, phase_facts[s->phase].call, s->wrong);
}

static int run_scripts(const char *dir)
{
    char pattern[PATH_MAX];
    struct CMUnitTest *tests;
    glob_t found;
    int bad;

    (void)snprintf(pattern, sizeof pattern, "%s/*", dir);
    if (glob(pattern, 0, NULL, &found) != 0 || (tests = calloc(found.gl_pathc, sizeof *tests)) == NULL)
        return 1;
    for (size_t i = 0; i < found.gl_pathc; i++)
        tests[i] = (struct CMUnitTest){.name = strrchr(found.gl_pathv[i], '/') + 1,
                                       .test_func = test_script,
                                       .initial_state = found.gl_pathv[i]};
    bad = _cmocka_run_group_tests("pam: scripts", tests, found.gl_pathc, lab_setup, lab_teardown);
    free(tests);
    globfree(&found);
    return bad;
}

int main(void)
{
    int bad = run_scripts(BG_TEST_SCRIPTS);

    return bad + run_hosts();
}
